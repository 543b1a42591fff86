/**
 * Messages that one peer did not take, in the order in which they were meant.
 *
 * Few are sent again at first; while none of them comes back each lot is twice the one before. What comes back goes to
 * the front.
 */
import { instant } from '@muster/protocol/ids';
import type { Instant } from '@muster/protocol/ids';
import type { Message } from '@muster/protocol/messages';

const LOT_MIN = 8;
const LOT_MAX = 1_024;
/** What a message costs beside its frame. */
const MESSAGE_BYTES = 256;

const bytesOf = (message: Message): number =>
  MESSAGE_BYTES + (message.kind === 'taskResult' ? message.result.end - message.result.start : 0);

export class Parked {
  #waiting: Message[] = [];
  /** Those of the last lot that came back. */
  #returned: Message[] = [];
  /** Of the last lot, how many have not come back. */
  #out = 0;
  #lot = LOT_MIN;
  bytes = 0;
  /** When more may be sent. */
  dueAt: Instant = instant(0);

  get size(): number {
    return this.#waiting.length + this.#returned.length;
  }

  /** A lot was sent, and nothing says yet whether it was taken. */
  get isUnderWay(): boolean {
    return this.#out > 0 && this.#returned.length === 0;
  }

  add(message: Message): void {
    this.bytes += bytesOf(message);
    if (this.#out === 0) {
      this.#waiting.push(message);
      return;
    }
    this.#out--;
    this.#returned.push(message);
  }

  /** The next lot. */
  take(): readonly Message[] {
    if (this.#returned.length > 0) {
      this.#waiting = [...this.#returned, ...this.#waiting];
      this.#returned = [];
      this.#lot = LOT_MIN;
    } else if (this.#out > 0) this.#lot = Math.min(LOT_MAX, this.#lot * 2);
    const lot = this.#waiting.splice(0, this.#lot);
    for (const message of lot) this.bytes -= bytesOf(message);
    this.#out = lot.length;
    return lot;
  }
}
