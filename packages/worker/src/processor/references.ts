/** Values that clients put once and use many times: fetched and decoded once, read-only by contract. */
import type { ObjectId } from '@muster/protocol/ids';
import { decodeValue, valueReferences } from '@muster/protocol/values';
import { TaskFailure } from '../errors.ts';
import type { Objects } from './objects.ts';

export interface References {
  resolve(ids: readonly ObjectId[], signal: AbortSignal): Promise<ReadonlyMap<ObjectId, unknown>>;
}

/** Of encoded values kept; the one used least recently leaves. */
const BYTES_MAX = 128 * 1024 * 1024;

export const createReferences = (objects: Objects, bytesMax: number = BYTES_MAX): References => {
  const kept = new Map<ObjectId, { readonly value: unknown; readonly bytes: number }>();
  let keptBytes = 0;

  const keep = (id: ObjectId, value: unknown, bytes: number): void => {
    if (bytes > bytesMax || kept.has(id)) return;
    kept.set(id, { value, bytes });
    keptBytes += bytes;
    for (const [oldest, one] of kept) {
      if (keptBytes <= bytesMax) break;
      kept.delete(oldest);
      keptBytes -= one.bytes;
    }
  };
  const one = async (id: ObjectId, signal: AbortSignal): Promise<unknown> => {
    const known = kept.get(id);
    if (known !== undefined) {
      kept.delete(id);
      kept.set(id, known);
      return known.value;
    }
    const bytes = await objects.get(id, signal);
    const value = decodeArgument(bytes);
    keep(id, value, bytes.byteLength);
    return value;
  };
  return {
    resolve: async (ids, signal) => {
      const values = await Promise.all(ids.map((id) => one(id, signal)));
      return new Map(ids.map((id, at) => [id, values[at]]));
    },
  };
};

const invalid = (cause: unknown): TaskFailure =>
  new TaskFailure('TaskInvalidError', 'the argument cannot be decoded', { cause });

/** Objects that an argument refers to; none for most. @throws TaskFailure 'TaskInvalidError' */
export const referencesOf = (bytes: Uint8Array): readonly ObjectId[] => {
  try {
    return valueReferences(bytes);
  } catch (cause) {
    throw invalid(cause);
  }
};

/** @throws TaskFailure 'TaskInvalidError' */
export const decodeArgument = (bytes: Uint8Array, references?: ReadonlyMap<ObjectId, unknown>): unknown => {
  try {
    return references === undefined ? decodeValue(bytes) : decodeValue(bytes, { references });
  } catch (cause) {
    throw invalid(cause);
  }
};
