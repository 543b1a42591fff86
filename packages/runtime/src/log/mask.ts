/** Secrets never reach a log line: values are masked by the name of their key. */

const SECRET =
  /secret|passw(or)?d|passphrase|credential|authorization|cookie|api[-_]?key|private[-_]?key|access[-_]?key|(^|[-_])token$|[a-z]Token$/i;
const MASK = '********';
const DEPTH_MAX = 6;
const ITEMS_MAX = 200;
const NAMES_MAX = 2000;

/** Key names repeat; the pattern is asked once for each. */
const asked = new Map<string, boolean>();

const isSecret = (key: string): boolean => {
  let answer = asked.get(key);
  if (answer === undefined) {
    answer = SECRET.test(key);
    if (asked.size < NAMES_MAX) asked.set(key, answer);
  }
  return answer;
};

const plainError = (error: Error, depth: number): Readonly<Record<string, unknown>> => ({
  ...('code' in error ? { code: error.code } : {}),
  type: error.name,
  message: error.message,
  stack: error.stack,
  ...(error.cause === undefined ? {} : { cause: plain(error.cause, depth + 1) }),
});

/** A JSON-safe copy: errors with code, stack and cause; bytes as their length; cycles and depth cut off. */
const plain = (value: unknown, depth: number): unknown => {
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'function' || typeof value === 'symbol') return typeof value;
  if (typeof value !== 'object' || value === null) return value;
  if (depth > DEPTH_MAX) return '…';
  if (value instanceof Error) return plainError(value, depth);
  if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`;
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Map)
    return masked(
      Object.fromEntries([...value].slice(0, ITEMS_MAX).map(([key, item]) => [String(key), item])),
      depth + 1,
    );
  if (Array.isArray(value) || value instanceof Set)
    return [...value].slice(0, ITEMS_MAX).map((item) => plain(item, depth + 1));
  return masked(value as Readonly<Record<string, unknown>>, depth + 1);
};

/** A copy of log fields that can be shown to anybody who may read the log. */
export const masked = (fields: Readonly<Record<string, unknown>>, depth = 0): Record<string, unknown> => {
  const result: Record<string, unknown> = {};
  for (const key in fields) {
    const value = fields[key];
    result[key] = isSecret(key) && value !== undefined && value !== '' ? MASK : plain(value, depth);
  }
  return result;
};
