/** Steps of the machine as records. */
import type { RecordedStep } from '@muster/core/replay';
import type { SchedulerEvent } from '@muster/core/scheduler-types';
import { encodeMessage } from '@muster/protocol/codec';
import type { PeerId } from '@muster/protocol/ids';
import { BUG, DONE, FORMAT_VERSION, KIND, MARK, type RecordingHead } from './format.ts';

export const encodeHead = (head: RecordingHead): Uint8Array =>
  Buffer.from(`${JSON.stringify({ [MARK]: FORMAT_VERSION, ...head })}\n`);

/** Puts records one after another into a buffer that grows as needed. */
export class RecordWriter {
  #buffer: Buffer;
  #used = 0;
  #start = 0;

  constructor(bytes: number) {
    this.#buffer = Buffer.allocUnsafe(bytes);
  }

  /** Bytes of whole records. */
  get used(): number {
    return this.#used;
  }

  /** What was written so far; goes on in `next`, which nobody else may use then. */
  take(next: Buffer): Buffer {
    const taken = this.#buffer.subarray(0, this.#used);
    this.#buffer = next;
    this.#used = 0;
    return taken;
  }

  /** Before the step, so that one that never returns is on record, too. @param frameOf the frame an event came in */
  begin(
    now: number,
    events: readonly SchedulerEvent[],
    frameOf: (event: SchedulerEvent) => Uint8Array | undefined,
  ): void {
    this.#start = this.#used;
    this.#room(16);
    this.#buffer.writeDoubleLE(now, this.#used + 4);
    this.#used += 12;
    this.#u32(events.length);
    for (const event of events) this.#event(event, frameOf(event));
  }

  end(outcome: RecordedStep['outcome']): void {
    this.#u8(outcome.kind === 'done' ? DONE : BUG);
    this.#u32(outcome.kind === 'done' ? outcome.effects : 0);
    const { notes } = outcome.kind === 'done' ? outcome : { notes: [] };
    if (notes.length === 0) this.#u32(0);
    else this.#text(JSON.stringify(notes));
    this.#buffer.writeUInt32LE(this.#used - this.#start - 4, this.#start);
  }

  #event(event: SchedulerEvent, frame: Uint8Array | undefined): void {
    this.#u8(KIND[event.kind]);
    switch (event.kind) {
      case 'deadline':
        return;
      case 'message':
        this.#peer(event.from);
        return this.#bytes(frame ?? encodeMessage(event.message));
      case 'peerDown':
        return this.#peer(event.peer);
      case 'undelivered':
        this.#peer(event.peer);
        this.#u8(event.why === 'full' ? 1 : 0);
        return this.#bytes(frame ?? encodeMessage(event.message));
      case 'objectStore':
        return this.#text(JSON.stringify(event.state));
      case 'operator':
        return this.#text(JSON.stringify(event.request));
    }
  }

  #room(bytes: number): void {
    if (this.#used + bytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#used + bytes));
    this.#buffer.copy(larger, 0, 0, this.#used);
    this.#buffer = larger;
  }
  #u8(value: number): void {
    this.#room(1);
    this.#buffer[this.#used++] = value;
  }
  #u32(value: number): void {
    this.#room(4);
    this.#used = this.#buffer.writeUInt32LE(value, this.#used);
  }
  #bytes(bytes: Uint8Array): void {
    this.#room(4 + bytes.length);
    this.#used = this.#buffer.writeUInt32LE(bytes.length, this.#used);
    this.#buffer.set(bytes, this.#used);
    this.#used += bytes.length;
  }
  #text(text: string): void {
    this.#bytes(Buffer.from(text));
  }
  #peer(peer: PeerId): void {
    this.#room(2 + peer.length);
    this.#used = this.#buffer.writeUInt16LE(peer.length, this.#used);
    // A native call for a few dozen bytes costs more.
    for (let i = 0; i < peer.length; i++) this.#buffer[this.#used++] = peer.charCodeAt(i);
  }
}
