import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { checkSchema, NESTING_MAX, nestingOf } from './check.ts';
import { emitFile } from './emit.ts';
import type { Field, SchemaFile, Struct } from './model.ts';
import { stockSize } from './model.ts';
import { readRequest } from './request.ts';

const request = (name: string): SchemaFile[] =>
  readRequest(gunzipSync(readFileSync(new URL(`fixtures/${name}.request.gz`, import.meta.url))));

const structOf = (files: readonly SchemaFile[], name: string): Struct => {
  const found = files.flatMap((file) => file.structs).find((struct) => struct.name === name);
  if (found === undefined) throw new Error(`no struct ${name}`);
  return found;
};

/** The text of one exported declaration. */
const declaration = (text: string, name: string): string => {
  const start = text.search(new RegExp(`^(export )?(const|interface|type) ${name}\\b`, 'm'));
  return text.slice(start, text.indexOf('\n\n', start));
};

describe('readRequest', () => {
  const forms = request('forms');

  it('reads files, structs with their nesting, and enums in the order of the source', () => {
    expect(forms.map((file) => file.name)).toEqual(['forms']);
    expect(forms[0]?.structs.map(({ name, path }) => [name, path])).toEqual([
      ['Outer', 'Outer'],
      ['OuterInner', 'Outer.Inner'],
      ['Empty', 'Empty'],
      ['Choice', 'Choice'],
    ]);
    expect(forms[0]?.enums).toEqual([
      {
        name: 'Color',
        values: [
          { name: 'red', own: false },
          { name: 'green', own: true },
        ],
      },
    ]);
  });

  it('reads fields with type, place and marks', () => {
    const fields = new Map(structOf(forms, 'Outer').fields.map((field) => [field.name, field]));
    const plain = {
      tag: undefined,
      hasDefault: false,
      own: false,
      latin1: false,
      interned: false,
      slice: false,
      head: false,
    };
    expect(fields.get('count')).toEqual({
      ...plain,
      name: 'count',
      type: { kind: 'uint32' },
      offset: 1,
      ordinal: 3,
      head: true,
    });
    expect(fields.get('id')).toEqual({
      ...plain,
      name: 'id',
      type: { kind: 'data' },
      offset: 1,
      ordinal: 7,
      latin1: true,
      interned: true,
      head: true,
    });
    expect(fields.get('inners')?.type).toEqual({
      kind: 'list',
      element: { kind: 'struct', name: 'OuterInner', file: 'forms' },
    });
    expect(fields.get('frames')).toMatchObject({ slice: true, offset: 6 });
    expect(fields.get('note')).toMatchObject({ own: true, type: { kind: 'text' }, offset: 10 });
  });

  it('reads the union of a struct with its tags', () => {
    const choice = structOf(forms, 'Choice');
    expect(choice.tagOffset).toBe(0);
    expect(choice.fields.map(({ name, tag, own }) => [name, tag, own])).toEqual([
      ['outer', 0, false],
      ['empty', 1, false],
      ['newer', 2, true],
    ]);
  });

  it('knows the size without appended fields', () => {
    expect(stockSize(structOf(forms, 'Outer'))).toEqual({ dataWords: 3, pointers: 10 });
    expect(stockSize(structOf(forms, 'OuterInner'))).toEqual({ dataWords: 1, pointers: 0 });
    expect(stockSize(structOf(forms, 'Choice'))).toEqual({ dataWords: 1, pointers: 1 });
  });
});

describe('checkSchema', () => {
  it('accepts every form that the generator knows', () => {
    expect(() => checkSchema(request('forms'))).not.toThrow();
  });

  it('lists everything it refuses, in one error', () => {
    const problems = ((): string => {
      try {
        checkSchema(request('refused'));
        return '';
      } catch (error) {
        return error instanceof Error ? error.message : '';
      }
    })();
    expect(problems.split('\n').map((line) => line.trim())).toEqual([
      'the schema is refused:',
      'Service: interfaces and constants are not supported',
      'answer: interfaces and constants are not supported',
      'Generic is generic',
      'Generic.value: type ANY_POINTER is not supported',
      'Defaults.signedDefault: non-zero defaults are refused',
      'Defaults.unsignedDefault: non-zero defaults are refused',
      'Defaults.textDefault: non-zero defaults are refused',
      'Defaults.boolDefault: non-zero defaults are refused',
      'Types.group: type GROUP is not supported',
      'Types.int32: type INT32 is not supported',
      'Types.float: type FLOAT64 is not supported',
      'Types.any: type ANY_POINTER is not supported',
      'Types.nested: lists of list are not supported',
      'Types.texts: lists of text are not supported',
      'Types.bits: lists of bool are not supported',
      'Types.plain: List(Data) needs $latin1 or $slice',
      'Marks.number: $latin1 belongs on Data or List(Data)',
      'Marks.text: $interned belongs on $latin1 Data',
      'Marks.bytes: $slice belongs on Data or List(Data) without $latin1',
      'Order.third: stock field after second, which is $own',
      'Mixed.beside: a struct with a union holds nothing else',
      'Mixed.number: union members must be structs',
      'Mixed.text: union members must be structs',
    ]);
  });

  it('refuses structs that contain themselves', () => {
    expect(() => checkSchema(request('recursive'))).toThrow(
      'Tree → Branch → Tree: recursive structs are refused',
    );
  });

  it('refuses two declarations that flatten to one name', () => {
    const [file] = request('forms');
    const twice = file && { ...file, structs: [...file.structs, structOf([file], 'OuterInner')] };
    expect(() => checkSchema(twice ? [twice] : [])).toThrow('OuterInner: two declarations have this name');
  });

  it('refuses an appended pointer inside the stock size, which could not be cut', () => {
    const [file] = request('forms');
    const outer = structOf(file ? [file] : [], 'Outer');
    const moved = outer.fields.map((field): Field =>
      field.name === 'note' ? { ...field, offset: 3 } : field,
    );
    const changed = file && { ...file, structs: [{ ...outer, fields: moved }, ...file.structs.slice(1)] };
    expect(() => checkSchema(changed ? [changed] : [])).toThrow(
      'Outer.note: an $own pointer inside the stock size',
    );
  });

  it('the schema of the wire nests far less than readers elsewhere allow', () => {
    expect(nestingOf(request('schema'))).toBe(6);
    expect(NESTING_MAX).toBe(64);
  });
});

describe('emitFile', () => {
  const [file] = request('forms');
  const text = file ? emitFile(file) : '';

  it('gives absent pointers a type of their own', () => {
    expect(declaration(text, 'OuterPeek')).toBe(
      [
        'export interface OuterPeek {',
        '  readonly count: number;',
        '  readonly id: string | undefined;',
        '}',
      ].join('\n'),
    );
    expect(declaration(text, 'Outer')).toContain('  readonly frames: readonly FrameSlice[] | undefined;');
    expect(declaration(text, 'Outer')).toContain('  readonly place: FrameSlice | undefined;');
    expect(declaration(text, 'Outer')).toContain('  readonly wide: number | bigint;');
  });

  it('checks every field against the end of its section', () => {
    const read = declaration(text, 'readOuter');
    expect(read).toContain('  flag: at + 8 <= ptrs && r.bool(at, 0),');
    expect(read).toContain('  signed: at + 24 <= ptrs ? r.i64(at + 16) : 0,');
    expect(read).toContain('  id: ptrs + 16 <= last ? r.interned(ptrs + 8) : undefined,');
    expect(read).toContain('  note: ptrs + 88 <= last ? r.text(ptrs + 80) : undefined,');
  });

  it('cuts a struct after the last appended field that is set', () => {
    expect(declaration(text, 'dataWordsOfOuter')).toContain('v.appended !== 0 ? 4 : 3');
    expect(declaration(text, 'pointersOfOuter')).toContain(
      'v.place !== undefined ? 12 : v.note !== undefined ? 11 : 10',
    );
    expect(declaration(text, 'writeOuterInnerList')).toContain(
      'Math.max(dataWords, dataWordsOfOuterInner(v))',
    );
  });

  it('numbers enums and union tags', () => {
    expect(declaration(text, 'Color')).toBe(
      'export const Color = {\n  red: 0,\n  green: 1,\n} as const;\nexport type Color = (typeof Color)[keyof typeof Color];',
    );
    expect(declaration(text, 'ChoiceTag')).toContain('newer: 2');
  });

  it('says the same every time', () => {
    expect(file && emitFile(file)).toBe(text);
  });

  it.each(request('schema').map((one) => [one.name, one] as const))(
    '%s: the committed module is what it emits',
    (name, one) => {
      const committed = readFileSync(new URL(`../src/generated/${name}.ts`, import.meta.url), 'utf8');
      expect(emitFile(one)).toBe(committed);
    },
  );
});
