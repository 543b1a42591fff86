/** Records as steps of the machine. What does not fit throws whatever it throws: the caller says that it is damaged. */
import type { Note } from '@muster/core/machine';
import type { RecordedStep } from '@muster/core/replay';
import type { ObjectStoreState, OperatorRequest, SchedulerEvent } from '@muster/core/scheduler-types';
import { instant, peerId, type PeerId } from '@muster/protocol/ids';
import type { Message } from '@muster/protocol/messages';
import { DONE, KIND } from './format.ts';

/** Reads the body of one record. */
class RecordReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }
  f64(): number {
    this.#at += 8;
    return this.#bytes.readDoubleLE(this.#at - 8);
  }
  u8(): number {
    return this.#bytes.readUInt8(this.#at++);
  }
  u32(): number {
    this.#at += 4;
    return this.#bytes.readUInt32LE(this.#at - 4);
  }
  bytes(length: number = this.u32()): Buffer {
    if (length > this.left) throw new RangeError('a length that is not there');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
  json(): unknown {
    return JSON.parse(this.bytes().toString());
  }
  peer(): PeerId {
    this.#at += 2;
    return peerId(this.bytes(this.#bytes.readUInt16LE(this.#at - 2)).toString('latin1'));
  }
}

const readEvent = (reader: RecordReader, messageOf: (frame: Uint8Array) => Message): SchedulerEvent => {
  const kind = reader.u8();
  switch (kind) {
    case KIND.deadline:
      return { kind: 'deadline' };
    case KIND.message: {
      const from = reader.peer();
      return { kind: 'message', from, message: messageOf(reader.bytes()) };
    }
    case KIND.peerDown:
      return { kind: 'peerDown', peer: reader.peer() };
    case KIND.undelivered: {
      const peer = reader.peer();
      const why = reader.u8() === 1 ? 'full' : 'unreachable';
      return { kind: 'undelivered', peer, message: messageOf(reader.bytes()), why };
    }
    case KIND.objectStore:
      return { kind: 'objectStore', state: reader.json() as ObjectStoreState };
    case KIND.operator:
      return { kind: 'operator', request: reader.json() as OperatorRequest };
    default:
      throw new RangeError(`an event of kind ${kind}`);
  }
};

export const readStep = (body: Buffer, messageOf: (frame: Uint8Array) => Message): RecordedStep => {
  const reader = new RecordReader(body);
  const now = instant(reader.f64());
  const events: SchedulerEvent[] = [];
  for (let left = reader.u32(); left > 0; left--) events.push(readEvent(reader, messageOf));
  const done = reader.u8() === DONE;
  const effects = reader.u32();
  const notes = reader.bytes().toString();
  if (reader.left > 0) throw new RangeError('more than a record holds');
  const outcome = done
    ? { kind: 'done' as const, notes: notes === '' ? [] : (JSON.parse(notes) as readonly Note[]), effects }
    : { kind: 'bug' as const };
  return { now, events, outcome };
};
