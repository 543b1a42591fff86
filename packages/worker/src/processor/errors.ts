/** Whatever user code threw, as bytes that fit a result. */
import { fileURLToPath } from 'node:url';
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

/** Frames of the runner and of whatever called it; a stack may name it by URL or by path. */
const RUNNER = new URL('./runner.', import.meta.url);
const RUNNER_NAMES: readonly string[] = [RUNNER.href, fileURLToPath(RUNNER)];
const CAUSES_MAX = 16;

/** The stack down to the user's function: what is below it is ours and explains nothing. */
export const trimStack = (stack: string): string => {
  const lines = stack.split('\n');
  const ours = lines.findIndex(
    (line) => /^\s+at /.test(line) && RUNNER_NAMES.some((name) => line.includes(name)),
  );
  return ours < 0 ? stack : lines.slice(0, ours).join('\n');
};

/** Of the error and its causes, in place: they are thrown away after they were encoded. */
const trimStacks = (thrown: Error): void => {
  let error: unknown = thrown;
  for (let seen = 0; isError(error) && seen < CAUSES_MAX; seen++) {
    const { stack } = error;
    const trimmed = typeof stack === 'string' ? trimStack(stack) : stack;
    if (trimmed !== stack) Reflect.set(error, 'stack', trimmed); // a frozen one stays as it is
    error = error.cause;
  }
};

/** Never throws, whatever was thrown: getters and proxies may. */
export const encodeError = (thrown: unknown): Uint8Array => {
  try {
    const error = isError(thrown) ? thrown : new Error(`the task threw ${cut(inspect(thrown))}`);
    trimStacks(error);
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
