/** The table that describes a command's options. */
import type { Kind } from '../config-kinds.ts';

export interface OptionDetails {
  /** One line for the help, without default and environment, which are added. */
  readonly doc: string;
  /** Long flag without dashes; default: the name in kebab case without its unit. */
  readonly flag?: string;
  /** One letter. */
  readonly short?: string;
  /** More spellings of flag and file key, such as a stock name; not shown in the help. */
  readonly aliases?: readonly string[];
  /** Environment variable; default `MUSTER_` and the flag. False: not read from the environment. */
  readonly env?: string | false;
  /** Masked wherever it is shown, and never a flag: command lines are public. */
  readonly secret?: boolean;
  /** An argument without flag, in the order of the table; the environment and the file are read as well. */
  readonly positional?: boolean;
}

type Presence<T> =
  | { readonly kind: 'default'; readonly value: T }
  | { readonly kind: 'optional' }
  | { readonly kind: 'required' };

export interface Option<T> extends OptionDetails {
  /** Reads and shows what was given; `presence` says what happens when nothing was. */
  readonly kind: Kind<unknown>;
  readonly presence: Presence<T>;
}

/** An option with a default. */
export const option = <T>(
  kind: Kind<T>,
  details: OptionDetails & { readonly default: NoInfer<T> },
): Option<T> => ({ ...details, kind, presence: { kind: 'default', value: details.default } });

/** An option that may be missing: `undefined` in the result. */
export const optional = <T>(kind: Kind<T>, details: OptionDetails): Option<T | undefined> => ({
  ...details,
  kind,
  presence: { kind: 'optional' },
});

/** An option that must be given somewhere. */
export const required = <T>(kind: Kind<T>, details: OptionDetails): Option<T> => ({
  ...details,
  kind,
  presence: { kind: 'required' },
});

export type OptionTable = Readonly<Record<string, Option<unknown>>>;

export type ValuesOf<O> = { readonly [K in keyof O]: O[K] extends Option<infer T> ? T : never };

/** A rule over several values: which option to blame, and why. */
export interface Conflict<Name> {
  readonly option: Name;
  readonly what: string;
  readonly hint?: string;
}

export interface CommandSpec<O = OptionTable> {
  /** Name of its table in the file; `_` and `-` are the same. */
  readonly section: string;
  /** Sections that are read where ours is absent, such as the stock name. */
  readonly sectionAliases?: readonly string[];
  readonly options: O;
  /** Keys (and flags with a value) of the stock system that have no meaning here: accepted, without effect. */
  readonly ignored?: readonly string[];
  /** Runs when every single value is right. */
  check?(values: ValuesOf<O>): readonly Conflict<keyof O & string>[];
}

/** Gives the table its type: write it once, read `ConfigOf<typeof it>`. */
export const defineCommand = <const O extends OptionTable>(spec: CommandSpec<O>): CommandSpec<O> => spec;

export type ConfigOf<C> = C extends CommandSpec<infer O> ? ValuesOf<O> : never;
