/**
 * Reads what the `capnp` compiler hands to a plugin (a CodeGeneratorRequest) into the model. Doc comments are
 * left where they are, in the schema: the compiler of capnp 0.9 writes them in an older layout, and capnp-ts
 * misreads structs that it has to widen when they lie in several segments.
 */
import * as capnp from 'capnp-ts';
import * as schema from 'capnp-ts/src/std/schema.capnp.js';
import type { Enum, Field, FieldType, SchemaFile, Struct } from './model.ts';

/** Every node of the request by id. */
type Context = ReadonlyMap<bigint, schema.Node>;

const PLAIN: Readonly<Record<number, Exclude<FieldType, { name: string } | { element: FieldType }>['kind']>> =
  {
    [schema.Type_Which.BOOL]: 'bool',
    [schema.Type_Which.UINT8]: 'uint8',
    [schema.Type_Which.UINT16]: 'uint16',
    [schema.Type_Which.UINT32]: 'uint32',
    [schema.Type_Which.UINT64]: 'uint64',
    [schema.Type_Which.INT64]: 'int64',
    [schema.Type_Which.TEXT]: 'text',
    [schema.Type_Which.DATA]: 'data',
  };

const node = (context: Context, id: bigint): schema.Node => {
  const found = context.get(id);
  if (found === undefined)
    throw new Error(`the request names a node that it does not hold: ${id.toString(16)}`);
  return found;
};

const fileOf = (context: Context, id: bigint): string => {
  let current = node(context, id);
  while (current.getScopeId() !== 0n) current = node(context, current.getScopeId());
  return baseName(current.getDisplayName());
};

const baseName = (path: string): string => path.replace(/^.*\//, '').replace(/\.capnp$/, '');

/** `message.capnp:Task.Argument` → `Task.Argument`. */
const pathOf = (of: schema.Node): string => of.getDisplayName().replace(/^.*:/, '');

/** `Task.Argument` → `TaskArgument`. */
const flatName = (of: schema.Node): string => pathOf(of).replaceAll('.', '');

/** Elements of a list. `has` must be asked first: capnp-ts writes into the message when an absent list is read. */
const items = <T extends capnp.Struct>(has: boolean, list: () => capnp.List<T>): T[] =>
  has ? Array.from({ length: list().getLength() }, (_, i) => list().get(i)) : [];

const marksOf = (context: Context, of: schema.Field | schema.Enumerant): ReadonlySet<string> =>
  new Set(
    items(of.hasAnnotations(), () => of.getAnnotations()).map((one) => pathOf(node(context, one.getId()))),
  );

const typeOf = (context: Context, type: schema.Type): FieldType => {
  const which = type.which();
  const plain = PLAIN[which];
  if (plain !== undefined) return { kind: plain };
  if (which === schema.Type_Which.LIST)
    return { kind: 'list', element: typeOf(context, type.getList().getElementType()) };
  if (which === schema.Type_Which.ENUM || which === schema.Type_Which.STRUCT) {
    const kind = which === schema.Type_Which.ENUM ? 'enum' : 'struct';
    const id = kind === 'enum' ? type.getEnum().getTypeId() : type.getStruct().getTypeId();
    return { kind, name: flatName(node(context, id)), file: fileOf(context, id) };
  }
  return { kind: 'unsupported', name: schema.Type_Which[which] };
};

const hasDefault = (slot: schema.Field_Slot): boolean => {
  const value = slot.getDefaultValue();
  switch (value.which()) {
    case schema.Value_Which.VOID:
      return false;
    case schema.Value_Which.BOOL:
      return value.getBool();
    case schema.Value_Which.UINT8:
      return value.getUint8() !== 0;
    case schema.Value_Which.UINT16:
      return value.getUint16() !== 0;
    case schema.Value_Which.UINT32:
      return value.getUint32() !== 0;
    case schema.Value_Which.UINT64:
      return value.getUint64() !== 0n;
    case schema.Value_Which.INT64:
      return value.getInt64() !== 0n;
    case schema.Value_Which.ENUM:
      return value.getEnum() !== 0;
    default:
      return slot.getHadExplicitDefault();
  }
};

const fieldOf = (context: Context, field: schema.Field): Field => {
  const slot = field.isSlot() ? field.getSlot() : undefined;
  const ordinal = field.getOrdinal();
  const marks = marksOf(context, field);
  return {
    name: field.getName(),
    type: slot === undefined ? { kind: 'unsupported', name: 'GROUP' } : typeOf(context, slot.getType()),
    offset: slot?.getOffset() ?? 0,
    ordinal: ordinal.isExplicit() ? ordinal.getExplicit() : -1,
    tag:
      field.getDiscriminantValue() === schema.Field.NO_DISCRIMINANT
        ? undefined
        : field.getDiscriminantValue(),
    hasDefault: slot !== undefined && hasDefault(slot),
    own: marks.has('own'),
    latin1: marks.has('latin1'),
    interned: marks.has('interned'),
    slice: marks.has('slice'),
    head: marks.has('head'),
  };
};

const structOf = (context: Context, of: schema.Node): Struct => {
  const struct = of.getStruct();
  const fields = items(struct.hasFields(), () => struct.getFields()).map((field) => fieldOf(context, field));
  const hasUnion = struct.getDiscriminantCount() > 0;
  return {
    name: flatName(of),
    path: pathOf(of),
    dataWords: struct.getDataWordCount(),
    pointers: struct.getPointerCount(),
    fields: fields.sort((a, b) => a.ordinal - b.ordinal),
    tagOffset: hasUnion ? struct.getDiscriminantOffset() * 2 : undefined,
    unsupported: of.getIsGeneric() ? ['generic'] : [],
  };
};

const enumOf = (context: Context, of: schema.Node): Enum => {
  const values = items(of.getEnum().hasEnumerants(), () => of.getEnum().getEnumerants()).map((one) => ({
    name: one.getName(),
    own: marksOf(context, one).has('own'),
  }));
  return { name: flatName(of), values };
};

/** Nested declarations of a node, depth first, in the order of the source. */
const nestedOf = (context: Context, of: schema.Node): schema.Node[] =>
  items(of.hasNestedNodes(), () => of.getNestedNodes()).flatMap((nested) => {
    const child = node(context, nested.getId());
    return [child, ...nestedOf(context, child)];
  });

/** The requested files, in the order in which they were named. */
export const readRequest = (bytes: Uint8Array): SchemaFile[] => {
  // Not packed, said explicitly: the constructor's default is the other way round.
  const message = new capnp.Message(new Uint8Array(bytes).buffer, false);
  const request = message.getRoot(schema.CodeGeneratorRequest);
  const context: Context = new Map(
    items(request.hasNodes(), () => request.getNodes()).map((one) => [one.getId(), one]),
  );
  return items(request.hasRequestedFiles(), () => request.getRequestedFiles()).map((file) => {
    const declared = nestedOf(context, node(context, file.getId()));
    return {
      name: baseName(file.getFilename()),
      structs: declared.filter((one) => one.isStruct()).map((one) => structOf(context, one)),
      enums: declared.filter((one) => one.isEnum()).map((one) => enumOf(context, one)),
      unsupported: declared
        .filter((one) => one.isInterface() || one.isConst())
        .map((one) => `${flatName(one)}: interfaces and constants`),
    };
  });
};
