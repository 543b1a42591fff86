/** `muster up`: a fleet on this machine, until Ctrl-C. */
import { availableParallelism } from 'node:os';
import { plural } from '@muster/core/words';
import { defineCommand, option, optional } from '@muster/runtime/config';
import { boolean, capabilities, duration, integer, list, size, text } from '@muster/runtime/config-kinds';
import { runCommand, type CommandDefinition, type CommandExtra } from '../command.ts';
import { EXIT } from '../errors.ts';
import { DEFAULT_POLICY, startFleet, type Fleet, type SchedulerStatus } from '../fleet.ts';
import { policyOf } from '../policy.ts';
import { announce, refuseSecondUp } from '../run-dir.ts';
import { onClosedOutput } from '../terminal.ts';
import { createUpDisplay, type UpDisplay } from '../up-display.ts';
import { jsonOption } from '../where.ts';

const WATCH_MS = 250;

/**
 * Longer than that of a fleet of one program. Whoever works at a terminal pauses between two commands, and a burst that
 * meets a group on its way out waits until it is gone (0.2 s) and another one is up (0.5 s).
 */
const IDLE_BEFORE_STOP_MS = 3_000;

const spec = defineCommand({
  section: 'up',
  options: {
    addresses: option(list(text({ placeholder: '<address>' })), {
      default: [],
      positional: true,
      flag: 'address',
      env: false,
      doc: 'where to listen, such as tcp://127.0.0.1:8516; default: a socket that only you can open',
    }),
    maxWorkers: optional(integer({ min: 1, max: 10_000 }), {
      doc: 'most worker groups at a time; default: one per core',
    }),
    workersPerGroup: option(integer({ min: 1, max: 1_000 }), {
      default: 1,
      doc: 'workers that are started and stopped together',
    }),
    policyContent: option(text({ placeholder: '<policies>' }), {
      default: DEFAULT_POLICY,
      doc: 'as in muster scheduler --help',
    }),
    capabilities: option(capabilities(), { default: new Map(), doc: 'what the workers offer' }),
    processorMemoryBytesMax: optional(size({ min: 16 * 1024 * 1024 }), {
      flag: 'max-processor-memory',
      doc: 'memory of one running task with its children; default: an equal share of 80 % of the memory among all workers that may exist at once',
    }),
    idleBeforeStopMs: option(duration({ min: 0, bareUnit: 's' }), {
      default: IDLE_BEFORE_STOP_MS,
      doc: 'how long a group must have been idle before it may be stopped',
    }),
    insecure: option(boolean(), {
      default: false,
      doc: 'bind addresses that other machines can reach, without keys',
    }),
    protected: option(boolean(), {
      default: false,
      short: 'p',
      doc: 'refuse clients that ask the whole cluster to shut down',
    }),
    shutdownWithinMs: option(duration({ min: 0, bareUnit: 's' }), {
      default: 30_000,
      doc: 'what running tasks get on Ctrl-C before the fleet ends without them',
    }),
    verbose: option(boolean(), {
      default: false,
      short: 'v',
      doc: 'show every log line of the processes, not only warnings',
    }),
    ...jsonOption,
  },
});

type Values = Parameters<CommandDefinition<typeof spec.options>['run']>[0];

const capabilityText = (values: Values): string =>
  [...values.capabilities]
    .map(([name, quantity]) => (quantity === 'present' ? name : `${name}=${quantity}`))
    .join(',');

const start = (values: Values, extra: CommandExtra, display: UpDisplay): Promise<Fleet> => {
  const config = extra.configPath === undefined ? [] : ['--config', extra.configPath];
  return startFleet({
    ...(values.addresses.length === 0 ? {} : { addresses: values.addresses }),
    groupsMax: values.maxWorkers ?? availableParallelism(),
    workersPerGroup: values.workersPerGroup,
    policyContent: values.policyContent,
    idleBeforeStopMs: values.idleBeforeStopMs,
    schedulerArgs: [
      ...config,
      ...(values.insecure ? ['--insecure'] : []),
      ...(values.protected ? ['--protected'] : []),
    ],
    adapterArgs: [
      ...config,
      ...(values.capabilities.size === 0 ? [] : ['--per-worker-capabilities', capabilityText(values)]),
      ...(values.processorMemoryBytesMax === undefined
        ? []
        : ['--max-processor-memory', String(values.processorMemoryBytesMax)]),
    ],
    onEvent: display.child,
  });
};

/** Resolves with the exit code when a signal, or a closed output, has ended the fleet. */
const serveUntilSignal = (
  fleet: Fleet,
  display: UpDisplay,
  withinMs: number,
  onStatus: (status: SchedulerStatus) => void,
): Promise<number> =>
  new Promise((resolve) => {
    let exitCode: number | undefined;
    const watching = new AbortController();
    const end = (code: number, why: string): void => {
      if (exitCode !== undefined) {
        display.say('stopping', 'stopping now');
        display.ending();
        void fleet.kill().finally(() => resolve(exitCode ?? code));
        return;
      }
      exitCode = code;
      display.say(
        'draining',
        `${why}: draining; ${why === 'Ctrl-C' ? 'Ctrl-C again' : 'a second signal'} ends it at once`,
      );
      void fleet.stop(withinMs).finally(() => {
        watching.abort();
        resolve(code);
      });
    };
    process.on('SIGINT', () => end(EXIT.interrupted, 'Ctrl-C'));
    process.on('SIGTERM', () => end(EXIT.ok, 'SIGTERM'));
    process.on('SIGHUP', () => end(EXIT.ok, 'SIGHUP'));
    onClosedOutput(() => {
      if (exitCode === undefined) end(EXIT.ok, 'output closed');
    });
    void fleet.ended.then(() => {
      if (exitCode === undefined) end(EXIT.ok, 'the scheduler was asked to shut down');
    });
    void (async (): Promise<void> => {
      for await (const status of fleet.watch(WATCH_MS, watching.signal)) {
        display.status(status);
        onStatus(status);
      }
    })();
  });

const runUp = async (values: Values, extra: CommandExtra): Promise<number> => {
  policyOf(values.policyContent);
  refuseSecondUp();
  const display = createUpDisplay({ json: values.json, verbose: values.verbose });
  const fleet = await start(values, extra, display);
  let waiting = 0;
  try {
    // Whoever reads that it is ready may send a signal at once.
    const served = serveUntilSignal(fleet, display, values.shutdownWithinMs, ({ tasks }) => {
      waiting = tasks.waiting;
    });
    using announced = announce(fleet.address);
    void announced;
    display.ready(fleet);
    return await served;
  } finally {
    await fleet.stop(0);
    if (waiting > 0) display.say('unfinished', `${plural(waiting, 'task')} did not run`);
    display.say('ended', 'all processes have ended');
  }
};

export const run = (argv: readonly string[]): Promise<number> =>
  runCommand(
    {
      name: 'up',
      summary:
        'Start a fleet on this machine: scheduler, object store and native adapter. It is empty until work arrives, and again when the work is gone.',
      spec,
      examples: [
        'muster up',
        'muster up tcp://127.0.0.1:8516',
        'muster up --max-workers 8 --json',
        'muster up --policy-content "allocate=capability; scaling=vanilla; upper_task_ratio=8"',
      ],
      notes: [
        'Clients of yours find it by themselves (muster map, muster status, connect() in programs).',
        'A TCP address takes the next port as well, for the object store: tcp://127.0.0.1:8516 needs 8516 and 8517 free.',
        'A TCP address on a shared machine can be used by everybody on it, 127.0.0.1 included.',
        'Further options of the parts: --config FILE with sections [scheduler] and [native-worker-adapter].',
        'Ctrl-C drains: running tasks end, then everything does. A second one ends it at once.',
        'Exit codes: 0 ended by SIGTERM, 1 could not start, 2 wrong usage, 130 ended by Ctrl-C.',
      ],
      run: runUp,
    },
    argv,
  );
