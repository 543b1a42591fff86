/** `muster …`: finds the command and loads only what it needs. */
import { EXIT } from './errors.ts';
import { takeLifeline } from './lifeline.ts';
import { onClosedOutput } from './terminal.ts';
import { version } from './version.ts';

type Run = (argv: readonly string[]) => Promise<number>;

interface Entry {
  readonly words: readonly string[];
  readonly usage: string;
  readonly summary: string;
  load(): Promise<Run>;
}

const COMMANDS: readonly Entry[] = [
  {
    words: ['up'],
    usage: 'up [ADDRESS…]',
    summary: 'scheduler, object store and native adapter in one; Ctrl-C drains',
    load: async () => (await import('./commands/up.ts')).run,
  },
  {
    words: ['map'],
    usage: 'map -- CMD {} ::: ARGS',
    summary: 'run a command for each argument or line of standard input',
    load: async () => (await import('./commands/map.ts')).run,
  },
  {
    words: ['status'],
    usage: 'status',
    summary: 'tasks, workers, groups, and why it scaled or did not',
    load: async () => (await import('./commands/status.ts')).run,
  },
  {
    words: ['explain'],
    usage: 'explain scale|task|group|adapter [ID]',
    summary: 'why the fleet has the size it has, why a task waits, what became of a group',
    load: async () => (await import('./commands/explain.ts')).run,
  },
  {
    words: ['drain'],
    usage: 'drain GROUP',
    summary: 'finish what a worker group runs, then stop it',
    load: async () => (await import('./commands/drain.ts')).run,
  },
  {
    words: ['scheduler'],
    usage: 'scheduler ADDRESS…',
    summary: 'the scheduler, with its object store',
    load: async () => (await import('./commands/scheduler.ts')).run,
  },
  {
    words: ['replay'],
    usage: 'replay FILE',
    summary: 'play what a scheduler recorded, and compare what it decides',
    load: async () => (await import('./commands/replay.ts')).run,
  },
  {
    words: ['simulate'],
    usage: 'simulate -w WORK -a ADAPTER',
    summary: 'what policies would make of a workload: waits, groups and cost',
    load: async () => (await import('./commands/simulate.ts')).run,
  },
  {
    words: ['adapter', 'native'],
    usage: 'adapter native ADDRESS',
    summary: 'worker groups as processes of this machine',
    load: async () => (await import('./commands/adapter-native.ts')).run,
  },
  {
    words: ['adapter', 'ecs'],
    usage: 'adapter ecs ADDRESS',
    summary: 'worker groups as Fargate tasks of Amazon ECS',
    load: async () => (await import('./commands/adapter-ecs.ts')).run,
  },
  {
    words: ['worker'],
    usage: 'worker ADDRESS',
    summary: 'one worker group in this process',
    load: async () => (await import('./commands/worker.ts')).run,
  },
  {
    words: ['object-store'],
    usage: 'object-store ADDRESS',
    summary: 'the object store alone',
    load: async () => (await import('./commands/object-store.ts')).run,
  },
];

const help = (): string => {
  const width = Math.max(...COMMANDS.map(({ usage }) => usage.length));
  return [
    'Usage: muster COMMAND [OPTIONS]',
    '',
    'When work must get workers: a scheduler and a fleet that grows from zero and returns to zero.',
    '',
    'Commands:',
    ...COMMANDS.map(({ usage, summary }) => `  ${usage.padEnd(width)}  ${summary}`),
    '',
    'Every command has --help, --config FILE (TOML, one section per command) and --print-config.',
    'Exit codes: 0 done, 1 failed, 2 wrong usage, 3 nobody answers, 130 interrupted, 141 output closed;',
    'muster map exits with the number of failed jobs, at most 101, and with 255 for wrong usage and any other trouble,',
    'as GNU parallel does.',
    '',
    'Try: muster map -- echo hello {} ::: world',
    '',
  ].join('\n');
};

/** `muster adapter`: the first word of commands that have a second one. */
const familyHelp = (word: string): string | undefined => {
  const family = COMMANDS.filter(({ words }) => words.length > 1 && words[0] === word);
  if (family.length === 0) return undefined;
  const width = Math.max(...family.map(({ usage }) => usage.length));
  return [
    `Usage: muster ${word} KIND [OPTIONS]`,
    '',
    ...family.map(({ usage, summary }) => `  ${usage.padEnd(width)}  ${summary}`),
    '',
    `Try: muster ${family[0]?.words.join(' ') ?? word} --help`,
    '',
  ].join('\n');
};

const find = (argv: readonly string[]): Entry | undefined =>
  COMMANDS.find(({ words }) => words.every((word, at) => argv[at] === word));

const unknown = (argv: readonly string[]): number => {
  const [word = ''] = argv;
  const near = COMMANDS.filter(
    ({ words }) => words[0] === word || (word.length > 1 && words[0]?.startsWith(word.slice(0, 2)) === true),
  );
  const hint =
    near.length === 0
      ? 'See: muster --help'
      : `Did you mean: ${near.map(({ words }) => `muster ${words.join(' ')}`).join(', or ')}`;
  process.stderr.write(
    `muster: there is no command "${argv.slice(0, near.some(({ words }) => words.length > 1) ? 2 : 1).join(' ')}".\n${hint}\n`,
  );
  return EXIT.usage;
};

const dispatch = async (argv: readonly string[]): Promise<number> => {
  const [first] = argv;
  if (first === undefined) {
    process.stderr.write(help());
    return EXIT.usage;
  }
  if (first === '--version' || first === '-V') {
    process.stdout.write(`${version()}\n`);
    return EXIT.ok;
  }
  if (first === '--help' || first === '-h' || (first === 'help' && argv.length === 1)) {
    process.stdout.write(help());
    return EXIT.ok;
  }
  if (first === 'help') return dispatch([...argv.slice(1), '--help']);
  const family = familyHelp(first);
  const second = argv[1];
  if (family !== undefined && (second === undefined || second === '--help' || second === '-h')) {
    (second === undefined ? process.stderr : process.stdout).write(family);
    return second === undefined ? EXIT.usage : EXIT.ok;
  }
  const entry = find(argv);
  if (entry === undefined) return unknown(argv);
  const run = await entry.load();
  return run(argv.slice(entry.words.length));
};

/** Runs a command line (without `node` and the script) and sets the exit code of this process. Never rejects. */
export const main = async (argv: readonly string[]): Promise<void> => {
  onClosedOutput();
  // First of all, so that no process that is started from here inherits the mark.
  const line = takeLifeline();
  try {
    process.exitCode = await dispatch(argv);
  } catch (error) {
    const { explainError } = await import('./command.ts');
    const { text, exitCode } = explainError(error);
    if (line === undefined) process.stderr.write(`muster: ${text}\n`);
    line?.say({ kind: 'failed', message: text, hint: '' });
    process.exitCode = exitCode;
  } finally {
    line?.close();
  }
};
