/** Tells whether the scheduler is there, so that a client that waits for it does not wait in silence. */
import { instant } from '@muster/protocol/ids';
import type { Clock } from '@muster/runtime/clock';

/** A connection that is back before this was not worth a word. */
export const LOSS_MS = 2_000;
/** Heartbeats without an answer. Counted, not timed: a process that was frozen for a minute has sent none of them. */
const UNANSWERED_MAX = 3;

export class ConnectionWatch {
  readonly #clock: Clock;
  readonly #tell: (state: 'connected' | 'lost') => void;
  #unanswered = 0;
  #isLost = false;
  #timer: { cancel(): void } | undefined;

  /** @param tell hears of each change, the first connection left out. */
  constructor(clock: Clock, tell: (state: 'connected' | 'lost') => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  down(): void {
    if (this.#isLost) return;
    this.#timer ??= this.#clock.wakeAt(instant(this.#clock.now() + LOSS_MS), () => this.lose());
  }

  up(): void {
    this.stop();
  }

  /** Anything at all came from the scheduler. What came late of a connection that is down proves nothing. */
  heard(): void {
    this.#unanswered = 0;
    if (!this.#isLost) return;
    this.#isLost = false;
    this.#tell('connected');
  }

  beat(): void {
    if (this.#unanswered++ >= UNANSWERED_MAX) this.lose();
  }

  lose(): void {
    this.stop();
    if (this.#isLost) return;
    this.#isLost = true;
    this.#tell('lost');
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
