/** Errors must always get home: what inside one cannot travel is left out, the rest arrives. */
import type { Decoder } from './decoder.ts';
import type { Encoder } from './encoder.ts';
import { AGGREGATE_ERROR_CLASS, ERROR_CLASSES, ERROR_HAS, TAG } from './format.ts';

const NAMED_FIELDS: ReadonlySet<string> = new Set(['name', 'message', 'stack', 'cause', 'errors']);

const text = (encoder: Encoder, value: object, key: string): string | undefined => {
  let read: unknown;
  encoder.attempt(() => {
    read = encoder.read(value, key, 0);
  });
  return typeof read === 'string' ? read : undefined;
};

const classOf = (value: object): number => {
  if (value instanceof AggregateError) return AGGREGATE_ERROR_CLASS;
  const index = ERROR_CLASSES.findLastIndex((known) => value instanceof known);
  return Math.max(0, index);
};

export const writeError = (encoder: Encoder, value: object, depth: number): void => {
  const errorClass = classOf(value);
  const name = text(encoder, value, 'name');
  const stack = text(encoder, value, 'stack');
  const ownName = name !== undefined && name !== defaultName(errorClass) ? name : undefined;
  encoder.byte(TAG.error);
  encoder.byte(errorClass);
  encoder.byte((stack === undefined ? 0 : ERROR_HAS.stack) | (ownName === undefined ? 0 : ERROR_HAS.name));
  encoder.string(text(encoder, value, 'message') ?? '');
  if (ownName !== undefined) encoder.string(ownName);
  if (stack !== undefined) encoder.string(stack);
  writeFields(encoder, value, depth);
};

/** Fields follow as key and value, each announced by `true`; `false` ends them: how many fit is known only afterwards. */
const writeFields = (encoder: Encoder, value: object, depth: number): void => {
  const keys = Object.keys(value).filter((key) => !NAMED_FIELDS.has(key));
  // `code` may be inherited (DOMException), cause and errors are own but hidden.
  if ('code' in value && !keys.includes('code')) keys.unshift('code');
  if (Object.hasOwn(value, 'cause')) keys.unshift('cause');
  if (value instanceof AggregateError) keys.unshift('errors');
  for (const key of keys) {
    encoder.attempt(() => {
      encoder.byte(TAG.true);
      encoder.string(key);
      encoder.at(depth, 'property', key);
      encoder.write(encoder.read(value, key, depth + 1), depth + 1);
    });
  }
  encoder.byte(TAG.false);
};

const defaultName = (errorClass: number): string => ERROR_CLASSES[errorClass]?.name ?? 'AggregateError';

const hidden = (target: object, key: string, value: unknown): void => {
  Object.defineProperty(target, key, { value, writable: true, configurable: true, enumerable: false });
};

export const readError = (decoder: Decoder, depth: number): Error => {
  const errorClass = decoder.byte();
  const has = decoder.byte();
  const message = decoder.string();
  const Class = ERROR_CLASSES[errorClass];
  if (Class === undefined && errorClass !== AGGREGATE_ERROR_CLASS) decoder.malformed('unknown error class');
  const error = withoutStack(() =>
    Class === undefined ? new AggregateError([], message) : new Class(message),
  );
  decoder.remember(error);
  if ((has & ERROR_HAS.name) !== 0) hidden(error, 'name', decoder.string());
  hidden(error, 'stack', (has & ERROR_HAS.stack) !== 0 ? decoder.string() : `${error.name}: ${message}`);
  for (let more = decoder.byte(); more !== TAG.false; more = decoder.byte()) {
    if (more !== TAG.true) decoder.malformed('unknown field of an error');
    const key = decoder.string();
    const field = decoder.read(depth + 1);
    if (key === 'cause' || key === 'errors') hidden(error, key, field);
    else
      Object.defineProperty(error, key, {
        value: field,
        writable: true,
        configurable: true,
        enumerable: true,
      });
  }
  return error;
};

/** The local stack would be replaced at once; collecting it is most of the cost of an error. */
const withoutStack = (make: () => Error): Error => {
  const before = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return make();
  } finally {
    Error.stackTraceLimit = before;
  }
};
