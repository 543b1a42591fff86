/** `muster map`: GNU parallel's manners on a fleet. */
import { availableParallelism } from 'node:os';
import { defineCommand, option, optional } from '@muster/runtime/config';
import { boolean, capabilities, duration, integer, list, size, text } from '@muster/runtime/config-kinds';
import { runCommand, type CommandDefinition } from '../command.ts';
import { CliError, EXIT } from '../errors.ts';
import { parseHalt, type HaltRule } from '../map/halt.ts';
import { checkSources, splitArguments, type InputSource } from '../map/inputs.ts';
import { EXIT_OTHER, mapJobs } from '../map/map.ts';
import { parseTemplate, TemplateError, type Template } from '../map/template.ts';
import { connectOptions } from '../where.ts';

const spec = defineCommand({
  section: 'map',
  options: {
    jobs: optional(integer({ min: 1, max: 1_000_000 }), {
      short: 'j',
      doc: 'most jobs at a time; default: one per core on a fleet of its own, as many as the fleet takes elsewhere',
    }),
    keepOrder: option(boolean(), {
      default: false,
      short: 'k',
      doc: 'print outputs in the order of the inputs',
    }),
    retries: option(integer({ min: 1, max: 1_000 }), {
      default: 1,
      doc: 'how often a job that fails is tried, in all',
    }),
    timeoutMs: optional(duration({ min: 1, bareUnit: 's' }), {
      doc: 'a job that runs longer is killed and counts as failed',
    }),
    halt: option(text({ placeholder: '<rule>' }), {
      default: 'never',
      doc: 'when to stop early: now|soon,fail|success|done=N or N%',
    }),
    joblog: optional(text({ placeholder: '<file>' }), {
      doc: "a line per finished job, in GNU parallel's format",
    }),
    dryRun: option(boolean(), { default: false, env: false, doc: 'print the commands and run nothing' }),
    tag: option(boolean(), {
      default: false,
      doc: "start each output line with the job's argument and a tab",
    }),
    null: option(boolean(), {
      default: false,
      short: '0',
      env: false,
      doc: 'input is separated by NUL instead of newline',
    }),
    argFile: option(list(text({ placeholder: '<file>' })), {
      default: [],
      short: 'a',
      env: false,
      doc: 'read arguments from a file, one a line; - is standard input',
    }),
    noRunIfEmpty: option(boolean(), {
      default: false,
      short: 'r',
      env: false,
      doc: 'no job for a blank line',
    }),
    capabilities: option(capabilities(), {
      default: new Map(),
      doc: 'what a worker must offer, such as gpu',
    }),
    environment: option(list(text({ placeholder: '<NAME[=value]>' })), {
      default: [],
      flag: 'env',
      env: false,
      doc: 'environment variable that jobs get; without =value the one of this shell',
    }),
    workdir: optional(text({ placeholder: '<dir>' }), {
      doc: 'where jobs run; default: here on a fleet of this machine, else a fresh directory per job; "tmp": a fresh one',
    }),
    outputBytesMax: option(size({ min: 1 }), {
      default: 16 * 1024 * 1024,
      doc: 'bytes of standard output, and of standard error, kept of a job',
    }),
    progress: option(boolean(), {
      default: true,
      doc: 'a progress bar on standard error, where that is a terminal',
    }),
    ...connectOptions,
  },
});

type Values = Parameters<CommandDefinition<typeof spec.options>['run']>[0];

const usage = (message: string, hint: string): CliError => new CliError('usage', message, hint);

const sourcesOf = (named: readonly InputSource[], argFiles: readonly string[]): readonly InputSource[] => {
  const sources = [...argFiles.map((path): InputSource => ({ kind: 'file', path })), ...named];
  if (sources.length > 0) return sources;
  if (process.stdin.isTTY) {
    throw usage(
      'there is nothing to map over.',
      'Give arguments after the command: muster map -- echo {} ::: a b c\nor lines on standard input: ls | muster map -- echo {}',
    );
  }
  return [{ kind: 'file', path: '-' }];
};

const templateOf = (command: readonly string[], sources: number): Template => {
  if (command.length === 0)
    throw usage('there is no command to run.', 'Write it after --: muster map -- gzip {} ::: *.log');
  try {
    return parseTemplate(command, sources);
  } catch (error) {
    if (error instanceof TemplateError)
      throw new CliError('usage', error.message, 'See: muster map --help', { cause: error });
    throw error;
  }
};

const haltOf = (rule: string): HaltRule | undefined => {
  const halt = parseHalt(rule);
  if (halt instanceof Error) throw new CliError('usage', halt.message);
  return halt;
};

const environmentOf = (given: readonly string[]): Readonly<Record<string, string>> => {
  const env: Record<string, string> = {};
  for (const one of given) {
    const at = one.indexOf('=');
    const name = at < 0 ? one : one.slice(0, at);
    const value = at < 0 ? process.env[name] : one.slice(at + 1);
    if (value === undefined)
      throw usage(`--env ${name}: this shell has no such variable.`, `Give its value: --env ${name}=VALUE`);
    env[name] = value;
  }
  return env;
};

const runMap = async (values: Values, rest: readonly string[]): Promise<number> => {
  const { command, sources: named } = splitArguments(rest);
  const sources = sourcesOf(named, values.argFile);
  const template = templateOf(command, sources.length);
  checkSources(sources);
  return mapJobs({
    template,
    sources,
    separator: values.null ? '\0' : '\n',
    skipBlank: values.noRunIfEmpty,
    address: values.connect,
    jobs: values.jobs,
    workers: values.jobs ?? availableParallelism(),
    keepOrder: values.keepOrder,
    tries: values.retries,
    timeoutMs: values.timeoutMs,
    halt: haltOf(values.halt),
    joblog: values.joblog,
    dryRun: values.dryRun,
    tag: values.tag,
    capabilities: values.capabilities,
    env: environmentOf(values.environment),
    workdir: values.workdir,
    outputBytesMax: values.outputBytesMax,
    showProgress: values.progress && process.stderr.isTTY,
  });
};

/** Exit codes 1 to 101 count failed jobs here, so every other trouble is 255, as with GNU parallel. */
const asOther = (code: number): number => (code === EXIT.ok || code === EXIT.interrupted ? code : EXIT_OTHER);

export const run = async (argv: readonly string[]): Promise<number> => {
  let ran: number | undefined;
  const definition: CommandDefinition<typeof spec.options> = {
    name: 'map',
    summary:
      'Run a command for each argument, on a fleet. Starts a fleet of its own where none is named and no muster up of yours runs.',
    spec,
    rest: {
      name: 'command',
      summary: 'the command, then ::: and its arguments; lines of standard input without :::',
    },
    examples: [
      'muster map -- gzip -k {} ::: *.log',
      'ls *.png | muster map --jobs 4 -- convert {} {.}.jpg',
      'find . -name "*.txt" -print0 | muster map -0 --tag -- wc -l {}',
      'muster map --retries 3 --joblog jobs.tsv --halt soon,fail=10% -- ./test {1} {2} ::: a b ::: 1 2 3',
      'muster map --connect tcp://127.0.0.1:8516 --capabilities gpu -- ./train {} ::: *.toml',
    ],
    notes: [
      'Replacement strings: {} the argument, {.} without extension, {/} base name, {//} directory, {/.} base name',
      'without extension, {#} job number, {1} {2} one of several ::: lists. Where none is used, {} is appended.',
      'No shell is involved; for pipes and redirections write: muster map -- sh -c \'sort "$1" | uniq\' - {} ::: *',
      'Ctrl-C starts no more jobs and lets running ones end; a second one kills them.',
      'Exit codes: 0 all jobs succeeded, 1-100 that many failed, 101 more than 100 failed, 255 any other trouble,',
      'with --halt the exit code of the job that caused it, 130 interrupted.',
    ],
    run: async (values, { rest }) => (ran = await runMap(values, rest)),
  };
  const { explainError } = await import('../command.ts');
  try {
    const code = await runCommand(definition, argv);
    return ran ?? asOther(code);
  } catch (error) {
    const { text: words, exitCode } = explainError(error);
    process.stderr.write(`muster map: ${words}\n`);
    return asOther(exitCode);
  }
};
