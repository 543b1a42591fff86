/** Values that clients put once and use many times: fetched and decoded once, read-only by contract. */
import type { ObjectId } from '@muster/protocol/ids';
import { decodeValue } from '@muster/protocol/values';
import { TaskFailure } from '../errors.ts';
import type { Objects } from './objects.ts';

export interface References {
  resolve(ids: readonly ObjectId[], signal: AbortSignal): Promise<ReadonlyMap<ObjectId, unknown>>;
}

/** @param bytesMax of encoded values kept; the one used least recently leaves. */
export const createReferences = (objects: Objects, bytesMax: number): References => {
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

/** @throws TaskFailure 'TaskInvalidError' */
export const decodeArgument = (bytes: Uint8Array, references?: ReadonlyMap<ObjectId, unknown>): unknown => {
  try {
    return references === undefined ? decodeValue(bytes) : decodeValue(bytes, { references });
  } catch (cause) {
    throw new TaskFailure('TaskInvalidError', 'the argument cannot be decoded', { cause });
  }
};
