/** From the table to command line options, without depending on the command line library. */
import type { ConfigText } from '../config-kinds.ts';
import { attributeOf } from './names.ts';
import { environmentName, spellings } from './resolve.ts';
import type { CommandSpec, Option, OptionTable } from './table.ts';

export interface FlagDefinition {
  /** In commander's notation: `-c, --client-timeout <duration>`. */
  readonly flags: string;
  readonly description: string;
  /** Another spelling, or an option without effect: works, but is not in the help. */
  readonly hidden: boolean;
  readonly repeatable: boolean;
  /** Key of its value in commander's `opts()`. */
  readonly attribute: string;
}

export interface ArgumentDefinition {
  /** `[address]` or `[address...]`: never mandatory for commander, because the environment or the file may have it. */
  readonly name: string;
  readonly description: string;
}

const showText = (shown: ConfigText): string => (Array.isArray(shown) ? shown.join(',') : String(shown));

const describe = (name: string, one: Option<unknown>): string => {
  const facts: string[] = [];
  const { presence } = one;
  if (presence.kind === 'required') facts.push('required');
  if (
    presence.kind === 'default' &&
    presence.value !== undefined &&
    presence.value !== null &&
    presence.value !== false
  ) {
    const shown = showText(one.kind.show(presence.value));
    if (shown !== '') facts.push(`default: ${shown}`);
  }
  const variable = environmentName(name, one);
  if (variable !== undefined) facts.push(`env: ${variable}`);
  return facts.length === 0 ? one.doc : `${one.doc} (${facts.join(', ')})`;
};

const flagsOf = (name: string, one: Option<unknown>): readonly FlagDefinition[] =>
  spellings(name, one).flatMap((flag, i): FlagDefinition[] => {
    const short = i === 0 && one.short !== undefined ? `-${one.short}, ` : '';
    const { shape, placeholder } = one.kind;
    const base = {
      description: describe(name, one),
      hidden: i > 0,
      repeatable: shape === 'list',
      attribute: attributeOf(flag),
    };
    if (shape !== 'boolean') return [{ ...base, flags: `${short}--${flag} ${placeholder}` }];
    const off = {
      ...base,
      flags: `--no-${flag}`,
      description: `the opposite of --${flag}`,
      hidden: i > 0 || !isOnByDefault(one),
    };
    return [{ ...base, flags: `${short}--${flag}` }, off];
  });

const isOnByDefault = (one: Option<unknown>): boolean =>
  one.presence.kind === 'default' && one.presence.value === true;

/** Flags of a command, in the order of its table. Secrets have none: command lines can be read by every user. */
export const flagDefinitions = <O extends OptionTable>(
  command: CommandSpec<O>,
): readonly FlagDefinition[] => [
  ...Object.entries<Option<unknown>>(command.options).flatMap(([name, one]) =>
    one.positional === true || one.secret === true ? [] : flagsOf(name, one),
  ),
  ...(command.ignored ?? []).map((flag) => ({
    flags: `--${flag} <value>`,
    description: 'accepted for compatibility, without effect',
    hidden: true,
    repeatable: true,
    attribute: attributeOf(flag),
  })),
];

export const argumentDefinitions = <O extends OptionTable>(
  command: CommandSpec<O>,
): readonly ArgumentDefinition[] =>
  Object.entries<Option<unknown>>(command.options)
    .filter(([, one]) => one.positional === true)
    .map(([name, one]) => {
      const spelling = spellings(name, one)[0] ?? name;
      return {
        name: one.kind.shape === 'list' ? `[${spelling}...]` : `[${spelling}]`,
        description: describe(name, one),
      };
    });

/** What is used of commander's Command and Option classes. */
export interface CommandLike<FlagOption> {
  addOption(option: FlagOption): unknown;
  argument(name: string, description: string): unknown;
}
export interface FlagOptionLike {
  hideHelp(): unknown;
  argParser(parse: (value: string, previous: unknown) => unknown): unknown;
}

/**
 * Puts a command's arguments and flags on a commander command. No defaults are given to commander: `opts()` then
 * holds what was really typed, and {@link resolveConfig} does the rest.
 *
 * @param newOption `(flags, description) => new Option(flags, description)` of commander.
 */
export const addOptions = <O extends OptionTable, FlagOption extends FlagOptionLike>(
  target: CommandLike<FlagOption>,
  command: CommandSpec<O>,
  newOption: (flags: string, description: string) => FlagOption,
): void => {
  for (const { name, description } of argumentDefinitions(command)) target.argument(name, description);
  for (const { flags, description, hidden, repeatable } of flagDefinitions(command)) {
    const made = newOption(flags, description);
    if (hidden) made.hideHelp();
    if (repeatable)
      made.argParser((value, previous) => [
        ...(Array.isArray(previous) ? (previous as unknown[]) : []),
        value,
      ]);
    target.addOption(made);
  }
};
