/** Virtual time: everything that happens is an event in one queue, ordered by instant and then by arrival. */
import type { Clock } from '@muster/runtime/clock';
import { instant } from '@muster/protocol/ids';

/** More events than this at one instant are a loop in the code under test. */
const EVENTS_AT_ONE_INSTANT_MAX = 50_000;
/** Of a transcript that nobody asked for in full. */
const LINES_KEPT = 300;

/** How much of the transcript is kept; its hash is that of the whole. */
export type Tells = 'nothing' | 'end' | 'all';

interface Entry {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** A promise that did not hold, or a machine that contradicts itself. */
export class Violation extends Error {
  override readonly name = 'Violation';
  readonly promise: string;

  constructor(promise: string, message: string) {
    super(message);
    this.promise = promise;
  }
}

export class World {
  now = 0;
  readonly #heap: Entry[] = [];
  #order = 0;
  #lines: string[] = [];
  readonly #tells: Tells;
  #hashLow = 0x811c9dc5;
  #hashHigh = 0x84222325;
  events = 0;

  constructor(tells: Tells) {
    this.#tells = tells;
  }

  /** Whether anybody reads the transcript: saying costs more than half of a run. */
  get isTold(): boolean {
    return this.#tells !== 'nothing';
  }

  at(when: number, run: () => void): void {
    const entry = { at: Math.max(when, this.now), order: ++this.#order, run };
    let index = this.#heap.push(entry) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = this.#heap[parent];
      if (above === undefined || !before(entry, above)) break;
      this.#heap[index] = above;
      index = parent;
    }
    this.#heap[index] = entry;
  }

  after(ms: number, run: () => void): void {
    this.at(this.now + ms, run);
  }

  /** Runs until then, or until `isDone` says so; it is asked after each event. */
  run(until: number, isDone: () => boolean = () => false): void {
    let atThisInstant = 0;
    for (let next = this.#heap[0]; next !== undefined && next.at <= until; next = this.#heap[0]) {
      this.#pop();
      atThisInstant = next.at > this.now ? 0 : atThisInstant + 1;
      if (atThisInstant > EVENTS_AT_ONE_INSTANT_MAX) throw new Violation('P5', 'time stands still');
      this.now = next.at;
      this.events++;
      next.run();
      if (isDone()) return;
    }
    this.now = Math.max(this.now, until);
  }

  /** One line of the transcript: what was decided, by whom. */
  say(who: string, what: string | (() => string)): void {
    if (!this.isTold) return;
    const line = `${this.now} ${who} ${typeof what === 'string' ? what : what()}`;
    for (let i = 0; i < line.length; i++) {
      const code = line.charCodeAt(i);
      this.#hashLow = Math.imul(this.#hashLow ^ code, 0x01000193);
      this.#hashHigh = Math.imul(this.#hashHigh ^ code, 0x85ebca6b);
    }
    this.#lines.push(line);
    if (this.#tells === 'end' && this.#lines.length > 2 * LINES_KEPT)
      this.#lines = this.#lines.slice(-LINES_KEPT);
  }

  /** Of the whole transcript. */
  get hash(): string {
    return (
      (this.#hashHigh >>> 0).toString(16).padStart(8, '0') +
      (this.#hashLow >>> 0).toString(16).padStart(8, '0')
    );
  }

  get lastLines(): readonly string[] {
    return this.#tells === 'all' ? this.#lines : this.#lines.slice(-LINES_KEPT);
  }

  #pop(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      const left = this.#heap[child];
      const right = this.#heap[child + 1];
      if (left === undefined) break;
      const least = right !== undefined && before(right, left) ? right : left;
      if (least === right) child++;
      if (!before(least, last)) break;
      this.#heap[index] = least;
      index = child;
    }
    this.#heap[index] = last;
  }
}

const before = (one: Entry, other: Entry): boolean =>
  one.at < other.at || (one.at === other.at && one.order < other.order);

/** A process that can stop to run, for a while or for good. Its clock shows a time of its own. */
export class Process {
  readonly name: string;
  readonly world: World;
  readonly clock: Clock;
  alive = true;
  #stalledUntil = 0;
  #offsetMs: number;

  /** @param offsetMs what its clock shows when the world's shows 0: clocks of two processes are never compared. */
  constructor(world: World, name: string, offsetMs: number) {
    this.world = world;
    this.name = name;
    this.#offsetMs = offsetMs;
    this.clock = {
      now: () => instant(world.now + this.#offsetMs),
      wakeAt: (deadline, wake) => this.at(deadline - this.#offsetMs, wake),
    };
  }

  /** Its clock leaps ahead; timers that were armed before come when they would have come. */
  jump(ms: number): void {
    this.#offsetMs += ms;
  }

  /** Runs then, later if the process is stalled, never if it is dead. */
  at(when: number, run: () => void): { cancel(): void } {
    let live = true;
    const fire = (): void => {
      if (!live || !this.alive) return;
      if (this.#stalledUntil > this.world.now) return this.world.at(this.#stalledUntil, fire);
      live = false;
      run();
    };
    this.world.at(when, fire);
    return { cancel: () => void (live = false) };
  }

  after(ms: number, run: () => void): { cancel(): void } {
    return this.at(this.world.now + ms, run);
  }

  /** Stopped, swapped out, or busy with something else: nothing is read and no timer fires. */
  stall(ms: number): void {
    this.#stalledUntil = Math.max(this.#stalledUntil, this.world.now + ms);
  }
}
