/** The part of a Cap'n Proto schema that the generator understands, as plain data. */

export type FieldType =
  | { readonly kind: 'bool' | 'uint8' | 'uint16' | 'uint32' | 'uint64' | 'int64' | 'text' | 'data' }
  | { readonly kind: 'enum' | 'struct'; readonly name: string; readonly file: string }
  | { readonly kind: 'list'; readonly element: FieldType }
  /** Something the wire runtime does not do; refused with its name. */
  | { readonly kind: 'unsupported'; readonly name: string };

export interface Field {
  readonly name: string;
  readonly type: FieldType;
  /** In units of the field's own size (bits for a bool), or the index of its pointer. */
  readonly offset: number;
  /** Position in the order of appending. */
  readonly ordinal: number;
  /** Tag of a union member. */
  readonly tag: number | undefined;
  readonly hasDefault: boolean;
  readonly own: boolean;
  readonly latin1: boolean;
  readonly interned: boolean;
  readonly slice: boolean;
  readonly head: boolean;
}

export interface Struct {
  /** Unique in all files: the names of the enclosing structs and its own, joined. */
  readonly name: string;
  /** The same as the schema says it, with dots. */
  readonly path: string;
  readonly dataWords: number;
  readonly pointers: number;
  readonly fields: readonly Field[];
  /** Byte offset of the union's tag; undefined for a struct without union. */
  readonly tagOffset: number | undefined;
  /** What the generator cannot do with it, as the schema compiler says. */
  readonly unsupported: readonly string[];
}

export interface Enum {
  readonly name: string;
  readonly values: readonly { readonly name: string; readonly own: boolean }[];
}

export interface SchemaFile {
  /** File name without folder and extension. */
  readonly name: string;
  readonly structs: readonly Struct[];
  readonly enums: readonly Enum[];
  readonly unsupported: readonly string[];
}

/** Whether a field lives in the pointer section. */
export const isPointer = (type: FieldType): boolean =>
  type.kind === 'text' || type.kind === 'data' || type.kind === 'struct' || type.kind === 'list';

const BITS: Readonly<Record<string, number>> = {
  bool: 1,
  uint8: 8,
  uint16: 16,
  enum: 16,
  uint32: 32,
  uint64: 64,
  int64: 64,
};

export const bitsOf = (type: FieldType): number => BITS[type.kind] ?? 0;

/** Words of the data section that a struct must have for this field to be in it. */
export const wordsUpTo = (field: Field): number =>
  Math.floor(((field.offset + 1) * bitsOf(field.type) + 63) / 64);

/** Size without the fields that Muster appended. */
export const stockSize = (struct: Struct): { readonly dataWords: number; readonly pointers: number } => {
  let dataWords = struct.tagOffset === undefined ? 0 : Math.floor(struct.tagOffset / 8) + 1;
  let pointers = 0;
  for (const field of struct.fields) {
    // Union members share their slot, stock and own alike.
    if (field.own && field.tag === undefined) continue;
    if (isPointer(field.type)) pointers = Math.max(pointers, field.offset + 1);
    else dataWords = Math.max(dataWords, wordsUpTo(field));
  }
  return { dataWords, pointers };
};
