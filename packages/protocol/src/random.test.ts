/**
 * Random messages of every struct of the schema, both ways, against two other implementations: the `capnp`
 * tool (in bulk, one process a struct) and capnp-ts. What is compared is the value and the canonical form.
 */
import { describe, expect, it } from 'vitest';
import { canonical } from '../test/canonical.ts';
import { capnpConvert, missingTool } from '../test/capnp-tool.ts';
import { framesOf, readRoot, writeRoot } from '../test/generated.ts';
import type { Value } from '../test/random.ts';
import { Chooser, plain, schemaFiles, structs, toJson } from '../test/random.ts';
import { readSecond, writeSecond } from '../test/second-reader.ts';

const SEED = Number(process.env['MUSTER_SEED'] ?? 20261122);
const VALUES = 60;
const named = schemaFiles.flatMap((file) =>
  file.structs.map(({ name, path }) => ({ name, type: path, file: file.name })),
);

const valuesOf = (name: string, lengthMax?: number): Value[] => {
  const chooser = new Chooser(SEED + name.length * 7919, lengthMax);
  return Array.from({ length: VALUES }, () => chooser.value(name));
};

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** capnp-ts writes a struct without any field as a null pointer. */
const isEmpty = (name: string, value: Value): boolean => {
  const member = structs.get(name)?.fields.find((field) => field.name === value['which']);
  const inner = member?.type.kind === 'struct' ? member.type.name : name;
  return structs.get(inner)?.fields.length === 0;
};

describe(`random messages, seed ${SEED}`, () => {
  it('cover every struct', () => {
    expect(named.length).toBe(structs.size);
    expect(named.length).toBeGreaterThan(60);
  });

  it.each(named)('$name: reads back what it wrote', ({ name }) => {
    for (const value of valuesOf(name))
      expect(plain(name, readRoot(name, writeRoot(name, value)) ?? {})).toEqual(plain(name, value));
  });

  it.each(named)('$name: capnp-ts reads what we write', ({ name }) => {
    for (const value of valuesOf(name))
      expect(readSecond(name, writeRoot(name, value))).toEqual(plain(name, value));
  });

  it.each(named)('$name: reads what capnp-ts writes, equal in canonical form', ({ name }) => {
    for (const value of valuesOf(name).filter((one) => !isEmpty(name, one))) {
      const theirs = writeSecond(name, value);
      expect(plain(name, readRoot(name, theirs) ?? {})).toEqual(plain(name, value));
      expect(hex(canonical(writeRoot(name, value)))).toBe(hex(canonical(theirs)));
    }
  });
});

describe.skipIf(missingTool !== undefined)(`random messages and the capnp tool, seed ${SEED}`, () => {
  it.each(named)('$name: the tool reads what we write', ({ name, file, type }) => {
    const values = valuesOf(name);
    const frames = values.map((value) => writeRoot(name, value));
    const text = capnpConvert('binary:json', Buffer.concat(frames), { file, type }).toString('utf8');
    expect(
      text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual(values.map((value) => toJson(name, value)));
    const canonicalForms = capnpConvert('binary:canonical', Buffer.concat(frames));
    expect(hex(canonicalForms)).toBe(hex(Buffer.concat(frames.map(canonical))));
  });

  it.each(named)('$name: reads what the tool writes, in one segment and in many', ({ name, file, type }) => {
    const values = valuesOf(name, 12);
    const json = values.map((value) => JSON.stringify(toJson(name, value))).join('\n');
    for (const options of [[], ['--segment-size=1'], ['--segment-size=7']]) {
      const frames = framesOf(capnpConvert('json:binary', json, { file, type }, options));
      expect(frames).toHaveLength(values.length);
      frames.forEach((frame, i) => {
        const value = values[i] ?? {};
        expect(plain(name, readRoot(name, frame) ?? {})).toEqual(plain(name, value));
        expect(hex(canonical(writeRoot(name, value)))).toBe(hex(canonical(frame)));
      });
    }
  });
});
