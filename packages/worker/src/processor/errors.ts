/** Whatever user code threw, as bytes that fit a result. */
import { inspect, types } from 'node:util';
import { INLINE_BYTES_MAX } from '@muster/protocol/calls';
import { encodeValue } from '@muster/protocol/values';

const TEXT_MAX = 4096;

const isError = (thrown: unknown): thrown is Error => thrown instanceof Error || types.isNativeError(thrown);

const cut = (text: string): string => (text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)} … (cut)` : text);

/** Name, message and the first part of the stack, when the whole error cannot travel. */
const plain = (error: Error): Error => {
  const copy = new Error(cut(error.message));
  copy.name = cut(error.name);
  if (error.stack !== undefined) copy.stack = cut(error.stack);
  if ('code' in error && (typeof error.code === 'string' || typeof error.code === 'number')) {
    Object.assign(copy, { code: error.code });
  }
  return copy;
};

/** Never throws, whatever was thrown: getters and proxies may. */
export const encodeError = (thrown: unknown): Uint8Array => {
  try {
    const error = isError(thrown) ? thrown : new Error(`the task threw ${cut(inspect(thrown))}`);
    const bytes = encodeOrUndefined(error);
    return bytes !== undefined && bytes.length <= INLINE_BYTES_MAX ? bytes : encodeValue(plain(error));
  } catch {
    return encodeValue(new Error('the task threw something that cannot be read'));
  }
};

const encodeOrUndefined = (error: Error): Uint8Array | undefined => {
  try {
    return encodeValue(error);
  } catch {
    return undefined; // such as a cause that cannot travel: the plain copy has the essentials
  }
};
