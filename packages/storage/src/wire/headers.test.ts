import { describe, expect, it } from 'vitest';
import { objectId } from '@muster/protocol/ids';
import { encodeObjectId } from '@muster/protocol/object-storage';
import { decodeHeader, decodeIdMessage, WANT_ALL, writeHeaderFrame } from './headers.ts';

const ID = objectId(String.fromCharCode(...Array.from({ length: 32 }, (_, i) => i)));

/** Source: recorded with the schema compiler: id bytes 00..1f, length 5, request 1, setObject. */
const SET_HEADER =
  '00000000090000000000000003000100' +
  '05000000000000000100000000000000' +
  '00000000000000000000000004000000' +
  '07060504030201000f0e0d0c0b0a0908' +
  '17161514131211101f1e1d1c1b1a1918';

const ID_MESSAGE =
  '00000000050000000000000004000000' + '07060504030201000f0e0d0c0b0a090817161514131211101f1e1d1c1b1a1918';

const write = (fields: Partial<Parameters<typeof writeHeaderFrame>[0]>): string => {
  const frame = Buffer.alloc(88);
  writeHeaderFrame({ payloadLength: 0, requestId: 0, type: 0, id: ID, ...fields }, frame, 0);
  return frame.toString('hex');
};

describe('object store headers', () => {
  it('match the golden vector both ways', () => {
    expect(write({ payloadLength: 5, requestId: 1 })).toBe(`5000000000000000${SET_HEADER}`);
    expect(decodeHeader(Buffer.from(SET_HEADER, 'hex'))).toEqual({
      payloadLength: 5,
      requestId: 1,
      type: 0,
      id: ID,
    });
  });

  it('match the golden vector of an object id both ways', () => {
    expect(Buffer.from(encodeObjectId(ID)).toString('hex')).toBe(ID_MESSAGE);
    expect(decodeIdMessage(Buffer.from(ID_MESSAGE, 'hex'))).toBe(ID);
  });

  it('keep every bit of a request number and know the wish for everything', () => {
    const bytes = Buffer.from(write({ payloadLength: WANT_ALL, requestId: 0xfffffffffffffffen }), 'hex');
    expect(bytes.subarray(24, 32).toString('hex')).toBe('ffffffffffffffff');
    const header = decodeHeader(bytes.subarray(8));
    expect(header?.payloadLength).toBe(WANT_ALL);
    expect(header?.requestId).toBe(0xfffffffffffffffen);
  });

  it('are read by their pointers', () => {
    // The id struct before the root struct's data: same words, other places.
    const words = SET_HEADER.match(/.{16}/g) ?? [];
    const [table, , length, request, type, , ...id] = words;
    const moved = [
      table,
      '1000000003000100', // root: 4 words further on
      ...id,
      length,
      request,
      type,
      // id: 8 words back from behind this pointer
      'e0ffffff04000000',
    ].join('');
    expect(moved.length).toBe(160);
    expect(decodeHeader(Buffer.from(moved, 'hex'))).toMatchObject({
      payloadLength: 5,
      requestId: 1,
      id: ID,
    });
  });

  it('are refused when a pointer leaves the frame, whatever the bytes', () => {
    const good = Buffer.from(SET_HEADER, 'hex');
    let refused = 0;
    let seed = 7;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
      return (seed >>> 8) % below;
    };
    for (let round = 0; round < 20_000; round++) {
      const bytes = Buffer.from(good);
      for (let edits = 1 + random(4); edits > 0; edits--) bytes[random(80)] = random(256);
      if (decodeHeader(bytes) === undefined) refused += 1;
    }
    expect(refused).toBeGreaterThan(2000);
    expect(refused).toBeLessThan(20_000);
    expect(decodeHeader(good.subarray(0, 79))).toBeUndefined();
    expect(decodeHeader(Buffer.alloc(0))).toBeUndefined();
    expect(decodeIdMessage(Buffer.alloc(48))).toBeUndefined();
    expect(decodeIdMessage(Buffer.alloc(3))).toBeUndefined();
  });
});
