/** A provider that exists in memory: lags, fails, loses answers and groups on demand, and writes down every call. */
import type { Instant } from '@muster/protocol/ids';
import { instant } from '@muster/protocol/ids';
import type { AdapterId, GroupId } from '@muster/protocol/ids';
import type { Clock } from '@muster/runtime/clock';
import type {
  GroupInstance,
  GroupSpec,
  Provisioner,
  ProvisionFailure,
  ProvisionFailureKind,
} from './provisioner.ts';

/** What happens to the next group that is started; one fault per group. */
export type StartFault =
  /** Not started, and says so. Definitive kinds are replayed for the same token, as real providers do. */
  | { readonly kind: 'fail'; readonly failure: ProvisionFailureKind; readonly detail?: string }
  /** Started, but the answer says `unknown`. */
  | { readonly kind: 'loseAnswer' }
  /** Started, and stays pending for ever. */
  | { readonly kind: 'stuck' }
  /** Left out of the answer. */
  | { readonly kind: 'forget' };

export interface FakeProviderOptions {
  readonly clock: Clock;
  /** How far `list` lags behind starts and ends. Default 0. */
  readonly listLagMs?: number;
  /** From start to running. Default 0. */
  readonly bootMs?: number;
  /** From stop to gone. Default 0. */
  readonly stopMs?: number;
}

export type FakeCall =
  | { readonly method: 'prepare' | 'list'; readonly owner: AdapterId }
  | { readonly method: 'start'; readonly owner: AdapterId; readonly specs: readonly GroupSpec[] }
  | {
      readonly method: 'stop';
      readonly owner: AdapterId;
      readonly ids: readonly GroupId[];
      readonly reason: string;
    };

export interface FakeProvider {
  /** The provider as one adapter sees it. Any number per owner, one after another: restarts. */
  provisioner(owner: AdapterId): Provisioner;
  readonly calls: readonly FakeCall[];
  /** Taken from the front, one per group started. */
  readonly startFaults: StartFault[];
  /** Calls to fail as a whole, taken from the front: a rejection, or no answer until aborted. */
  readonly callFaults: { readonly method: 'list' | 'start' | 'stop'; readonly fault: 'reject' | 'hang' }[];
  /** The group dies without a word. */
  kill(group: GroupId): void;
  /** What really runs, this instant, without lag. */
  alive(): readonly GroupId[];
  /** Most groups that ever ran at once. */
  peak(): number;
}

interface FakeGroup {
  readonly id: GroupId;
  readonly owner: AdapterId;
  readonly token: string;
  readonly bornAt: Instant;
  readonly runsAt: Instant | undefined;
  stopsAt: Instant | undefined;
  goneAt: Instant | undefined;
}

interface World {
  readonly options: Required<FakeProviderOptions>;
  readonly groups: Map<GroupId, FakeGroup>;
  /** Definitive failures by token. */
  readonly refused: Map<string, ProvisionFailure>;
  readonly startFaults: StartFault[];
  readonly callFaults: FakeProvider['callFaults'];
  peak: number;
}

export const fakeProvider = (options: FakeProviderOptions): FakeProvider => {
  const world: World = {
    options: { listLagMs: 0, bootMs: 0, stopMs: 0, ...options },
    groups: new Map(),
    refused: new Map(),
    startFaults: [],
    callFaults: [],
    peak: 0,
  };
  const calls: FakeCall[] = [];
  return {
    calls,
    startFaults: world.startFaults,
    callFaults: world.callFaults,
    provisioner: (owner) => provisionerOf(world, owner, calls),
    kill: (id) => {
      const group = world.groups.get(id);
      if (group !== undefined) group.goneAt ??= options.clock.now();
    },
    alive: () => [...world.groups.values()].filter((group) => isAlive(world, group)).map((group) => group.id),
    peak: () => world.peak,
  };
};

const provisionerOf = (world: World, owner: AdapterId, calls: FakeCall[]): Provisioner => ({
  name: 'fake',
  prepare: async () => void calls.push({ method: 'prepare', owner }),
  start: async (specs, signal) => {
    calls.push({ method: 'start', owner, specs });
    await meetFault(world, 'start', signal);
    const outcomes = specs.map((spec) => startOne(world, owner, spec));
    return {
      started: outcomes.flatMap((one) => (one !== undefined && 'state' in one ? [one] : [])),
      failures: outcomes.flatMap((one) => (one !== undefined && 'kind' in one ? [one] : [])),
    };
  },
  list: async (signal) => {
    calls.push({ method: 'list', owner });
    await meetFault(world, 'list', signal);
    return [...world.groups.values()]
      .filter((group) => group.owner === owner)
      .flatMap((group) => listed(world, group));
  },
  stop: async (ids, reason, signal) => {
    calls.push({ method: 'stop', owner, ids, reason });
    await meetFault(world, 'stop', signal);
    for (const id of ids) stopOne(world, owner, id);
    return { stopped: ids, failures: [] };
  },
});

const meetFault = async (
  world: World,
  method: 'list' | 'start' | 'stop',
  signal: AbortSignal,
): Promise<void> => {
  signal.throwIfAborted();
  const [next] = world.callFaults;
  if (next?.method !== method) return;
  world.callFaults.shift();
  if (next.fault === 'reject') throw new Error(`${method} failed on purpose`);
  await new Promise((_, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
  );
};

const startOne = (
  world: World,
  owner: AdapterId,
  spec: GroupSpec,
): GroupInstance | ProvisionFailure | undefined => {
  const now = world.options.clock.now();
  const before = world.groups.get(spec.groupId);
  if (before !== undefined && (isAlive(world, before) || before.token === spec.token))
    return instanceOf(before, now);
  const refusal = world.refused.get(spec.token);
  if (refusal !== undefined) return refusal;
  const fault = world.startFaults.shift();
  if (fault?.kind === 'fail') return refuse(world, spec, fault.failure, fault.detail ?? 'failed on purpose');
  const group: FakeGroup = {
    id: spec.groupId,
    owner,
    token: spec.token,
    bornAt: now,
    runsAt: fault?.kind === 'stuck' ? undefined : instant(now + world.options.bootMs),
    stopsAt: undefined,
    goneAt: undefined,
  };
  world.groups.set(group.id, group);
  world.peak = Math.max(world.peak, [...world.groups.values()].filter((one) => isAlive(world, one)).length);
  if (fault?.kind === 'forget') return undefined;
  if (fault?.kind === 'loseAnswer') return { groupId: group.id, kind: 'unknown', detail: 'connection reset' };
  return instanceOf(group, now);
};

const refuse = (
  world: World,
  spec: GroupSpec,
  kind: ProvisionFailureKind,
  detail: string,
): ProvisionFailure => {
  const failure = { groupId: spec.groupId, kind, detail };
  if (kind !== 'throttled' && kind !== 'unknown') world.refused.set(spec.token, failure);
  return failure;
};

const stopOne = (world: World, owner: AdapterId, id: GroupId): void => {
  const group = world.groups.get(id);
  if (group?.owner !== owner || group.stopsAt !== undefined) return;
  const now = world.options.clock.now();
  group.stopsAt = now;
  group.goneAt ??= instant(now + world.options.stopMs);
};

const isAlive = (world: World, group: FakeGroup): boolean =>
  group.goneAt === undefined || group.goneAt > world.options.clock.now();

/** The world as it was `listLagMs` ago. */
const listed = (world: World, group: FakeGroup): readonly GroupInstance[] => {
  const at = instant(world.options.clock.now() - world.options.listLagMs);
  return group.bornAt > at || (group.goneAt !== undefined && group.goneAt <= at)
    ? []
    : [instanceOf(group, at)];
};

const instanceOf = (group: FakeGroup, at: Instant): GroupInstance => {
  const isRunning = group.runsAt !== undefined && group.runsAt <= at;
  const isStopping = group.stopsAt !== undefined && group.stopsAt <= at;
  const booting = group.runsAt === undefined ? 'pending' : 'starting';
  return {
    groupId: group.id,
    nativeId: `fake/${group.id}`,
    state: isStopping ? 'stopping' : isRunning ? 'running' : booting,
  };
};
