/**
 * Writers: flat functions that allocate a struct, fill it and write its targets in field order. A struct
 * with appended fields is cut after the last one that is set, down to its stock size, so that a frame that
 * uses none of them is byte for byte the stock frame.
 */
import type { Field, Struct } from './model.ts';
import { bitsOf, isPointer, stockSize, wordsUpTo } from './model.ts';

const METHODS: Readonly<Record<string, string>> = {
  uint8: 'u8',
  uint16: 'u16',
  enum: 'u16',
  uint32: 'u32',
  uint64: 'u64',
  int64: 'i64',
  text: 'text',
  data: 'data',
};

const plus = (base: string, bytes: number): string => (bytes === 0 ? base : `${base} + ${bytes}`);

const pointerWrite = (field: Field, p: string, value: string): string => {
  const { type } = field;
  if (type.kind === 'struct') return `write${type.name}(b, ${p}, ${value})`;
  if (type.kind === 'data' && field.latin1) return `b.latin1(${p}, ${value})`;
  if (type.kind === 'data' && field.slice) return `b.slice(${p}, ${value})`;
  if (type.kind !== 'list') return `b.${METHODS[type.kind] ?? ''}(${p}, ${value})`;
  if (type.element.kind === 'struct') return `write${type.element.name}List(b, ${p}, ${value})`;
  if (type.element.kind === 'data')
    return field.slice ? `b.slices(${p}, ${value})` : `b.latin1List(${p}, ${value})`;
  return type.element.kind === 'uint32' ? `b.u32List(${p}, ${value})` : `b.u16List(${p}, ${value})`;
};

const isSet = (field: Field): string =>
  isPointer(field.type)
    ? `v.${field.name} !== undefined`
    : field.type.kind === 'bool'
      ? `v.${field.name}`
      : field.type.kind === 'uint64' || field.type.kind === 'int64'
        ? `Number(v.${field.name}) !== 0`
        : `v.${field.name} !== 0`;

const fieldWrite = (field: Field, stockWords: number): string => {
  const { type } = field;
  if (isPointer(type))
    return `  if (v.${field.name} !== undefined) ${pointerWrite(field, plus('ptrs', field.offset * 8), `v.${field.name}`)};\n`;
  if (type.kind === 'bool')
    return `  b.bool(${plus('at', field.offset >> 3)}, ${field.offset & 7}, v.${field.name});\n`;
  const write = `b.${METHODS[type.kind] ?? ''}(${plus('at', (field.offset * bitsOf(type)) / 8)}, v.${field.name});\n`;
  return wordsUpTo(field) > stockWords ? `  if (${isSet(field)}) ${write}` : `  ${write}`;
};

/** Expression for the size of one section, given the appended fields that may lengthen it. */
const sizeText = (
  stock: number,
  beyond: readonly { readonly size: number; readonly set: string }[],
): string =>
  beyond
    .toSorted((a, b) => a.size - b.size)
    .reduce((rest, { size, set }) => `${set} ? ${size} : ${rest}`, String(stock));

interface Sizes {
  readonly dataWords: string;
  readonly pointers: string;
  readonly isFixed: boolean;
}

const sizesOf = (struct: Struct): Sizes => {
  const stock = stockSize(struct);
  const own = struct.fields.filter((field) => field.own && field.tag === undefined);
  const words = own
    .filter((field) => !isPointer(field.type) && wordsUpTo(field) > stock.dataWords)
    .map((field) => ({ size: wordsUpTo(field), set: isSet(field) }));
  const pointers = own
    .filter((field) => isPointer(field.type))
    .map((field) => ({ size: field.offset + 1, set: isSet(field) }));
  return {
    dataWords: sizeText(stock.dataWords, words),
    pointers: sizeText(stock.pointers, pointers),
    isFixed: words.length + pointers.length === 0,
  };
};

const emitUnionWrite = (struct: Struct): string => {
  const { name } = struct;
  const stock = stockSize(struct);
  return (
    `export const write${name} = (b: Builder, p: number, v: ${name}): void => {\n` +
    `  const at = b.struct(p, ${stock.dataWords}, ${stock.pointers});\n` +
    `  const ptrs = at + ${stock.dataWords * 8};\n` +
    `  b.u16(${plus('at', struct.tagOffset ?? 0)}, ${name}Tag[v.which]);\n` +
    `  if (v.value === undefined) return;\n` +
    `  switch (v.which) {\n` +
    struct.fields
      .map(
        (field) =>
          `    case '${field.name}':\n      return ${pointerWrite(field, plus('ptrs', field.offset * 8), 'v.value')};\n`,
      )
      .join('') +
    `  }\n};\n`
  );
};

const emitSizes = (struct: Struct, sizes: Sizes): string =>
  [
    ['dataWords', sizes.dataWords],
    ['pointers', sizes.pointers],
  ]
    .map(
      ([section, text]) =>
        `const ${section}Of${struct.name} = (${/^\d+$/.test(text ?? '') ? '_v' : 'v'}: ${struct.name}): number => ${text};\n`,
    )
    .join('');

const emitListWrite = (struct: Struct, sizes: Sizes): string => {
  const { name } = struct;
  const start = `export const write${name}List = (b: Builder, p: number, list: readonly ${name}[]): void => {\n`;
  const measure = sizes.isFixed
    ? `  const dataWords = ${sizes.dataWords};\n  const pointers = ${sizes.pointers};\n`
    : `  let dataWords = ${stockSize(struct).dataWords};\n  let pointers = ${stockSize(struct).pointers};\n` +
      `  for (const v of list) {\n` +
      `    dataWords = Math.max(dataWords, dataWordsOf${name}(v));\n` +
      `    pointers = Math.max(pointers, pointersOf${name}(v));\n  }\n`;
  return (
    start +
    measure +
    `  let at = b.structs(p, list.length, dataWords, pointers);\n` +
    `  for (const v of list) {\n` +
    `    fill${name}(b, at, at + dataWords * 8, v);\n` +
    `    at += (dataWords + pointers) * 8;\n  }\n};\n`
  );
};

/** All that writes one struct. */
export const emitWriters = (struct: Struct): string => {
  if (struct.tagOffset !== undefined) return emitUnionWrite(struct);
  const { name, fields } = struct;
  const sizes = sizesOf(struct);
  const stock = stockSize(struct);
  const used = (parameter: string, is: boolean): string => (is ? parameter : `_${parameter}`);
  const hasData = fields.some((field) => !isPointer(field.type));
  const hasPointers = fields.some((field) => isPointer(field.type));
  const any = fields.length > 0;
  const fill =
    `const fill${name} = (${used('b', any)}: Builder, ${used('at', hasData)}: number, ` +
    `${used('ptrs', hasPointers)}: number, ${used('v', any)}: ${name}): void => {\n` +
    fields.map((field) => fieldWrite(field, stock.dataWords)).join('') +
    `};\n`;
  const measured = sizes.isFixed
    ? `  const at = b.struct(p, ${sizes.dataWords}, ${sizes.pointers});\n  fill${name}(b, at, ${plus('at', Number(sizes.dataWords) * 8)}, v);\n`
    : `  const dataWords = dataWordsOf${name}(v);\n` +
      `  const at = b.struct(p, dataWords, pointersOf${name}(v));\n  fill${name}(b, at, at + dataWords * 8, v);\n`;
  const write = `export const write${name} = (b: Builder, p: number, v: ${name}): void => {\n${measured}};\n`;
  const sizeFunctions = sizes.isFixed ? [] : [emitSizes(struct, sizes)];
  return [fill, ...sizeFunctions, write, emitListWrite(struct, sizes)].join('\n');
};
