/**
 * Worker groups as Fargate tasks: one task is one group.
 *
 * A group is found again by `startedBy` and its environment (`MUSTER_OWNER`, `MUSTER_GROUP_ID`), never by tags, which vanish
 * when a task stops. Each launch has a token of its own that a repeat repeats, so that no answer that was lost makes a second
 * task. Nothing is created here but tasks.
 */
import { setMaxListeners } from 'node:events';
import type { Provisioner } from '@muster/adapter-kit/provisioner';
import type { Note } from '@muster/core/machine';
import type { AdapterId } from '@muster/protocol/ids';
import type { Clock } from '@muster/runtime/clock';
import { createBreaker } from './breaker.ts';
import { tokenBucket } from './buckets.ts';
import type { BucketSize } from './buckets.ts';
import { ecsClient } from './client.ts';
import type { CallKind, Ecs } from './ecs.ts';
import { ADAPTER_NAME_MAX, ownerOf } from './launch.ts';
import type { Place } from './launch.ts';
import { takeLock } from './lock.ts';
import { listGroups } from './poller.ts';
import type { LaunchProfile } from './profiles.ts';
import { startGroups } from './start.ts';
import { stopGroups } from './stop.ts';
import { verify } from './verify.ts';

export interface EcsConfig {
  /** Name of the adapter: `[A-Za-z0-9_-]`, at most 29 characters. A restart under the same name adopts its tasks. */
  readonly ownerMark: AdapterId;
  readonly place: Place;
  /** One or more, each offering something else. */
  readonly profiles: readonly LaunchProfile[];
  readonly clock: Clock;
  readonly log: (note: Note) => void;
  /** Default: what the SDK finds. */
  readonly region?: string | undefined;
  /** Assumed with the credentials of the default chain. */
  readonly roleArn?: string | undefined;
  /** Calls per second; default {@link BUCKETS}. */
  readonly buckets?: Partial<Readonly<Record<CallKind, BucketSize>>>;
  /** Held while it is open, so that no second adapter of this name runs on this machine; undefined: not held. */
  readonly lockFile?: string;
  /** Default: the environment of this process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface EcsProvisioner extends Provisioner, AsyncDisposable {
  /** What keeps it from working, the state first (`quota: …`); '' for nothing. */
  trouble(): string;
  /** Where its tasks run; '' where nothing says. */
  region(): Promise<string>;
  /** Closes connections and releases the lock; tasks stay. Any number of times. */
  close(): Promise<void>;
}

/**
 * About half of what AWS grants an account and region: others live there too.
 * Source: Amazon ECS API, request throttling: RunTask 20/s burst 20; reads 20/s burst 100; StopTask 40/s burst 100.
 */
export const BUCKETS: Readonly<Record<CallKind, BucketSize>> = {
  launch: { perSecond: 10, burst: 10 },
  read: { perSecond: 10, burst: 50 },
  stop: { perSecond: 20, burst: 50 },
};

export class EcsConfigError extends Error {
  override readonly name = 'EcsConfigError';
  readonly code = 'ECS_CONFIG_INVALID';
}

const NAME = new RegExp(`^[A-Za-z0-9][A-Za-z0-9_-]{0,${ADAPTER_NAME_MAX - 1}}$`);
/** Source: Amazon ECS API, AwsVpcConfiguration. */
const SUBNETS_MAX = 16;
const SECURITY_GROUPS_MAX = 5;

/** @throws EcsConfigError for an unusable configuration. Calls nobody: `prepare` does. */
export const ecsProvisioner = (config: EcsConfig): EcsProvisioner => {
  const ecs = createEcs(config);
  let release: (() => void) | undefined;
  const close = async (): Promise<void> => {
    ecs.client.close();
    release?.();
    release = undefined;
  };
  return {
    name: 'ecs',
    prepare: async (signal) => {
      if (config.lockFile !== undefined) release ??= takeLock(config.lockFile);
      await verify(ecs, shared(signal));
    },
    start: (specs, signal) => startGroups(ecs, specs, shared(signal)),
    list: (signal) => listGroups(ecs, shared(signal)),
    stop: (ids, reason, signal) => stopGroups(ecs, ids, reason, shared(signal)),
    trouble: () => [...ecs.troubles.values()].at(-1)?.detail ?? '',
    region: () => ecs.client.region(),
    close,
    [Symbol.asyncDispose]: close,
  };
};

/** Many requests listen to the signal of one call; that is no leak. */
const shared = (signal: AbortSignal): AbortSignal => {
  setMaxListeners(0, signal);
  return signal;
};

const createEcs = (config: EcsConfig): Ecs => {
  const { clock, log, profiles, place } = config;
  const { subnets, securityGroups } = place;
  if (!NAME.test(config.ownerMark))
    throw new EcsConfigError(
      `'${config.ownerMark}' cannot name an ECS adapter: use A-Z a-z 0-9 _ -, at most ${ADAPTER_NAME_MAX} characters`,
    );
  if (profiles.length === 0) throw new EcsConfigError('there is no launch profile');
  if (subnets.length === 0 || subnets.length > SUBNETS_MAX)
    throw new EcsConfigError(`Fargate takes 1 to ${SUBNETS_MAX} subnets, not ${subnets.length}`);
  if (securityGroups.length > SECURITY_GROUPS_MAX)
    throw new EcsConfigError(`Fargate takes at most ${SECURITY_GROUPS_MAX} security groups`);
  const bucket = (kind: CallKind): ReturnType<typeof tokenBucket> =>
    tokenBucket(config.buckets?.[kind] ?? BUCKETS[kind], clock);
  return {
    owner: ownerOf(config.ownerMark),
    place,
    profiles,
    clock,
    log,
    client: ecsClient(
      { region: config.region, roleArn: config.roleArn, env: config.env ?? process.env },
      clock,
    ),
    buckets: { launch: bucket('launch'), read: bucket('read'), stop: bucket('stop') },
    breaker: createBreaker(),
    definitions: new Map(),
    tasks: new Map(),
    doubtful: new Map(),
    stopAsked: new Set(),
    ended: new Set(),
    troubles: new Map(),
    bornAt: clock.now(),
    hasListed: false,
  };
};
