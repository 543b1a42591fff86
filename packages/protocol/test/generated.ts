/** The generated readers and writers by the name of their struct, to drive them from the schema. */
import * as common from '../src/generated/common.ts';
import * as message from '../src/generated/message.ts';
import * as objectStorage from '../src/generated/object_storage.ts';
import * as status from '../src/generated/status.ts';
import { Builder } from '../src/wire/builder.ts';
import { Reader } from '../src/wire/reader.ts';
import type { Value } from './random.ts';

type Write = (b: Builder, p: number, value: Value) => void;
type Read = (r: Reader, p: number) => Value | undefined;

const exported: Readonly<Record<string, unknown>> = { ...common, ...status, ...message, ...objectStorage };

const functionNamed = (name: string): unknown => {
  const found = exported[name];
  if (typeof found !== 'function') throw new Error(`the generated code has no ${name}`);
  return found;
};

const builder = new Builder();
const reader = new Reader();

/** A frame whose root is the struct with this name. */
export const writeRoot = (name: string, value: Value): Uint8Array => {
  (functionNamed(`write${name}`) as Write)(builder, builder.open(), value);
  return builder.finish();
};

export const readRoot = (name: string, frame: Uint8Array): Value | undefined =>
  (functionNamed(`read${name}At`) as Read)(reader, reader.open(frame, 0, frame.length));

/** Splits a stream of messages into frames. */
export const framesOf = (stream: Buffer): Buffer[] => {
  const frames: Buffer[] = [];
  for (let at = 0; at < stream.length;) {
    const count = stream.readUInt32LE(at) + 1;
    let bytes = 4 + 4 * count + (count % 2 === 0 ? 4 : 0);
    for (let i = 0; i < count; i++) bytes += stream.readUInt32LE(at + 4 + 4 * i) * 8;
    frames.push(stream.subarray(at, at + bytes));
    at += bytes;
  }
  return frames;
};
