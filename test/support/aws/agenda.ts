/** What will happen in the account, in order of time; thousands of tasks share one wake of the clock. */
import { instant } from '@muster/protocol/ids';
import type { Clock } from '@muster/runtime/clock';

export interface Appointment {
  cancel(): void;
}

export interface Agenda {
  /** Runs `action` in `ms`; never inside this call. */
  in(ms: number, action: () => void): Appointment;
  close(): void;
}

interface Entry {
  readonly at: number;
  readonly order: number;
  action: (() => void) | undefined;
}

const before = (left: Entry, right: Entry): boolean =>
  left.at < right.at || (left.at === right.at && left.order < right.order);

const push = (heap: Entry[], entry: Entry): void => {
  let child = heap.length;
  heap.push(entry);
  while (child > 0) {
    const parent = (child - 1) >> 1;
    const above = heap[parent];
    if (above === undefined || !before(entry, above)) break;
    heap[child] = above;
    child = parent;
  }
  heap[child] = entry;
};

const pop = (heap: Entry[]): void => {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let parent = 0;
  for (;;) {
    let child = 2 * parent + 1;
    const right = heap[child + 1];
    let least = heap[child];
    if (least === undefined) break;
    if (right !== undefined && before(right, least)) {
      least = right;
      child += 1;
    }
    if (!before(least, last)) break;
    heap[parent] = least;
    parent = child;
  }
  heap[parent] = last;
};

export const agendaOf = (clock: Clock): Agenda => {
  const heap: Entry[] = [];
  let order = 0;
  let armed: { readonly at: number; readonly wake: { cancel(): void } } | undefined;
  let closed = false;

  const arm = (): void => {
    while (heap[0] !== undefined && heap[0].action === undefined) pop(heap);
    const first = heap[0];
    if (closed || first === undefined || (armed !== undefined && armed.at <= first.at)) return;
    armed?.wake.cancel();
    armed = { at: first.at, wake: clock.wakeAt(instant(first.at), run) };
  };
  const run = (): void => {
    armed = undefined;
    for (let first = heap[0]; first !== undefined && first.at <= clock.now(); first = heap[0]) {
      pop(heap);
      const { action } = first;
      first.action = undefined;
      action?.();
    }
    arm();
  };
  return {
    in: (ms, action) => {
      const entry: Entry = { at: Math.ceil(clock.now() + Math.max(0, ms)), order: (order += 1), action };
      push(heap, entry);
      arm();
      return { cancel: () => void (entry.action = undefined) };
    },
    close: () => {
      closed = true;
      armed?.wake.cancel();
      heap.length = 0;
    },
  };
};
