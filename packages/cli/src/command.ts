/**
 * What every command shares: its options from one table, `--config`, `--print-config`, `--help` with examples,
 * and errors that end in one exit code.
 */
import type { CommandSpec, ConfigProblem, OptionTable, Resolved, ValuesOf } from '@muster/runtime/config';
import {
  addOptions,
  ConfigError,
  flagDefinitions,
  printConfig,
  readConfigFile,
  resolveConfig,
} from '@muster/runtime/config';
import { TransportError } from '@muster/runtime/transport';
import { Command, CommanderError, Option } from 'commander';
import { CliError, EXIT } from './errors.ts';

/** Sections that a configuration file may hold. */
export const SECTIONS: readonly string[] = [
  'up',
  'scheduler',
  'object-store',
  'native-worker-adapter',
  'ecs-worker-adapter',
  'worker',
  'map',
  'status',
  'explain',
  'drain',
  'replay',
  'simulate',
];

export interface CommandDefinition<O extends OptionTable> {
  /** As typed after `muster`: `adapter native`. */
  readonly name: string;
  readonly summary: string;
  readonly spec: CommandSpec<O>;
  /** Shown under the options, as typed. */
  readonly examples: readonly string[];
  /** Further help: exit codes, what is read where. */
  readonly notes?: readonly string[];
  /** Stock short flags with several letters, and what they stand for. */
  readonly shortFlags?: Readonly<Record<string, string>>;
  /** Words that belong to the command's own language and not to its options. Default: none. */
  readonly rest?: { readonly name: string; readonly summary: string };
  run(values: ValuesOf<O>, extra: CommandExtra): Promise<number>;
}

export interface CommandExtra {
  /** Positional words beyond the table's own, when the definition has `rest`. */
  readonly rest: readonly string[];
  /** Flags without effect that were given. */
  readonly ignored: readonly string[];
  /** Where the configuration file is, to hand it on to child processes. */
  readonly configPath: string | undefined;
  /** Names of options that were given by flag, environment or file. */
  readonly given: ReadonlySet<string>;
}

const camel = (flag: string): string =>
  flag.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/** Commander takes every `--no-…` for the negation of another flag, also one that is called so, such as `--no-run-if-empty`. */
const optionMaker = (spec: CommandSpec): ((flags: string, doc: string) => Option) => {
  const attributes = new Set(flagDefinitions(spec).map(({ attribute }) => attribute));
  return (flags, doc) => {
    const made = new Option(flags, doc);
    if (attributes.has(camel(made.name()))) made.negate = false;
    return made;
  };
};

const buildCommand = <O extends OptionTable>(definition: CommandDefinition<O>): Command => {
  const command = new Command(`muster ${definition.name}`).description(definition.summary);
  command.exitOverride().configureOutput({
    outputError: (text, write) => write(`muster ${definition.name}: ${text.replace(/^error: /, '')}`),
  });
  command.showHelpAfterError(`Try: muster ${definition.name} --help`);
  addOptions(command, definition.spec, optionMaker(definition.spec));
  if (definition.rest !== undefined)
    command.argument(`[${definition.rest.name}...]`, definition.rest.summary).passThroughOptions();
  command.option(
    '-c, --config <file>',
    'TOML file with a section per command; this one reads ' + `[${definition.spec.section}]`,
  );
  command.option('--print-config', 'show every value and where it comes from, secrets masked, and end');
  const examples = ['', 'Examples:', ...definition.examples.map((example) => `  ${example}`)];
  const notes = definition.notes === undefined ? [] : ['', ...definition.notes];
  command.addHelpText('after', [...examples, ...notes].join('\n'));
  return command;
};

const expandShortFlags = (
  argv: readonly string[],
  shortFlags: Readonly<Record<string, string>>,
): string[] => {
  const end = argv.indexOf('--');
  return argv.map((word, at) => {
    if (end >= 0 && at > end) return word;
    const [flag = '', ...value] = word.split('=');
    const long = shortFlags[flag];
    return long === undefined ? word : [long, ...value].join('=');
  });
};

/** A missing argument is first of all to be typed, and the first example shows how. */
const withArgument = (
  problem: ConfigProblem,
  { examples }: { readonly examples: readonly string[] },
): ConfigProblem => {
  const [example] = examples;
  if (problem.code !== 'missing' || !problem.where.startsWith('<') || example === undefined) return problem;
  const others = problem.hint?.replace(/^give it /, ', or ') ?? '';
  return { ...problem, hint: `give it as the first argument: ${example}${others}` };
};

/** @throws CliError that says what does not fit, and where help is */
const resolve = <O extends OptionTable>(
  definition: CommandDefinition<O>,
  given: {
    readonly flags: Readonly<Record<string, unknown>>;
    readonly args: readonly unknown[];
    readonly configPath: string | undefined;
  },
): Resolved<O> => {
  const { flags, args, configPath } = given;
  try {
    const file = configPath === undefined ? undefined : readConfigFile(configPath, SECTIONS);
    return resolveConfig(definition.spec, { flags, args, env: process.env, file });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const { text } = explainError(
      new ConfigError(error.problems.map((one) => withArgument(one, definition))),
    );
    throw new CliError('usage', text, `Try: muster ${definition.name} --help`, { cause: error });
  }
};

/** Parses, resolves and runs a command; the exit code, or a CliError or ConfigError for the caller to print. */
export const runCommand = async <O extends OptionTable>(
  definition: CommandDefinition<O>,
  argv: readonly string[],
): Promise<number> => {
  const command = buildCommand(definition);
  try {
    command.parse(expandShortFlags(argv, definition.shortFlags ?? {}), { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  }
  const flags: Readonly<Record<string, unknown>> = command.opts();
  const positionals = Object.values<{ readonly positional?: boolean }>(definition.spec.options).filter(
    (one) => one.positional === true,
  ).length;
  const configPath = typeof flags['config'] === 'string' ? flags['config'] : undefined;
  const resolved = resolve(definition, {
    flags,
    args: command.processedArgs.slice(0, positionals),
    configPath,
  });
  if (flags['printConfig'] === true) {
    process.stdout.write(printConfig(resolved));
    return EXIT.ok;
  }
  const given = Object.entries<{ readonly from: string }>(resolved.sources).filter(
    ([, source]) => source.from !== 'default' && source.from !== 'nowhere',
  );
  const rest: unknown = definition.rest === undefined ? [] : command.processedArgs[positionals];
  return definition.run(resolved.values, {
    rest: Array.isArray(rest) ? rest.map(String) : [],
    ignored: (definition.spec.ignored ?? []).filter((flag) => flags[camel(flag)] !== undefined),
    configPath,
    given: new Set(given.map(([name]) => name)),
  });
};

/** What an error says to the person, and the exit code that goes with it. */
export const explainError = (error: unknown): { readonly text: string; readonly exitCode: number } => {
  if (error instanceof ConfigError) {
    const lines = error.problems.map(
      ({ where, what, hint }) => `  ${where}: ${what}${hint === undefined ? '' : ` (${hint})`}`,
    );
    return { text: `the configuration does not fit:\n${lines.join('\n')}`, exitCode: EXIT.usage };
  }
  if (error instanceof CliError) {
    return {
      text: error.hint === '' ? error.message : `${error.message}\n${error.hint}`,
      exitCode: EXIT[error.code],
    };
  }
  if (error instanceof TransportError && error.code === 'EINVAL')
    return { text: error.message, exitCode: EXIT.usage };
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { text: `this is a bug in Muster: ${text}`, exitCode: EXIT.failed };
};
