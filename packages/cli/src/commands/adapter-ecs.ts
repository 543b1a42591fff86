/** `muster adapter ecs`: worker groups as Fargate tasks. */
import { startAdapter, type Adapter } from '@muster/adapter-kit/adapter';
import { LimitsError } from '@muster/adapter-kit/limits';
import { adapterNameOf, ecsAdapterOf, ecsConfigOf, offersOf, profilesOf } from '@muster/adapter-ecs/assembly';
import { ecsCommand, type EcsSettings } from '@muster/adapter-ecs/config';
import { AdapterBusyError } from '@muster/adapter-ecs/lock';
import { EcsConfigError, ecsProvisioner } from '@muster/adapter-ecs/provisioner';
import { isPriced, PRICES_DATED } from '@muster/adapter-ecs/prices';
import { showSize } from '@muster/adapter-ecs/sizes';
import { EcsPrepareError } from '@muster/adapter-ecs/verify';
import { createLog, noteLogger, type Log } from '@muster/runtime/log';
import { systemClock } from '@muster/runtime/system-clock';
import { zeromqTransport } from '@muster/runtime/zeromq';
import { runCommand, type CommandExtra } from '../command.ts';
import { CliError } from '../errors.ts';
import { host, type Hosted } from '../host.ts';

/** What a stop takes that is not to wait for tasks to end. */
const STOP_WITHIN_MS = 30_000;

const hosted = (adapter: Adapter, settings: EcsSettings, log: Log): Hosted => {
  const stop = (): void => void adapter.stop('stop', STOP_WITHIN_MS);
  return {
    facts: { adapter: adapterNameOf(settings), scheduler: settings.schedulerAddress },
    drain: () => void adapter.stop(settings.onStop, settings.shutdownWithinMs),
    stop,
    orphan: stop,
    ended: adapter.done.then(
      ({ left }) => {
        log.info('adapter.ended', { left: left.length, groups: left.slice(0, 20).join(' ') });
        return 'ok';
      },
      (bug: unknown) => {
        log.error('adapter.bug', { bug });
        return 'failed';
      },
    ),
  };
};

/** What a person can do about an adapter that did not start. */
const explain = (error: unknown): unknown => {
  if (error instanceof AdapterBusyError)
    return new CliError('failed', error.message, 'Give it another --adapter-name.', { cause: error });
  if (error instanceof EcsPrepareError) return new CliError('failed', error.message, '', { cause: error });
  return error instanceof EcsConfigError || error instanceof LimitsError
    ? new CliError('usage', error.message, '', { cause: error })
    : error;
};

/** Sizes and prices as they are used, since both are not always what was asked for. */
const tellProfiles = (settings: EcsSettings, region: string, log: Log): void => {
  const offers = offersOf(settings, region);
  for (const [at, profile] of profilesOf(settings).entries())
    log.info('ecs.profile', {
      profile: profile.name,
      size: showSize(profile.size),
      spot: profile.spot,
      labels: [...profile.capabilities.keys()].join(','),
      dollarsPerHour: offers[at]?.dollarsPerHour ?? 0,
    });
  if (!isPriced(region) && profilesOf(settings).some(({ dollarsPerHour }) => dollarsPerHour === undefined))
    log.warn('ecs.prices.guessed', {
      region,
      hint: `the table of ${PRICES_DATED} does not know it: counted is half as much again as us-east-1; give --dollars-per-group-hour`,
    });
};

/** Timers of the clock do not keep a process alive, and until it is connected nothing else does while AWS is asked again. */
const awake = async <T>(work: Promise<T>): Promise<T> => {
  const alive = setInterval(() => undefined, 60_000);
  try {
    return await work;
  } finally {
    clearInterval(alive);
  }
};

const serve = async (settings: EcsSettings, { ignored }: CommandExtra): Promise<number> => {
  const log = createLog({ component: 'adapter.ecs', level: settings.logLevel, format: settings.logFormat });
  if (ignored.length > 0) log.info('config.ignored', { options: ignored.join(' ') });
  const notes = noteLogger(log);
  const clock = systemClock();
  await using provisioner = ecsProvisioner({ ...ecsConfigOf(settings), clock, log: notes });
  const region = await awake(provisioner.region());
  tellProfiles(settings, region, log);
  const adapter = await awake(
    startAdapter({
      ...ecsAdapterOf(settings, region),
      provisioner,
      transport: zeromqTransport({ onNote: notes }),
      clock,
      log: notes,
    }),
  );
  return await host(hosted(adapter, settings, log));
};

export const run = (argv: readonly string[]): Promise<number> =>
  runCommand(
    {
      name: 'adapter ecs',
      summary: 'Start and stop worker groups as Fargate tasks, as a scheduler asks for them.',
      spec: ecsCommand,
      shortFlags: {
        '-mw': '--max-workers',
        '-pwc': '--per-worker-capabilities',
        '-dts': '--death-timeout-seconds',
      },
      examples: [
        'muster adapter ecs tcp://10.0.0.5:8516 --ecs-subnets subnet-0a1b2c3d --max-worker-groups 20',
        'muster adapter ecs tcp://10.0.0.5:8516 --ecs-subnets subnet-0a1b2c3d,subnet-4e5f6a7b --spot prefer --profile "name=small labels=linux" --profile "name=big cpu=8 memory=32 labels=linux,big"',
      ],
      notes: [
        'Credentials come from where AWS tools look: environment, profile (AWS_PROFILE), container or instance role; keys as options are ignored.',
        'AWS_ENDPOINT_URL, AWS_CA_BUNDLE, HTTPS_PROXY and NO_PROXY are heard.',
        'Cluster and task definition must exist; nothing is made but tasks. Each is tagged muster:adapter and muster:group.',
        'A restart under the same name adopts the tasks that still run. SIGTERM or Ctrl-C ends as --on-stop says; a second one stops the groups.',
        'Exit codes: 0 ended, 1 failed, 2 wrong usage, 130 ended by Ctrl-C.',
      ],
      run: async (settings, extra) => {
        try {
          return await serve(settings, extra);
        } catch (error) {
          throw explain(error);
        }
      },
    },
    argv,
  );
