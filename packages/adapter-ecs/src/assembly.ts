/** What the settings of `muster adapter ecs` mean for the kit and for the provisioner. */
import { createHash } from 'node:crypto';
import { homedir, hostname } from 'node:os';
import { join } from 'node:path';
import type { AdapterOptions } from '@muster/adapter-kit/adapter';
import { WORKER_ENV } from '@muster/protocol/calls';
import { adapterId } from '@muster/protocol/ids';
import type { AdapterId, Capabilities } from '@muster/protocol/ids';
import type { GroupOffer } from '@muster/protocol/messages';
import type { EcsSettings } from './config.ts';
import type { Place } from './launch.ts';
import { BILLED_MINIMUM_MS, dollarsPerHour } from './prices.ts';
import type { WrittenProfile } from './profile-text.ts';
import type { LaunchProfile } from './profiles.ts';
import type { EcsConfig } from './provisioner.ts';
import { roundUp, vcpusOf } from './sizes.ts';
import { VISIBLE_WITHIN_MS } from './states.ts';

/**
 * Whose tasks are whose. Two adapters must never share a name, so the default differs by machine, cluster and scheduler; it
 * is the same after a restart.
 */
export const adapterNameOf = (
  settings: Pick<EcsSettings, 'adapterName' | 'schedulerAddress' | 'cluster'>,
  machine: string = hostname(),
): AdapterId => {
  const mark = [machine, settings.cluster, settings.schedulerAddress].join('\n');
  return adapterId(
    settings.adapterName ?? `ecs-${createHash('sha256').update(mark).digest('hex').slice(0, 16)}`,
  );
};

/** Survives a reboot, unlike the tasks' machine knows of it: they run elsewhere. */
export const defaultStateDir = (env: Readonly<Record<string, string | undefined>> = process.env): string => {
  const state = env['XDG_STATE_HOME'];
  const base = state !== undefined && state !== '' ? state : join(homedir(), '.local', 'state');
  return join(base, 'muster', 'adapters');
};

export const profilesOf = (settings: EcsSettings): readonly LaunchProfile[] => {
  const written: readonly Partial<WrittenProfile>[] =
    settings.profiles.length === 0 ? [{ name: 'default' }] : settings.profiles;
  return written.map((one) => {
    const size = roundUp(one.vcpus ?? settings.vcpus, (one.memoryGiB ?? settings.memoryGiB) * 1024);
    if (size === undefined) throw new RangeError(`no Fargate size fits profile ${one.name ?? ''}`);
    return {
      name: one.name ?? 'default',
      size,
      capabilities: one.labels ?? settings.capabilities,
      spot: one.spot ?? settings.spot,
      taskDefinition: one.taskDefinition ?? settings.taskDefinition,
      image: one.image ?? settings.image,
      architecture: one.architecture ?? settings.architecture,
      storageGiB: one.storageGiB ?? settings.storageGiB,
      dollarsPerHour: one.dollarsPerHour ?? settings.dollarsPerGroupHour,
    };
  });
};

/** Everything of one adapter that outlives its process. */
const stateFolder = (settings: EcsSettings): string =>
  join(settings.stateDir ?? defaultStateDir(), adapterNameOf(settings));

const placeOf = (settings: EcsSettings): Place => ({
  cluster: settings.cluster,
  subnets: settings.subnets,
  securityGroups: settings.securityGroups,
  assignPublicIp: settings.assignPublicIp,
  platformVersion: settings.platformVersion === 'LATEST' ? '' : settings.platformVersion,
  tags: new Map(
    settings.tags.map((tag) => [tag.slice(0, tag.indexOf('=')), tag.slice(tag.indexOf('=') + 1)] as const),
  ),
});

/** For {@link ecsProvisioner}; the caller adds the clock and the log. */
export const ecsConfigOf = (settings: EcsSettings): Omit<EcsConfig, 'clock' | 'log'> => ({
  ownerMark: adapterNameOf(settings),
  place: placeOf(settings),
  profiles: profilesOf(settings),
  lockFile: join(stateFolder(settings), 'lock'),
  region: settings.region,
  roleArn: settings.roleArn,
  buckets: {
    launch: {
      perSecond: settings.launchesPerSecond,
      burst: Math.max(1, Math.floor(settings.launchesPerSecond)),
    },
  },
});

/** Price of a group of this profile: what was set, else by the table. */
export const priceOf = (profile: LaunchProfile, region: string, assignPublicIp: boolean): number =>
  profile.dollarsPerHour ??
  dollarsPerHour(
    {
      size: profile.size,
      architecture: profile.architecture,
      storageGiB: profile.storageGiB,
      publicAddress: assignPublicIp,
    },
    region,
  );

export const offersOf = (settings: EcsSettings, region: string): readonly GroupOffer[] =>
  profilesOf(settings).map((profile) => ({
    name: profile.name,
    capabilities: profile.capabilities,
    dollarsPerHour: priceOf(profile, region, settings.assignPublicIp),
    billedMinimumMs: BILLED_MINIMUM_MS,
  }));

type AdapterPart =
  | 'scheduler'
  | 'schedulerForWorkers'
  | 'adapterId'
  | 'workersPerGroup'
  | 'capabilities'
  | 'offers'
  | 'limits'
  | 'cost'
  | 'intentsFile'
  | 'workerEnv'
  | 'pace';

/**
 * For `startAdapter`; the caller adds the provisioner, the transport, the clock and the log.
 * @param region where the tasks will run: prices differ.
 */
export const ecsAdapterOf = (settings: EcsSettings, region: string): Pick<AdapterOptions, AdapterPart> => {
  const name = adapterNameOf(settings);
  const profiles = profilesOf(settings);
  const offers = offersOf(settings, region);
  const { workerSchedulerAddress, vcpusMax } = settings;
  return {
    scheduler: settings.schedulerAddress,
    ...(workerSchedulerAddress === undefined ? {} : { schedulerForWorkers: workerSchedulerAddress }),
    adapterId: name,
    workersPerGroup: workersPerGroupOf(settings),
    // The stock field has room for one set: what groups of every profile have.
    capabilities: common(profiles.map((profile) => profile.capabilities)),
    offers,
    limits: {
      groupsMax: settings.groupsMax,
      ...(vcpusMax === undefined ? {} : { vcpusMax }),
      startsPerMinuteMax: settings.startsPerMinuteMax,
      dollarsPerHourMax: settings.dollarsPerHourMax,
      dollarsPerDayMax: settings.dollarsPerDayMax,
    },
    // Each group counts as the largest and dearest, so that no mixture of profiles exceeds a cap.
    cost: {
      vcpus: Math.max(...profiles.map(({ size }) => vcpusOf(size))),
      dollarsPerHour: Math.max(...offers.map((offer) => offer.dollarsPerHour)),
      billedMinimumMs: BILLED_MINIMUM_MS,
      lifetimeMaxMs: settings.lifetimeMaxMs,
    },
    intentsFile: join(stateFolder(settings), 'intents'),
    workerEnv: {
      [WORKER_ENV.deathTimeoutMs]: String(settings.deathTimeoutMs),
      [WORKER_ENV.graceMs]: String(settings.graceMs),
      [WORKER_ENV.lifetimeMaxMs]: String(settings.lifetimeMaxMs),
    },
    pace: { ...ECS_PACE, startGiveUpMs: settings.startTimeoutMs },
  };
};

export const workersPerGroupOf = (settings: EcsSettings): number =>
  settings.workersPerGroup ??
  Math.max(1, Math.floor(Math.min(...profilesOf(settings).map(({ size }) => vcpusOf(size)))));

const common = (sets: readonly Capabilities[]): Capabilities => {
  const [first = new Map<string, number | 'present'>(), ...others] = sets;
  return new Map([...first].filter(([name]) => others.every((other) => other.has(name))));
};

/**
 * A task takes a minute to boot, and reads are shared with everybody in the account. The provisioner has a rule of its own
 * for what ECS does not show yet, so that the kit need not wait for it once more.
 */
export const ECS_PACE: NonNullable<AdapterOptions['pace']> = {
  listLagMs: 0,
  restoreGraceMs: VISIBLE_WITHIN_MS,
  listIntervalMs: 30_000,
  listBusyIntervalMs: 10_000,
  // Pages of 2,000 tasks, and repeats within them.
  listTimeoutMs: 120_000,
  // 16 launches wait for their turn behind 48 others, at one per second after throttling.
  startTimeoutMs: 120_000,
  stopTimeoutMs: 60_000,
  stopRepeatMs: 30_000,
  upBy: 'workers',
};
