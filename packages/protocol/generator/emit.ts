/** Turns the model of one schema file into the text of one TypeScript module. */
import { emitReaders } from './emit-read.ts';
import { emitWriters } from './emit-write.ts';
import type { Enum, Field, FieldType, SchemaFile, Struct } from './model.ts';

const doc = (text: string, indent: string): string =>
  text === ''
    ? ''
    : `${indent}/** ${text} */
`;

const elementType = (field: Field, element: FieldType): string => {
  if (element.kind === 'struct') return element.name;
  if (element.kind === 'data') return field.slice ? 'FrameSlice' : 'string';
  return 'number';
};

/** The TypeScript type of a field. Pointers are undefined where the wire has a null pointer. */
const typeText = (field: Field): string => {
  const { type } = field;
  switch (type.kind) {
    case 'bool':
      return 'boolean';
    case 'uint64':
    case 'int64':
      return 'number | bigint';
    case 'text':
      return 'string | undefined';
    case 'data':
      return `${field.latin1 ? 'string' : field.slice ? 'FrameSlice' : 'Uint8Array'} | undefined`;
    case 'struct':
      return `${type.name} | undefined`;
    case 'list':
      return `readonly ${elementType(field, type.element)}[] | undefined`;
    default:
      return 'number';
  }
};

const enumDoc = (field: Field): string => {
  const inner = field.type.kind === 'list' ? field.type.element : field.type;
  return inner.kind === 'enum' ? `Number of a {@link ${inner.name}}; not checked.` : '';
};

const emitInterface = (name: string, text: string, fields: readonly Field[]): string =>
  `${doc(text, '')}export interface ${name} {\n` +
  fields
    .map((field) => `${doc(enumDoc(field), '  ')}  readonly ${field.name}: ${typeText(field)};\n`)
    .join('') +
  '}\n';

const emitUnion = (struct: Struct): string =>
  `export type ${struct.name} =\n` +
  struct.fields
    .map((field) => `  | { readonly which: '${field.name}'; readonly value: ${typeText(field)} }`)
    .join('\n') +
  `;\n\n/** Tags of {@link ${struct.name}}. */\nexport const ${struct.name}Tag = {\n` +
  struct.fields.map((field) => `  ${field.name}: ${field.tag ?? 0},\n`).join('') +
  '} as const;\n';

const emitEnum = (one: Enum): string =>
  `export const ${one.name} = {\n` +
  one.values.map(({ name }, i) => `  ${name}: ${i},\n`).join('') +
  `} as const;\nexport type ${one.name} = (typeof ${one.name})[keyof typeof ${one.name}];\n`;

const emitStruct = (struct: Struct): string => {
  const parts = [
    struct.tagOffset === undefined ? emitInterface(struct.name, '', struct.fields) : emitUnion(struct),
  ];
  const heads = struct.fields.filter((field) => field.head);
  if (heads.length > 0)
    parts.push(
      emitInterface(`${struct.name}Peek`, `What a router reads of a {@link ${struct.name}}.`, heads),
    );
  parts.push(emitReaders(struct), emitWriters(struct));
  return parts.join('\n');
};

/** Names that a file uses from the files it imports. */
const emitImports = (file: SchemaFile, body: string): string => {
  const byFile = new Map<string, Set<string>>();
  for (const struct of file.structs)
    for (const { type } of struct.fields) {
      const inner = type.kind === 'list' ? type.element : type;
      if ((inner.kind === 'struct' || inner.kind === 'enum') && inner.file !== file.name) {
        const names = byFile.get(inner.file) ?? new Set();
        byFile.set(inner.file, names.add(inner.name));
      }
    }
  let text = '';
  if (body.includes('ProtocolError(')) text += `import { ProtocolError } from '../errors.ts';\n`;
  if (body.includes('FrameSlice')) text += `import type { FrameSlice } from '../messages.ts';\n`;
  text += `import type { Builder } from '../wire/builder.ts';\n`;
  text += `import type { Reader } from '../wire/reader.ts';\nimport { NONE } from '../wire/reader.ts';\n`;
  for (const [from, names] of [...byFile].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const types = [...names].sort();
    const values = types
      .flatMap((name) => [`read${name}At`, `read${name}List`, `write${name}`, `write${name}List`])
      .filter((name) => new RegExp(`\\b${name}\\(`).test(body));
    text += `import type { ${types.join(', ')} } from './${from}.ts';\n`;
    if (values.length > 0)
      text += `import {\n${values.map((name) => `  ${name},\n`).join('')}} from './${from}.ts';\n`;
  }
  return text;
};

/** The module for one file of the schema. */
export const emitFile = (file: SchemaFile): string => {
  const body = [...file.enums.map(emitEnum), ...file.structs.map(emitStruct)].join('\n');
  return (
    `// Generated from schema/${file.name}.capnp by packages/protocol/generator. Do not edit: npm run generate.\n` +
    `${emitImports(file, body)}\n${body}`
  );
};
