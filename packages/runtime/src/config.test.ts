import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, Option as CommanderOption } from 'commander';
import { describe, expect, expectTypeOf, test } from 'vitest';
import type { Capabilities } from '@muster/protocol/ids';
import { boolean, capabilities, choice, duration, integer, list, size, text } from './config-kinds.ts';
import {
  ConfigError,
  addOptions,
  argumentDefinitions,
  defineCommand,
  flagDefinitions,
  logOptions,
  option,
  optional,
  parseConfigFile,
  printConfig,
  readConfigFile,
  required,
  resolveConfig,
} from './config.ts';
import type { ConfigOf, ConfigProblem } from './config.ts';

const command = defineCommand({
  section: 'scheduler',
  sectionAliases: ['stock_scheduler'],
  options: {
    addresses: required(list(text()), { positional: true, flag: 'address', doc: 'where to listen' }),
    policyContent: option(text(), {
      default: 'allocate=even_load; scaling=vanilla',
      short: 'p',
      doc: 'policies',
    }),
    clientTimeoutMs: option(duration({ min: 1000, bareUnit: 's' }), {
      default: 60_000,
      aliases: ['client-timeout-seconds'],
      doc: 'silence after which a client is given up',
    }),
    memoryBytes: optional(size(), { doc: 'limit of the object store' }),
    workers: option(integer({ min: 1, max: 64 }), { default: 2, doc: 'workers of a group' }),
    insecure: option(boolean(), { default: false, doc: 'bind any address' }),
    color: option(boolean(), { default: true, env: false, doc: 'paint' }),
    apiToken: optional(text(), { secret: true, env: 'API_TOKEN', doc: 'shared secret' }),
    has: option(capabilities(), { default: new Map(), doc: 'capabilities' }),
    mode: option(choice(['own', 'stock']), { default: 'own', doc: 'compatibility' }),
  },
  ignored: ['event-loop'],
  check: (values) =>
    values.insecure && values.workers > 32
      ? [{ option: 'workers', what: 'too many for an open port', hint: 'at most 32' }]
      : [],
});
const sections = ['scheduler', 'worker', 'adapter-native'];
const args = [['tcp://127.0.0.1:8516']];

const problemsOf = (work: () => unknown): readonly ConfigProblem[] => {
  try {
    work();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  throw new Error('nothing was wrong');
};

describe('resolveConfig', () => {
  test('the type of the values follows from the table', () => {
    expectTypeOf<ConfigOf<typeof command>>().toEqualTypeOf<{
      readonly addresses: readonly string[];
      readonly policyContent: string;
      readonly clientTimeoutMs: number;
      readonly memoryBytes: number | undefined;
      readonly workers: number;
      readonly insecure: boolean;
      readonly color: boolean;
      readonly apiToken: string | undefined;
      readonly has: Capabilities;
      readonly mode: 'own' | 'stock';
    }>();
  });

  test('takes defaults where nothing is given, and says so', () => {
    const { values, sources } = resolveConfig(command, { args });
    expect(values).toEqual({
      addresses: ['tcp://127.0.0.1:8516'],
      policyContent: 'allocate=even_load; scaling=vanilla',
      clientTimeoutMs: 60_000,
      memoryBytes: undefined,
      workers: 2,
      insecure: false,
      color: true,
      apiToken: undefined,
      has: new Map(),
      mode: 'own',
    });
    expect(sources.workers).toEqual({ from: 'default' });
    expect(sources.memoryBytes).toEqual({ from: 'nowhere' });
    expect(Object.isFrozen(values)).toBe(true);
  });

  test('a flag wins over the environment, the environment over the file, the file over the default', () => {
    const file = parseConfigFile(
      'm.toml',
      '[scheduler]\nworkers = 3\nclient_timeout = "3s"\npolicy-content = "file"\n',
      sections,
    );
    const env = { MUSTER_WORKERS: '4', MUSTER_CLIENT_TIMEOUT: '4s', MUSTER_MODE: '' };
    const { values, sources } = resolveConfig(command, { args, env, file, flags: { workers: '5' } });
    expect(values).toMatchObject({ workers: 5, clientTimeoutMs: 4000, policyContent: 'file', mode: 'own' });
    expect(sources.workers).toEqual({ from: 'flag', name: '--workers' });
    expect(sources.clientTimeoutMs).toEqual({ from: 'environment', name: 'MUSTER_CLIENT_TIMEOUT' });
    expect(sources.policyContent).toEqual({ from: 'file', name: 'policy-content', path: 'm.toml' });
    expect(sources.mode).toEqual({ from: 'default' });
  });

  test.each([
    ['client_timeout_seconds = 7', 7000],
    ['client-timeout-seconds = 7', 7000],
    ['client-timeout = 1.5', 1500],
    ['client-timeout = "2m"', 120_000],
  ])('file key %s counts', (line, expected) => {
    const file = parseConfigFile('m.toml', `[scheduler]\n${line}\n`, sections);
    expect(resolveConfig(command, { args, file }).values.clientTimeoutMs).toBe(expected);
  });

  test('reads the section of another name only where its own is absent', () => {
    const other = parseConfigFile('m.toml', '[stock_scheduler]\nworkers = 3\n', [
      ...sections,
      'stock_scheduler',
    ]);
    expect(resolveConfig(command, { args, file: other }).values.workers).toBe(3);
    const both = parseConfigFile('m.toml', '[stock_scheduler]\nworkers = 3\n[scheduler]\n', [
      ...sections,
      'stock-scheduler',
    ]);
    expect(resolveConfig(command, { args, file: both }).values.workers).toBe(2);
  });

  test('tells everything that is wrong at once, where it came from and what to write instead', () => {
    const file = parseConfigFile(
      'm.toml',
      '[scheduler]\nworkres = 3\nevent_loop = "uvloop"\nmode = 7\n',
      sections,
    );
    const problems = problemsOf(() =>
      resolveConfig(command, {
        file,
        env: { MUSTER_WORKERS: 'many', MUSTER_INSECURE: 'perhaps' },
        flags: { clientTimeout: '10', memory: '12 bananas' },
      }),
    );
    expect(problems).toEqual([
      {
        code: 'unknownKey',
        where: 'm.toml [scheduler] workres',
        what: 'there is no such key',
        hint: 'did you mean workers?',
      },
      {
        code: 'missing',
        where: '<address>',
        what: 'is required',
        hint: 'give it as MUSTER_ADDRESS, or address in [scheduler]',
      },
      {
        code: 'invalid',
        where: '--memory',
        what: '"12 bananas" is not a size',
        hint: 'write it as 512MiB, 100MB or a number of bytes',
      },
      { code: 'invalid', where: 'MUSTER_WORKERS', what: '"many" is not a whole number', hint: undefined },
      {
        code: 'invalid',
        where: 'MUSTER_INSECURE',
        what: '"perhaps" is neither true nor false',
        hint: undefined,
      },
      {
        code: 'invalid',
        where: 'm.toml [scheduler] mode',
        what: '7 is none of the choices',
        hint: 'own, stock',
      },
    ]);
    expect(new ConfigError(problems).message.split('\n')).toHaveLength(6);
    expect(new ConfigError(problems).code).toBe('unknownKey');
  });

  test('rules over several values run when each is right', () => {
    expect(
      problemsOf(() => resolveConfig(command, { args, flags: { insecure: true, workers: '33' } })),
    ).toEqual([
      { code: 'invalid', where: '--workers', what: 'too many for an open port', hint: 'at most 32' },
    ]);
  });

  test('never shows a secret that does not fit', () => {
    const secret = defineCommand({
      section: 's',
      options: { apiToken: required(integer(), { secret: true, doc: '' }) },
    });
    const [problem] = problemsOf(() => resolveConfig(secret, { env: { MUSTER_API_TOKEN: 'hunter2' } }));
    expect(JSON.stringify(problem)).not.toContain('hunter2');
  });

  test('does not take a secret from the command line', () => {
    expect(
      resolveConfig(command, { args, flags: { apiToken: 'x' }, env: { API_TOKEN: 'y' } }).values.apiToken,
    ).toBe('y');
    expect(flagDefinitions(command).map((flag) => flag.flags)).not.toContainEqual(
      expect.stringContaining('token'),
    );
  });
});

describe('configuration files', () => {
  test.each([
    [
      'unknown section',
      '[schedular]\n',
      {
        code: 'unknownKey',
        where: 'm.toml [schedular]',
        what: 'there is no such section',
        hint: 'did you mean [scheduler]?',
      },
    ],
    [
      'a key outside of sections',
      'workers = 2\n',
      {
        code: 'unknownKey',
        where: 'm.toml workers',
        what: 'this key stands in no section',
        hint: 'put it below a line such as [scheduler]',
      },
    ],
  ])('%s is told', (_, toml, problem) => {
    expect(parseConfigFile('m.toml', toml, sections).problems).toEqual([problem]);
  });

  test('an unknown section is told together with everything else that is wrong', () => {
    const toml = '[schedular]\n[scheduler]\nworkrs = 2\nworkers = "many"\n';
    const file = parseConfigFile('m.toml', toml, sections);
    expect(problemsOf(() => resolveConfig(command, { args, file })).map(({ where }) => where)).toEqual([
      'm.toml [schedular]',
      'm.toml [scheduler] workrs',
      'm.toml [scheduler] workers',
    ]);
  });

  test('a section that is near none lists them all', () => {
    const [problem] = parseConfigFile('m.toml', '[bananas]\n', sections).problems;
    expect(problem?.hint).toBe('sections are [scheduler], [worker], [adapter-native]');
  });

  test('sections of the stock system are left alone', () => {
    const toml = '[native_worker_adapter]\nanything = 1\n[webui]\n';
    expect(parseConfigFile('m.toml', toml, sections).problems).toEqual([]);
  });

  test('broken TOML is told with its line and column', () => {
    const [problem] = problemsOf(() => parseConfigFile('m.toml', '[scheduler]\nworkers = = 2\n', sections));
    expect(problem).toMatchObject({ code: 'syntax', where: expect.stringMatching(/^m\.toml:2:\d+$/) });
  });

  test('a file that cannot be read is told', () => {
    const folder = mkdtempSync(join(tmpdir(), 'muster-'));
    try {
      expect(problemsOf(() => readConfigFile(join(folder, 'none.toml'), sections))[0]).toMatchObject({
        code: 'unreadable',
        what: 'there is no such file',
      });
      expect(problemsOf(() => readConfigFile(folder, sections))[0]).toMatchObject({
        code: 'unreadable',
        what: 'this is a directory, not a file',
      });
      writeFileSync(join(folder, 'm.toml'), '[worker]\n');
      expect([...readConfigFile(join(folder, 'm.toml'), sections).sections.keys()]).toEqual(['worker']);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('printConfig', () => {
  const given = {
    args,
    env: { API_TOKEN: 'hunter2', MUSTER_MEMORY: '1.5GiB' },
    flags: { workers: '3', has: ['gpu', 'memory=16'] },
  };

  test('shows each value with its source, secrets masked, and can be read back', () => {
    const printed = printConfig(resolveConfig(command, given));
    expect(printed).toBe(`[scheduler]
address = [ "tcp://127.0.0.1:8516" ]  # flag <address>
policy-content = "allocate=even_load; scaling=vanilla"  # default
client-timeout = "1m"  # default
memory = "1536MiB"  # environment MUSTER_MEMORY
workers = 3  # flag --workers
insecure = false  # default
color = true  # default
api-token = "********"  # environment API_TOKEN
has = [ "gpu", "memory=16" ]  # flag --has
mode = "own"  # default
`);
    const again = resolveConfig(command, { file: parseConfigFile('printed', printed, sections) }).values;
    expect(again).toEqual({ ...resolveConfig(command, given).values, apiToken: '********' });
  });

  test('says what could be given where nothing was', () => {
    expect(printConfig(resolveConfig(command, { args }))).toContain('# memory =  # or MUSTER_MEMORY\n');
  });

  test('as JSON it is one object', () => {
    const parsed: unknown = JSON.parse(printConfig(resolveConfig(command, given), 'json'));
    expect(parsed).toMatchObject({
      section: 'scheduler',
      values: {
        workers: { value: 3, source: 'flag --workers' },
        'api-token': { value: '********', source: 'environment API_TOKEN' },
      },
    });
  });
});

describe('command line', () => {
  const parse = (...argv: string[]) => {
    const made = new Command('scheduler').exitOverride().configureOutput({ writeErr: () => undefined });
    addOptions(made, command, (flags, description) => new CommanderOption(flags, description));
    made.parse(argv, { from: 'user' });
    return { made, values: resolveConfig(command, { flags: made.opts(), args: made.processedArgs }).values };
  };

  test('every option of the table has its flag', () => {
    const { values } = parse(
      'tcp://127.0.0.1:1',
      'ipc:///s',
      '-p',
      'x',
      '--client-timeout',
      '5s',
      '--memory',
      '1GiB',
      '--workers',
      '9',
      '--insecure',
      '--no-color',
      '--has',
      'gpu',
      '--has',
      'a=1,b',
      '--mode',
      'stock',
    );
    expect(values).toEqual({
      addresses: ['tcp://127.0.0.1:1', 'ipc:///s'],
      policyContent: 'x',
      clientTimeoutMs: 5000,
      memoryBytes: 1024 ** 3,
      workers: 9,
      insecure: true,
      color: false,
      apiToken: undefined,
      has: new Map<string, number | 'present'>([
        ['gpu', 'present'],
        ['a', 1],
        ['b', 'present'],
      ]),
      mode: 'stock',
    });
  });

  test('stock spellings and options without effect are accepted and not in the help', () => {
    const { made, values } = parse(
      'tcp://127.0.0.1:1',
      '--client-timeout-seconds',
      '7',
      '--event-loop',
      'uvloop',
    );
    expect(values.clientTimeoutMs).toBe(7000);
    const help = made.helpInformation();
    expect(help).not.toContain('seconds');
    expect(help).not.toContain('event-loop');
    expect(help.replaceAll(/\s+/g, ' ')).toContain(
      'silence after which a client is given up (default: 1m, env: MUSTER_CLIENT_TIMEOUT)',
    );
  });

  test('what was not typed does not hide the environment', () => {
    const made = new Command('scheduler');
    addOptions(made, command, (flags, description) => new CommanderOption(flags, description));
    made.parse([], { from: 'user' });
    const { values } = resolveConfig(command, {
      flags: made.opts(),
      args: made.processedArgs,
      env: { MUSTER_ADDRESS: 'tcp://a:1,tcp://b:2', MUSTER_INSECURE: 'yes', MUSTER_HAS: 'gpu' },
    });
    expect(values).toMatchObject({
      addresses: ['tcp://a:1', 'tcp://b:2'],
      insecure: true,
      has: new Map([['gpu', 'present']]),
      color: true,
    });
  });

  test('arguments are optional for the command line, because the file may have them', () => {
    expect(argumentDefinitions(command)).toEqual([
      { name: '[address...]', description: 'where to listen (required, env: MUSTER_ADDRESS)' },
    ]);
  });

  test('log options are the same everywhere', () => {
    expect(
      flagDefinitions(defineCommand({ section: 'x', options: logOptions })).map((flag) => flag.flags),
    ).toEqual(['--log-level <debug|info|warn|error|silent>', '--log-format <json|pretty>']);
  });
});
