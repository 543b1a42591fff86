/**
 * Readers: flat functions over the position and the two ends of a struct's sections. A field beyond the end
 * of its section is one that the writer's schema did not have yet, and reads as zero or undefined.
 */
import type { Field, Struct } from './model.ts';
import { bitsOf, wordsUpTo } from './model.ts';

const pointerRead = (field: Field, p: string): string => {
  const { type } = field;
  switch (type.kind) {
    case 'text':
      return `r.text(${p})`;
    case 'data':
      return `r.${field.interned ? 'interned' : field.latin1 ? 'latin1' : field.slice ? 'slice' : 'view'}(${p})`;
    case 'struct':
      return `read${type.name}At(r, ${p})`;
    case 'list':
      if (type.element.kind === 'struct') return `read${type.element.name}List(r, ${p})`;
      if (type.element.kind === 'data') return field.slice ? `r.slices(${p})` : `r.latin1List(${p})`;
      return type.element.kind === 'uint32' ? `r.u32List(${p})` : `r.u16List(${p})`;
    default:
      throw new Error(`${field.name} is no pointer`);
  }
};

const METHODS: Readonly<Record<string, string>> = {
  uint8: 'u8',
  uint16: 'u16',
  enum: 'u16',
  uint32: 'u32',
  uint64: 'u64',
  int64: 'i64',
};

const plus = (base: string, bytes: number): string => (bytes === 0 ? base : `${base} + ${bytes}`);

/** Expression that reads one field. */
const fieldRead = (field: Field): string => {
  const { type } = field;
  const method = METHODS[type.kind];
  const inData = `at + ${wordsUpTo(field) * 8} <= ptrs`;
  if (type.kind === 'bool')
    return `${inData} && r.bool(${plus('at', field.offset >> 3)}, ${field.offset & 7})`;
  if (method !== undefined) {
    const bytes = (field.offset * bitsOf(type)) / 8;
    return `${inData} ? r.${method}(${plus('at', bytes)}) : 0`;
  }
  const p = plus('ptrs', field.offset * 8);
  return `ptrs + ${(field.offset + 1) * 8} <= last ? ${pointerRead(field, p)} : undefined`;
};

const emitFields = (name: string, type: string, fields: readonly Field[]): string => {
  const usesData = fields.some(
    (field) => METHODS[field.type.kind] !== undefined || field.type.kind === 'bool',
  );
  const usesPointers = fields.some(
    (field) => METHODS[field.type.kind] === undefined && field.type.kind !== 'bool',
  );
  const used = (name: string, is: boolean): string => (is ? name : `_${name}`);
  return (
    `export const ${name} = (${used('r', fields.length > 0)}: Reader, ${used('at', usesData)}: number, ` +
    `${used('ptrs', fields.length > 0)}: number, ${used('last', usesPointers)}: number): ${type} => ({\n` +
    fields.map((field) => `  ${field.name}: ${fieldRead(field)},\n`).join('') +
    '});\n'
  );
};

const emitUnionRead = (struct: Struct): string => {
  const tagOffset = struct.tagOffset ?? 0;
  const { name } = struct;
  const slots = new Set(struct.fields.map((field) => field.offset));
  if (slots.size !== 1) throw new Error(`${name}: members of the union do not share one pointer`);
  const slot = struct.fields[0]?.offset ?? 0;
  const tagAt = `at + ${(Math.floor(tagOffset / 8) + 1) * 8} <= r.ptrs ? r.u16(${plus('at', tagOffset)}) : 0`;
  return (
    `/** Tag of the union, read alone. */\n` +
    `export const peek${name} = (r: Reader, p: number): number => {\n` +
    `  const at = r.struct(p);\n` +
    `  return at === NONE ? 0 : ${tagAt};\n};\n\n` +
    `/** Where the pointer to the member is; NONE when the message has another tag or no member at all. */\n` +
    `export const memberOf${name} = (r: Reader, p: number, tag: number): number => {\n` +
    `  const at = r.struct(p);\n` +
    `  if (at === NONE || (${tagAt}) !== tag) return NONE;\n` +
    `  return r.ptrs + ${(slot + 1) * 8} <= r.last ? ${plus('r.ptrs', slot * 8)} : NONE;\n};\n\n` +
    `export const read${name}At = (r: Reader, p: number): ${name} => {\n` +
    `  const tag = peek${name}(r, p);\n` +
    `  const member = memberOf${name}(r, p, tag);\n` +
    `  switch (tag) {\n` +
    struct.fields
      .map(
        (field) =>
          `    case ${field.tag ?? 0}:\n      return { which: '${field.name}', value: member === NONE ? undefined : ${pointerRead(field, 'member')} };\n`,
      )
      .join('') +
    `    default:\n      throw new ProtocolError('unknownTag', \`${name} \${tag}\`);\n  }\n};\n`
  );
};

/** All that reads one struct. */
export const emitReaders = (struct: Struct): string => {
  if (struct.tagOffset !== undefined) return emitUnionRead(struct);
  const { name } = struct;
  const parts = [
    emitFields(`read${name}`, name, struct.fields),
    `/** What the pointer at \`p\` points to; undefined for a null pointer. */\n` +
      `export const read${name}At = (r: Reader, p: number): ${name} | undefined => {\n` +
      `  const at = r.struct(p);\n` +
      `  return at === NONE ? undefined : read${name}(r, at, r.ptrs, r.last);\n};\n`,
    `export const read${name}List = (r: Reader, p: number): ${name}[] | undefined => {\n` +
      `  let at = r.structs(p);\n` +
      `  if (at === NONE) return undefined;\n` +
      `  const { stride, dataBytes } = r;\n` +
      `  const list = new Array<${name}>(r.count);\n` +
      `  for (let i = 0; i < list.length; i++) {\n` +
      `    list[i] = read${name}(r, at, at + dataBytes, at + stride);\n` +
      `    at += stride;\n  }\n  return list;\n};\n`,
  ];
  const heads = struct.fields.filter((field) => field.head);
  if (heads.length > 0)
    parts.push(
      emitFields(`peek${name}`, `${name}Peek`, heads),
      `export const peek${name}At = (r: Reader, p: number): ${name}Peek | undefined => {\n` +
        `  const at = r.struct(p);\n` +
        `  return at === NONE ? undefined : peek${name}(r, at, r.ptrs, r.last);\n};\n`,
    );
  return parts.join('\n');
};
