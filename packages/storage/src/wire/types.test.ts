import { OBJECT_REQUEST, OBJECT_RESPONSE } from '@muster/protocol/object-storage';
import { expect, it } from 'vitest';
import { parseHello, parseWelcome, REQUEST, RESPONSE } from './types.ts';

it("request and response types have the protocol package's numbers, and none twice", () => {
  const { duplicateObject, hello, deleteMany, stats, stop, ...requests } = REQUEST;
  expect(OBJECT_REQUEST).toMatchObject(requests);
  expect(duplicateObject).toBe(OBJECT_REQUEST.duplicateObjectID);
  const { absent, present, welcome, statsOK, stopping, full, tooLarge, refused, ...responses } = RESPONSE;
  expect(OBJECT_RESPONSE).toMatchObject(responses);
  expect([absent, present]).toEqual([OBJECT_RESPONSE.notExists, OBJECT_RESPONSE.hasOK]);
  for (const own of [hello, deleteMany, stats, stop])
    expect(Object.values<number>(OBJECT_REQUEST)).not.toContain(own);
  for (const own of [welcome, statsOK, stopping, full, tooLarge, refused]) {
    expect(Object.values<number>(OBJECT_RESPONSE)).not.toContain(own);
  }
});

it('a hello or welcome of the wrong shape is none', () => {
  for (const text of ['', 'null', '1', '{}', '{"muster":2}', '{"muster":"1"}']) {
    expect(parseHello(Buffer.from(text))).toBeUndefined();
    expect(parseWelcome(Buffer.from(text))).toBeUndefined();
  }
  expect(parseHello(Buffer.from('{"muster":1,"ownerMark":7}'))).toEqual({ muster: 1 });
  expect(
    parseWelcome(Buffer.from('{"muster":1,"epoch":"e","objectBytesMax":5,"address":{"host":1}}')),
  ).toEqual({
    muster: 1,
    epoch: 'e',
    objectBytesMax: 5,
    owner: false,
  });
});
