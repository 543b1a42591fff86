/** Flag over environment over file over default; everything that is wrong is told at once. */
import { KindError } from '../config-kinds.ts';
import { ConfigError } from '../errors.ts';
import type { ConfigProblem } from '../errors.ts';
import type { ConfigFile } from './file.ts';
import { attributeOf, didYouMean, envOf, kebabOf, normalKey } from './names.ts';
import type { CommandSpec, Option, OptionTable, ValuesOf } from './table.ts';

export type ValueSource =
  | { readonly from: 'flag' | 'environment'; readonly name: string }
  | { readonly from: 'file'; readonly name: string; readonly path: string }
  | { readonly from: 'default' }
  /** An optional value that was given nowhere. */
  | { readonly from: 'nowhere' };

export interface Resolved<O> {
  readonly command: CommandSpec<O>;
  readonly values: ValuesOf<O>;
  readonly sources: { readonly [K in keyof O]: ValueSource };
}

export interface ConfigInput {
  /** What commander's `opts()` gives: values of given flags, by camel-cased flag name. Default: none. */
  readonly flags?: Readonly<Record<string, unknown>>;
  /** Positional arguments in order; a missing one is undefined. Default: none. */
  readonly args?: readonly unknown[];
  /** Default: empty, so that no test reads the environment by accident. Pass `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly file?: ConfigFile | undefined;
}

/** All spellings of an option's long flag and file key, its own first. */
export const spellings = (name: string, one: Option<unknown>): readonly string[] => [
  one.flag ?? kebabOf(name),
  ...(one.aliases ?? []).map(normalKey),
];

export const environmentName = (name: string, one: Option<unknown>): string | undefined =>
  one.env === false ? undefined : (one.env ?? envOf(one.flag ?? kebabOf(name)));

interface Found {
  readonly raw: unknown;
  readonly where: string;
  readonly source: ValueSource;
}

const isGiven = (raw: unknown): boolean => raw !== undefined && !(Array.isArray(raw) && raw.length === 0);

const sectionOf = (
  command: CommandSpec,
  file: ConfigFile | undefined,
): { name: string; keys: ReadonlyMap<string, unknown> } | undefined => {
  for (const name of [command.section, ...(command.sectionAliases ?? [])].map(normalKey)) {
    const keys = file?.sections.get(name);
    if (keys !== undefined) return { name, keys };
  }
  return undefined;
};

const findValue = (
  name: string,
  one: Option<unknown>,
  position: number | undefined,
  command: CommandSpec,
  input: ConfigInput,
): Found | undefined => {
  const names = spellings(name, one);
  if (position !== undefined && isGiven(input.args?.[position])) {
    return {
      raw: input.args?.[position],
      where: `<${names[0] ?? name}>`,
      source: { from: 'flag', name: `<${names[0] ?? name}>` },
    };
  }
  for (const flag of names) {
    const raw = position === undefined && one.secret !== true ? input.flags?.[attributeOf(flag)] : undefined;
    if (isGiven(raw)) return { raw, where: `--${flag}`, source: { from: 'flag', name: `--${flag}` } };
  }
  const variable = environmentName(name, one);
  const fromEnv = variable === undefined ? undefined : input.env?.[variable];
  if (variable !== undefined && fromEnv !== undefined && fromEnv !== '') {
    return { raw: fromEnv, where: variable, source: { from: 'environment', name: variable } };
  }
  const section = sectionOf(command, input.file);
  const key = names.find((candidate) => section?.keys.has(normalKey(candidate)));
  if (section === undefined || key === undefined) return undefined;
  const path = input.file?.path ?? '';
  return {
    raw: section.keys.get(normalKey(key)),
    where: `${path} [${section.name}] ${key}`,
    source: { from: 'file', name: key, path },
  };
};

const unknownKeys = (command: CommandSpec, file: ConfigFile | undefined): readonly ConfigProblem[] => {
  const section = sectionOf(command, file);
  if (section === undefined) return [];
  const known = new Set(Object.entries(command.options).flatMap(([name, one]) => spellings(name, one)));
  const accepted = new Set([...known, ...(command.ignored ?? []).map(normalKey)]);
  return [...section.keys.keys()]
    .filter((key) => !accepted.has(key))
    .map((key): ConfigProblem => {
      const near = didYouMean(key, known);
      const hint = near === undefined ? `keys are ${[...known].join(', ')}` : `did you mean ${near}?`;
      return {
        code: 'unknownKey',
        where: `${file?.path ?? ''} [${section.name}] ${key}`,
        what: 'there is no such key',
        hint,
      };
    });
};

const howToGive = (name: string, one: Option<unknown>, command: CommandSpec): string => {
  const spelling = spellings(name, one)[0] ?? name;
  const variable = environmentName(name, one);
  const ways = [
    one.positional === true || one.secret === true ? undefined : `--${spelling}`,
    variable,
    `${spelling} in [${command.section}]`,
  ];
  return `give it as ${ways.filter((way) => way !== undefined).join(', or ')}`;
};

/**
 * Resolves all options of one command.
 *
 * @returns frozen values, complete, and where each came from.
 * @throws ConfigError with every problem of the command and the file's sections, not the first one.
 */
export const resolveConfig = <O extends OptionTable>(
  command: CommandSpec<O>,
  input: ConfigInput = {},
): Resolved<O> => {
  const problems: ConfigProblem[] = [...(input.file?.problems ?? []), ...unknownKeys(command, input.file)];
  const values: Record<string, unknown> = {};
  const sources: Record<string, ValueSource> = {};
  let positionals = 0;
  for (const [name, one] of Object.entries<Option<unknown>>(command.options)) {
    const position = one.positional === true ? positionals++ : undefined;
    const found = findValue(name, one, position, command, input);
    if (found === undefined) {
      values[name] = one.presence.kind === 'default' ? one.presence.value : undefined;
      sources[name] = { from: one.presence.kind === 'default' ? 'default' : 'nowhere' };
      if (one.presence.kind === 'required') {
        problems.push({
          code: 'missing',
          where:
            position === undefined
              ? `--${spellings(name, one)[0] ?? name}`
              : `<${spellings(name, one)[0] ?? name}>`,
          what: 'is required',
          hint: howToGive(name, one, command),
        });
      }
      continue;
    }
    sources[name] = found.source;
    try {
      values[name] = one.kind.read(found.raw);
    } catch (error) {
      if (!(error instanceof KindError)) throw error;
      const what = one.secret === true ? 'the value does not fit' : error.message;
      problems.push({ code: 'invalid', where: found.where, what, hint: error.hint });
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  const result = {
    command,
    values: Object.freeze(values) as ValuesOf<O>,
    sources: Object.freeze(sources) as Resolved<O>['sources'],
  };
  const conflicts = command.check?.(result.values) ?? [];
  if (conflicts.length === 0) return Object.freeze(result);
  throw new ConfigError(
    conflicts.map(({ option, what, hint }) => ({
      code: 'invalid',
      where: `--${spellings(option, command.options[option] as Option<unknown>)[0] ?? option}`,
      what,
      hint,
    })),
  );
};
