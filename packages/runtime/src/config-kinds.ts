/** What a value of configuration may be, how it is written, and how it is shown again. */
import type { Capabilities } from '@muster/protocol/ids';

/** What a configuration file or `--print-config` can hold. */
export type ConfigScalar = string | number | boolean;
export type ConfigText = ConfigScalar | readonly ConfigScalar[];

/** A value that does not fit: thrown by kinds, collected by `resolveConfig`. */
export class KindError extends Error {
  override readonly name = 'KindError';
  readonly code = 'invalid';
  readonly hint: string | undefined;
  constructor(what: string, hint?: string) {
    super(what);
    this.hint = hint;
  }
}

export interface Kind<T> {
  /** What stands after the flag in the help; '' for a flag without value. */
  readonly placeholder: string;
  /** 'list': the flag may be repeated. */
  readonly shape: 'one' | 'list' | 'boolean';
  /** From a flag or the environment (text), or from TOML (any). @throws KindError */
  read(raw: unknown): T;
  /** The inverse, as one would write it in TOML. */
  show(value: T): ConfigText;
}

const quoted = (raw: unknown): string => (typeof raw === 'string' ? `"${raw}"` : JSON.stringify(raw));

/** @param options.pattern what the whole text must match, with `example` as the hint. */
export const text = (
  options: { placeholder?: string; pattern?: RegExp; example?: string } = {},
): Kind<string> => ({
  placeholder: options.placeholder ?? '<text>',
  shape: 'one',
  read(raw) {
    if (typeof raw !== 'string') throw new KindError(`${quoted(raw)} is not text`, 'put it in quotes');
    if (options.pattern !== undefined && !options.pattern.test(raw)) {
      throw new KindError(
        `${quoted(raw)} does not fit`,
        options.example === undefined ? undefined : `such as ${options.example}`,
      );
    }
    return raw;
  },
  show: (value) => value,
});

interface NumberLimits {
  readonly min?: number;
  readonly max?: number;
}

const checkLimits = (
  value: number,
  { min, max }: NumberLimits,
  show: (value: number) => string = String,
): number => {
  if (min !== undefined && value < min)
    throw new KindError(`${show(value)} is too small`, `at least ${show(min)}`);
  if (max !== undefined && value > max)
    throw new KindError(`${show(value)} is too large`, `at most ${show(max)}`);
  return value;
};

const readNumber = (raw: unknown): number | undefined => {
  if (typeof raw === 'bigint') return Number(raw);
  const value =
    typeof raw === 'string' && /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(raw.trim()) ? Number(raw) : raw;
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
};

export const integer = (limits: NumberLimits = {}): Kind<number> => ({
  placeholder: '<n>',
  shape: 'one',
  read(raw) {
    const value = readNumber(raw);
    if (value === undefined || !Number.isSafeInteger(value))
      throw new KindError(`${quoted(raw)} is not a whole number`);
    return checkLimits(value, limits);
  },
  show: (value) => value,
});

export const number = (limits: NumberLimits = {}): Kind<number> => ({
  placeholder: '<number>',
  shape: 'one',
  read(raw) {
    const value = readNumber(raw);
    if (value === undefined) throw new KindError(`${quoted(raw)} is not a number`);
    return checkLimits(value, limits);
  },
  show: (value) => value,
});

const WORDS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['yes', true],
  ['on', true],
  ['1', true],
  ['false', false],
  ['no', false],
  ['off', false],
  ['0', false],
]);

/** A flag without value, with its `--no-…`; in the environment true, yes, on, 1 or false, no, off, 0. */
export const boolean = (): Kind<boolean> => ({
  placeholder: '',
  shape: 'boolean',
  read(raw) {
    if (typeof raw === 'boolean') return raw;
    const value = typeof raw === 'string' ? WORDS.get(raw.trim().toLowerCase()) : undefined;
    if (value === undefined) throw new KindError(`${quoted(raw)} is neither true nor false`);
    return value;
  },
  show: (value) => value,
});

export const choice = <const T extends string>(values: readonly T[]): Kind<T> => ({
  placeholder: `<${values.join('|')}>`,
  shape: 'one',
  read(raw) {
    const found = values.find((value) => value === raw);
    if (found === undefined) throw new KindError(`${quoted(raw)} is none of the choices`, values.join(', '));
    return found;
  },
  show: (value) => value,
});

const MS_PER_UNIT: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['min', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

/** Milliseconds of `500ms`, `2s`, `1.5h`, `1m30s`; undefined for anything else, also for a bare number other than 0. */
export const parseDurationMs = (written: string): number | undefined => {
  const compact = written.trim().replaceAll(' ', '');
  if (compact === '0') return 0;
  if (!/^(\d+(\.\d+)?(ms|s|min|m|h|d))+$/.test(compact)) return undefined;
  let ms = 0;
  for (const [, amount, unit] of compact.matchAll(/(\d+(?:\.\d+)?)(ms|s|min|m|h|d)/g)) {
    ms += Number(amount) * (MS_PER_UNIT.get(unit ?? '') ?? Number.NaN);
  }
  return Number.isFinite(ms) ? Math.round(ms) : undefined;
};

/** `1h`, `90s`, `1500ms`: the largest unit that gives a whole number. */
export const showDuration = (ms: number): string => {
  if (ms === 0) return '0s';
  for (const unit of ['d', 'h', 'm', 's']) {
    const size = MS_PER_UNIT.get(unit) ?? 1;
    if (ms % size === 0) return `${ms / size}${unit}`;
  }
  return `${ms}ms`;
};

/**
 * A time span in milliseconds, written with its unit.
 *
 * @param limits.bareUnit what a number without unit means; default: it is refused, because half of all readers
 *   would guess wrong. 's' for options whose stock name ends in `-seconds`.
 */
export const duration = (limits: NumberLimits & { bareUnit?: 's' | 'ms' } = {}): Kind<number> => ({
  placeholder: '<duration>',
  shape: 'one',
  read(raw) {
    const bare = limits.bareUnit === undefined ? undefined : readNumber(raw);
    const ms =
      bare !== undefined
        ? Math.round(bare * (limits.bareUnit === 's' ? 1000 : 1))
        : typeof raw === 'string'
          ? parseDurationMs(raw)
          : undefined;
    if (ms === undefined)
      throw new KindError(
        `${quoted(raw)} is not a duration`,
        'write it with its unit, such as 500ms, 2s or 1m30s',
      );
    return checkLimits(ms, limits, showDuration);
  },
  show: showDuration,
});

const BYTES_PER_UNIT: ReadonlyMap<string, number> = new Map([
  ['b', 1],
  ['kb', 1000],
  ['mb', 1000 ** 2],
  ['gb', 1000 ** 3],
  ['tb', 1000 ** 4],
  ['kib', 1024],
  ['mib', 1024 ** 2],
  ['gib', 1024 ** 3],
  ['tib', 1024 ** 4],
]);

/** Bytes of `512MiB`, `1.5GB`, `4096`; undefined for anything else. */
export const parseSizeBytes = (written: string): number | undefined => {
  const match = /^(\d+(?:\.\d+)?)([a-z]*)$/.exec(written.trim().replaceAll(' ', '').toLowerCase());
  if (match === null) return undefined;
  const bytes =
    Number(match[1]) * (BYTES_PER_UNIT.get(match[2] === '' ? 'b' : (match[2] ?? '')) ?? Number.NaN);
  return Number.isSafeInteger(Math.round(bytes)) ? Math.round(bytes) : undefined;
};

/** `512MiB`, `100MB`, `1500B`: the largest unit that gives a whole number. */
export const showSize = (bytes: number): string => {
  for (const unit of ['TiB', 'GiB', 'MiB', 'KiB', 'TB', 'GB', 'MB', 'kB']) {
    const size = BYTES_PER_UNIT.get(unit.toLowerCase()) ?? 1;
    if (bytes >= size && bytes % size === 0) return `${bytes / size}${unit}`;
  }
  return `${bytes}B`;
};

/** A number of bytes, written with or without a unit. */
export const size = (limits: NumberLimits = {}): Kind<number> => ({
  placeholder: '<size>',
  shape: 'one',
  read(raw) {
    const bytes = typeof raw === 'string' ? parseSizeBytes(raw) : readNumber(raw);
    if (bytes === undefined || !Number.isSafeInteger(bytes) || bytes < 0) {
      throw new KindError(`${quoted(raw)} is not a size`, 'write it as 512MiB, 100MB or a number of bytes');
    }
    return checkLimits(bytes, limits, showSize);
  },
  show: showSize,
});

/** Several of a kind: the flag repeated or with commas, an array or text with commas in the file. */
export const list = <T>(kind: Kind<T>, limits: NumberLimits = {}): Kind<readonly T[]> => ({
  placeholder: kind.placeholder,
  shape: 'list',
  read(raw) {
    const parts = (Array.isArray(raw) ? raw : [raw]).flatMap((part: unknown) =>
      typeof part === 'string'
        ? part
            .split(',')
            .map((piece) => piece.trim())
            .filter((piece) => piece !== '')
        : [part],
    );
    checkLimits(parts.length, limits, (count) => `${count} ${count === 1 ? 'value' : 'values'}`);
    return Object.freeze(parts.map((part) => kind.read(part)));
  },
  show: (value) => value.flatMap((one) => kind.show(one)),
});

/**
 * Capabilities as the stock system writes them: `gpu,memory=16`; a bare name or `=-1` is a capability without
 * quantity. Source: OpenGRIS Scaler 1.15.0, `--per-worker-capabilities`.
 */
export const capabilities = (): Kind<Capabilities> => ({
  placeholder: '<name[=n],…>',
  shape: 'list',
  read(raw) {
    const result = new Map<string, number | 'present'>();
    for (const part of list(text()).read(raw)) {
      const match = /^([^=\s]+)(?:=(-1|\d{1,15}))?$/.exec(part);
      const name = match?.[1];
      if (name === undefined)
        throw new KindError(
          `"${part}" is not a capability`,
          'write a name or name=number, such as gpu,memory=16',
        );
      const quantity = match?.[2];
      result.set(name, quantity === undefined || quantity === '-1' ? 'present' : Number(quantity));
    }
    return result;
  },
  show: (value) =>
    [...value].map(([name, quantity]) => (quantity === 'present' ? name : `${name}=${quantity}`)),
});

/** The part of a zod schema that is used here, so that a command without schemas does not load zod. */
export interface SchemaLike<T> {
  safeParse(raw: unknown):
    | { readonly success: true; readonly data: T }
    | {
        readonly success: false;
        readonly error: { readonly issues: readonly { readonly message: string }[] };
      };
}

/** Any zod schema as a kind. */
export const schema = <T>(
  placeholder: string,
  rules: SchemaLike<T>,
  show: (value: T) => ConfigText,
): Kind<T> => ({
  placeholder,
  shape: 'one',
  read(raw) {
    const result = rules.safeParse(raw);
    if (!result.success) throw new KindError(result.error.issues.map((issue) => issue.message).join('; '));
    return result.data;
  },
  show,
});
