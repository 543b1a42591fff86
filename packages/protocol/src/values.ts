/**
 * JavaScript values as bytes: arguments and results of tasks. What travels: undefined, null, booleans, numbers
 * (-0 and NaN too), bigints, strings (lone surrogates too), dates, regular expressions, maps, sets, array
 * buffers, typed arrays and data views (a Buffer arrives as a Uint8Array; only the viewed bytes are sent),
 * errors (name, message, stack, cause, code, own fields; a field that cannot travel is left out), arrays
 * (holes are kept, other properties are not), plain objects, {@link ObjectRef}; with cycles and shared
 * references. Everything else is refused by path. Layout: values/format.ts.
 */
import type { ObjectId } from './ids.ts';
import { Decoder, readReferences } from './values/decoder.ts';
import { Encoder } from './values/encoder.ts';
import { SMALL_INT, SMALL_INT_MAX, VERSION_PLAIN } from './values/format.ts';

export { ObjectRef } from './values/object-ref.ts';
export { ValueError, type ValueErrorCode } from './values/value-error.ts';

let idle: Encoder | undefined;

/**
 * @param root What the value is called in the path of a refusal; 'value' by default.
 * @throws ValueError 'notTransferable' | 'unreadable' | 'tooDeep' | 'tooLarge'
 */
export const encodeValue = (value: unknown, root: string = 'value'): Uint8Array => {
  if (typeof value === 'number' && (value | 0) === value && value > 0 && value <= SMALL_INT_MAX) {
    const tiny = new Uint8Array(2);
    tiny[0] = VERSION_PLAIN;
    tiny[1] = SMALL_INT + value;
    return tiny;
  }
  // A getter inside the value may encode something itself: the encoder in use is never handed out twice.
  const encoder = idle ?? new Encoder();
  idle = undefined;
  try {
    return encoder.encode(value, root);
  } finally {
    idle = encoder;
  }
};

export interface DecodeOptions {
  /**
   * The bytes are the caller's to give away: arrays become views on them where alignment allows, instead of
   * copies. Never for bytes inside a received frame.
   */
  readonly adopt?: boolean;
  /** Values to put in the places of the {@link ObjectRef}s; without it they arrive as ObjectRefs. See {@link valueReferences}. */
  readonly references?: ReadonlyMap<ObjectId, unknown>;
}

/** @throws ValueError 'unknownVersion' | 'malformed' | 'tooDeep' | 'referenceMissing' */
export const decodeValue = (bytes: Uint8Array, options?: DecodeOptions): unknown => {
  const { ids, start } = readReferences(bytes);
  return new Decoder(bytes, start, {
    adopt: options?.adopt === true,
    referenceIds: ids,
    references: options?.references,
  }).decode();
};

/** Distinct objects that an encoded value refers to, without decoding it. Empty for most, at the price of one comparison. */
export const valueReferences = (bytes: Uint8Array): readonly ObjectId[] => readReferences(bytes).ids;
