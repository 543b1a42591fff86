/**
 * The bytes of a value. First byte: {@link VERSION_PLAIN}, then one item; or {@link VERSION_REFERENCES}, three
 * zero bytes, u32le count, that many object ids of 32 bytes, then a plain value.
 *
 * An item starts with a tag byte: 0x80–0xff are the integers 0–127, 0x40–0x7f an ASCII string of 0–63
 * characters, the rest {@link TAG}. Lengths and counts are LEB128 below 2^32; numbers little-endian. Typed
 * arrays are padded so that they start at a multiple of their element size, counted from the first byte of the
 * plain value. Every item that is an object has an index in order of appearance, which `back` refers to.
 */
export const VERSION_PLAIN = 1;
export const VERSION_REFERENCES = 2;

export const TAG = {
  undefined: 0x00,
  null: 0x01,
  true: 0x02,
  false: 0x03,
  intPositive: 0x04,
  intNegative: 0x05,
  float: 0x06,
  bigintPositive: 0x07,
  bigintNegative: 0x08,
  ascii: 0x09,
  utf8: 0x0a,
  /** Strings with a lone surrogate, which UTF-8 cannot hold. */
  utf16: 0x0b,
  date: 0x0c,
  regexp: 0x0d,
  map: 0x0e,
  set: 0x0f,
  array: 0x10,
  object: 0x11,
  nullPrototypeObject: 0x12,
  error: 0x13,
  arrayBuffer: 0x14,
  view: 0x15,
  back: 0x16,
  /** Only as an element of an array. */
  hole: 0x17,
  reference: 0x18,
} as const;

export const SHORT_STRING = 0x40;
export const SHORT_STRING_MAX = 63;
export const SMALL_INT = 0x80;
export const SMALL_INT_MAX = 127;

/** Containers inside containers. Far below what exhausts the stack. */
export const DEPTH_MAX = 1_000;
export const HOLES_MAX: number = 1 << 20;
/** Lengths are 32 bits wide. */
export const VALUE_BYTES_MAX: number = 2 ** 32 - 1;
/** The engine's own limit is 2^30 bits. */
export const BIGINT_BYTES_MAX: number = 2 ** 26;
export const OBJECT_ID_BYTES = 32;

type ViewConstructor = {
  readonly name: string;
  readonly bytesPerElement: number;
  readonly make: (buffer: ArrayBuffer, byteOffset: number, length: number) => ArrayBufferView;
};

/** Kinds of view by their number on the wire; append only. */
export const VIEWS: readonly ViewConstructor[] = [
  { name: 'Uint8Array', bytesPerElement: 1, make: (b, o, n) => new Uint8Array(b, o, n) },
  { name: 'Int8Array', bytesPerElement: 1, make: (b, o, n) => new Int8Array(b, o, n) },
  { name: 'Uint8ClampedArray', bytesPerElement: 1, make: (b, o, n) => new Uint8ClampedArray(b, o, n) },
  { name: 'Int16Array', bytesPerElement: 2, make: (b, o, n) => new Int16Array(b, o, n) },
  { name: 'Uint16Array', bytesPerElement: 2, make: (b, o, n) => new Uint16Array(b, o, n) },
  { name: 'Int32Array', bytesPerElement: 4, make: (b, o, n) => new Int32Array(b, o, n) },
  { name: 'Uint32Array', bytesPerElement: 4, make: (b, o, n) => new Uint32Array(b, o, n) },
  { name: 'Float32Array', bytesPerElement: 4, make: (b, o, n) => new Float32Array(b, o, n) },
  { name: 'Float64Array', bytesPerElement: 8, make: (b, o, n) => new Float64Array(b, o, n) },
  { name: 'BigInt64Array', bytesPerElement: 8, make: (b, o, n) => new BigInt64Array(b, o, n) },
  { name: 'BigUint64Array', bytesPerElement: 8, make: (b, o, n) => new BigUint64Array(b, o, n) },
  { name: 'DataView', bytesPerElement: 1, make: (b, o, n) => new DataView(b, o, n) },
];

/** Built-in error classes that a decoded error is an instance of, by their number on the wire; append only. */
export const ERROR_CLASSES: readonly ErrorConstructor[] = [
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
];
/** An AggregateError, whose constructor has another shape. */
export const AGGREGATE_ERROR_CLASS: number = ERROR_CLASSES.length;

/** What follows the message of an error. */
export const ERROR_HAS = { stack: 1, cause: 2, errors: 4, name: 8 } as const;
