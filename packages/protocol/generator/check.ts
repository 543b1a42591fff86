/**
 * What the generator refuses, with the reason: things that the wire runtime or the second reader in the
 * tests (capnp-ts) get wrong, and changes that would break stock peers.
 */
import type { Field, FieldType, SchemaFile, Struct } from './model.ts';
import { isPointer, stockSize } from './model.ts';

/** Source: the traversal limit of the C++ implementation, which stock peers use. */
export const NESTING_MAX = 64;

const supportedElement = (element: FieldType): boolean =>
  ['data', 'struct', 'enum', 'uint16', 'uint32'].includes(element.kind);

const checkType = (field: Field): string | undefined => {
  const { type } = field;
  if (type.kind === 'unsupported') return `type ${type.name} is not supported`;
  if (type.kind === 'list' && !supportedElement(type.element))
    return `lists of ${type.element.kind === 'unsupported' ? type.element.name : type.element.kind} are not supported`;
  return undefined;
};

const checkMarks = (field: Field): string | undefined => {
  const { type } = field;
  const isDataList = type.kind === 'list' && type.element.kind === 'data';
  if (field.latin1 && type.kind !== 'data' && !isDataList) return '$latin1 belongs on Data or List(Data)';
  if (field.interned && !(field.latin1 && type.kind === 'data')) return '$interned belongs on $latin1 Data';
  if (field.slice && ((type.kind !== 'data' && !isDataList) || field.latin1))
    return '$slice belongs on Data or List(Data) without $latin1';
  if (isDataList && !field.slice && !field.latin1) return 'List(Data) needs $latin1 or $slice';
  if (field.head && field.tag !== undefined) return '$head does not belong on a union member';
  return undefined;
};

const checkField = (field: Field): string | undefined => {
  // Non-zero defaults on Int32 and UInt32 read wrongly in capnp-ts; a zero that means zero is easier to read anyway.
  if (field.hasDefault) return 'non-zero defaults are refused';
  if (field.tag !== undefined && field.type.kind !== 'struct') return 'union members must be structs';
  return checkType(field) ?? checkMarks(field);
};

const checkStruct = (struct: Struct): string[] => {
  const problems = struct.unsupported.map((what) => `${struct.name} is ${what}`);
  let firstOwn: Field | undefined;
  for (const field of struct.fields) {
    const problem = checkField(field);
    if (problem !== undefined) problems.push(`${struct.name}.${field.name}: ${problem}`);
    if (struct.tagOffset !== undefined && field.tag === undefined)
      problems.push(`${struct.name}.${field.name}: a struct with a union holds nothing else`);
    if (field.own) firstOwn ??= field;
    else if (firstOwn !== undefined)
      problems.push(`${struct.name}.${field.name}: stock field after ${firstOwn.name}, which is $own`);
  }
  return problems;
};

/** Own fields that would be cut must lie behind the stock ones, or cutting would cut stock fields too. */
const checkSizes = (struct: Struct): string[] => {
  const stock = stockSize(struct);
  return struct.fields
    .filter(
      (field) =>
        field.own && field.tag === undefined && isPointer(field.type) && field.offset < stock.pointers,
    )
    .map((field) => `${struct.name}.${field.name}: an $own pointer inside the stock size`);
};

const depthOf = (name: string, structs: ReadonlyMap<string, Struct>, path: readonly string[]): number => {
  if (path.includes(name)) throw new Error(`${[...path, name].join(' → ')}: recursive structs are refused`);
  let deepest = 0;
  for (const { type } of structs.get(name)?.fields ?? []) {
    const inner = type.kind === 'list' ? type.element : type;
    if (inner.kind === 'struct') deepest = Math.max(deepest, depthOf(inner.name, structs, [...path, name]));
  }
  return deepest + 1;
};

/** Levels of structs below the deepest root. Throws when a struct contains itself. */
export const nestingOf = (files: readonly SchemaFile[]): number => {
  const structs = new Map(
    files.flatMap((file) => file.structs.map((struct) => [struct.name, struct] as const)),
  );
  return Math.max(0, ...[...structs.keys()].map((name) => depthOf(name, structs, [])));
};

/** Throws one error that lists everything that is refused. */
export const checkSchema = (files: readonly SchemaFile[]): void => {
  const problems: string[] = [];
  const seen = new Set<string>();
  for (const file of files) {
    problems.push(...file.unsupported.map((what) => `${what} are not supported`));
    for (const { name } of [...file.structs, ...file.enums]) {
      if (seen.has(name)) problems.push(`${name}: two declarations have this name once nesting is flattened`);
      seen.add(name);
    }
    for (const struct of file.structs) problems.push(...checkStruct(struct), ...checkSizes(struct));
  }
  if (problems.length > 0) throw new Error(`the schema is refused:\n  ${problems.join('\n  ')}`);
  const nesting = nestingOf(files);
  if (nesting > NESTING_MAX) throw new Error(`the schema is refused: ${nesting} levels of structs`);
};
