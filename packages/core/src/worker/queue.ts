/** Waiting tasks: higher priority first, then in order of arrival; taken-back ones return to their old place. */
import type { Held } from './state.ts';

interface Lane {
  readonly priority: number;
  /** Live entries are from `head` on; those that left through {@link TaskQueue.remove} are skipped. */
  entries: Held[];
  head: number;
}

/** Entries before the head are dropped once there are this many. */
const SLACK_MAX = 1024;

export interface TaskQueue {
  readonly size: number;
  /** At the end of its lane. */
  push(held: Held): void;
  /** In front of its lane; for several, last one first. */
  pushFront(held: Held): void;
  peek(): Held | undefined;
  take(): Held | undefined;
  remove(held: Held): void;
  /** Empties it, in running order. */
  takeAll(): Held[];
}

export const createTaskQueue = (): TaskQueue => {
  const lanes: Lane[] = [];
  let size = 0;

  const laneOf = (priority: number): Lane => {
    let at = 0;
    for (; at < lanes.length; at++) {
      const lane = lanes[at];
      if (lane === undefined || lane.priority < priority) break;
      if (lane.priority === priority) return lane;
    }
    const lane: Lane = { priority, entries: [], head: 0 };
    lanes.splice(at, 0, lane);
    return lane;
  };
  const trim = (lane: Lane): void => {
    while (lane.head < lane.entries.length && lane.entries[lane.head]?.place !== 'queue') lane.head++;
    if (lane.head === lane.entries.length) {
      lane.entries = [];
      lane.head = 0;
    } else if (lane.head > SLACK_MAX && lane.head * 2 > lane.entries.length) {
      lane.entries.splice(0, lane.head);
      lane.head = 0;
    }
  };
  const peek = (): Held | undefined => {
    for (let lane = lanes[0]; lane !== undefined; lane = lanes[0]) {
      trim(lane);
      const first = lane.entries[lane.head];
      if (first !== undefined) return first;
      lanes.shift();
    }
    return undefined;
  };
  const take = (): Held | undefined => {
    const first = peek();
    if (first === undefined || lanes[0] === undefined) return undefined;
    lanes[0].head++;
    size--;
    first.place = 'pipeline';
    return first;
  };
  return {
    get size() {
      return size;
    },
    push: (held) => {
      held.place = 'queue';
      laneOf(held.task.priority).entries.push(held);
      size++;
    },
    pushFront: (held) => {
      held.place = 'queue';
      const lane = laneOf(held.task.priority);
      if (lane.head > 0) lane.entries[--lane.head] = held;
      else lane.entries.unshift(held);
      size++;
    },
    peek,
    take,
    remove: (held) => {
      held.place = 'left';
      size--;
    },
    takeAll: () => {
      const all: Held[] = [];
      for (let held = take(); held !== undefined; held = take()) all.push(held);
      return all;
    },
  };
};
