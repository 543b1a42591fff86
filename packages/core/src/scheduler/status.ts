/** What an operator sees: where everything is, and why what waits is waiting. */
import { capabilityKey, showId } from '@muster/protocol/ids';
import type { Instant } from '@muster/protocol/ids';
import { missingCapabilities } from '../allocation/policy.ts';
import { policyText } from '../policy-content/text.ts';
import type { SchedulerStatus } from '../scheduler-types.ts';
import { showDuration } from '../words.ts';
import type { Adapter } from './adapter.ts';
import type { Bucket } from './bucket.ts';
import { isOnTrial, isResting } from './breaker.ts';
import { mayBeGivenTasks } from './indexes.ts';
import { heldBy } from './group.ts';
import { WAITS_KEPT } from './state.ts';
import type { SchedulerState } from './state.ts';

export const statusOf = (state: SchedulerState, now: Instant): SchedulerStatus => {
  const { config, store, counts } = state;
  const [waitP50Ms, waitP95Ms] = waitPercentiles(state);
  return {
    epoch: config.epoch,
    policy: policyLine(state),
    uptimeMs: now - state.startedAt,
    objectStore: {
      host: store?.address.host ?? '',
      port: store?.address.port ?? 0,
      path: store?.path ?? '',
      up: store !== undefined && store.epoch !== '',
    },
    tasks: {
      waiting: counts.waiting,
      assigned: counts.assigned,
      canceling: counts.canceling,
      succeeded: counts.succeeded,
      failed: counts.failed,
      canceled: counts.canceled,
      attempts: counts.attempts,
      lostAttempts: counts.lostAttempts,
    },
    waiting: waitingRows(state, now),
    waitP50Ms,
    waitP95Ms,
    clients: [...state.clients.values()].map((client) => ({ id: showId(client.id), tasks: client.tasks })),
    workers: [...state.workers.values()].map((worker) => ({
      id: showId(worker.id),
      group: worker.group === undefined ? undefined : showId(worker.group.id),
      held: worker.holds.length,
      draining: worker.phase !== 'active',
      own: worker.own,
      cpuPermille: worker.resource.cpu,
      rssBytes: worker.resource.rssBytes,
    })),
    groups: [...state.groups.values()].map((group) => ({
      id: showId(group.id),
      adapter: showId(group.adapter.key),
      phase: group.phase,
      workers: group.workers.size,
      held: heldBy(group),
      nativeId: group.nativeId,
      sinceMs: now - group.since,
      reason: group.reason,
    })),
    adapters: [...state.adapters.values()].map((adapter) => ({
      id: showId(adapter.key),
      own: adapter.own,
      groupsMax: adapter.groupsMax,
      workersPerGroup: adapter.workersPerGroup,
      capabilities: [...adapter.capabilities.keys()].sort(),
      groups: adapter.groups.size,
      trouble: troubleOf(adapter, now),
      restingMs: isResting(adapter, now) ? (adapter.breaker.restsUntil ?? now) - now : 0,
      onTrial: isOnTrial(state, adapter),
      startMs: adapter.startTimes.medianMs,
      dollarsPerHour: costOf(adapter),
    })),
    groupsStarted: counts.groupsStarted,
    groupsStopped: counts.groupsStopped,
    groupsPeak: counts.groupsPeak,
    scaling: state.scalingLine,
    decisions: [...state.decisions],
  };
};

export const troubleOf = (adapter: Adapter, now: Instant): string => {
  if (!adapter.up) return `not heard for ${showDuration(now - adapter.lastSeen)}`;
  return adapter.says === '' ? adapter.breaker.trouble : adapter.says;
};

/** Of the groups it has now. */
const costOf = (adapter: Adapter): number => {
  let dollars = 0;
  for (const supply of adapter.supplies.values()) dollars += supply.groups * supply.dollarsPerHour;
  return dollars;
};

/** All that differs from what every policy does by default. */
export const policyLine = ({ config }: SchedulerState): string =>
  policyText(config.policy) + (config.compat === 'stock' ? ' (compat=stock)' : '');

const waitPercentiles = (state: SchedulerState): readonly [number | undefined, number | undefined] => {
  const kept = Math.min(state.waitsSeen, WAITS_KEPT);
  const sorted = state.waits.slice(0, kept).sort();
  const at = (share: number): number | undefined => sorted[Math.max(0, Math.ceil(kept * share) - 1)];
  return [at(0.5), at(0.95)];
};

const ROWS_MAX = 100;

export const waitingRows = (state: SchedulerState, now: Instant): SchedulerStatus['waiting'] => {
  const rows: { needs: readonly string[]; count: number; reason: string }[] = [];
  for (const bucket of state.buckets.values()) {
    if (bucket.waiting === 0) continue;
    if (rows.length >= ROWS_MAX) break;
    rows.push({
      needs: [...bucket.needs.keys()].map(showId).sort(),
      count: bucket.waiting,
      reason: whyWaiting(state, bucket, now),
    });
  }
  return rows;
};

/** The nearest cause first: workers that could run them, then groups on their way, then what keeps new ones away. */
export const whyWaiting = (state: SchedulerState, bucket: Bucket, now: Instant): string => {
  const able = bucket.pools.reduce((sum, pool) => sum + pool.workers, 0);
  if (able > 0) return whyNotTaken(state, bucket, able);
  const kind = bucket.own ? '' : ' of stock clients';
  const workers = bucket.own ? state.own.workers : state.stock.workers;
  const all = [...state.adapters.values()].filter((adapter) => adapter.own === bucket.own);
  const adapters = all.filter((adapter) =>
    adapter.offers.some((offer) => state.allocation.serves(offer.capabilities, bucket.needs)),
  );
  if (adapters.length === 0 && (workers > 0 || all.length > 0)) {
    const whose = all.length === 0 ? 'no worker has' : 'no worker and no adapter has';
    return `${whose} capability ${missingNames(state, bucket, all).join(', ')}`;
  }
  const starting = adapters.reduce((sum, adapter) => sum + adapter.phases.requested, 0);
  if (starting > 0) return `${starting} worker ${starting === 1 ? 'group is' : 'groups are'} starting`;
  if (state.shutdown !== undefined) return 'the scheduler is shutting down: no groups are started';
  if (state.config.policy.scaling === 'no') return `no workers${kind}, and scaling=no starts none`;
  if (adapters.length === 0) return `no workers${kind} and no adapter that could start them`;
  return adapters.map((adapter) => whyNoStart(state, adapter, now)).join('; ');
};

const whyNotTaken = (state: SchedulerState, bucket: Bucket, able: number): string => {
  let busy = 0;
  let unreached = 0;
  for (const worker of state.workers.values()) {
    if (!bucket.pools.includes(worker.pool)) continue;
    if (mayBeGivenTasks(worker)) busy++;
    else if (worker.mute !== 'no') unreached++;
  }
  if (busy > 0)
    return `${busy === 1 ? 'the one worker that may run them is' : `all ${busy} workers that may run them are`} busy`;
  const leaving = able - unreached;
  const parts = [
    ...(leaving > 0 ? [`${leaving} ${leaving === 1 ? 'is' : 'are'} leaving`] : []),
    ...(unreached > 0 ? [`${unreached} cannot be reached`] : []),
  ];
  return `of the ${able === 1 ? 'one worker' : `${able} workers`} that may run them ${parts.join(', ')}`;
};

/** Names that no worker and no adapter has at all; where each one exists but never together, all of them. */
const missingNames = (
  state: SchedulerState,
  bucket: Bucket,
  adapters: readonly Adapter[],
): readonly string[] => {
  const names = [...bucket.needs.keys()].sort();
  const pools = [...state.pools.values()].filter((pool) => pool.own === bucket.own);
  const offers = [
    ...pools.map((pool) => pool.offered),
    ...adapters.flatMap(({ offers: kinds }) => kinds.map((kind) => kind.capabilities)),
  ];
  const nowhere = names.filter((name) => offers.every((offered) => !offered.has(name)));
  if (nowhere.length > 0) return nowhere.map(showId);
  const closest = offers
    .map((offered) => missingCapabilities(offered, bucket.needs))
    .sort((one, other) => one.length - other.length)[0];
  return (closest ?? names).map(
    (name) =>
      `${showId(name)} together with ${capabilityKey(bucket.needs)
        .split('\u0000')
        .filter((other) => other !== name)
        .map(showId)
        .join(', ')}`,
  );
};

/** What keeps this adapter from a start. */
export const whyNoStart = (state: SchedulerState, adapter: Adapter, now: Instant): string => {
  const name = `adapter ${showId(adapter.key)}`;
  if (!adapter.up) return `${name} has not been heard for ${showDuration(now - adapter.lastSeen)}`;
  if (adapter.says !== '') return `${name} says: ${showId(adapter.says)}`;
  const { restsUntil, trouble } = adapter.breaker;
  if (restsUntil !== undefined && restsUntil > now) {
    return `${name} is in trouble (${trouble}); next start in ${showDuration(restsUntil - now)}`;
  }
  if (adapter.groups.size >= adapter.groupsMax) {
    const leaving = adapter.phases.draining + adapter.phases.stopping;
    return `${name} is at its limit of ${adapter.groupsMax}${leaving > 0 ? `, ${leaving} of them leaving` : ''}`;
  }
  const inTheWay = lastBlock(state, adapter);
  return inTheWay === undefined ? `${name} is about to start a group` : `${name}: ${inTheWay}`;
};

/** What the latest decision says against this adapter, such as that the policy never asks it. */
const lastBlock = (state: SchedulerState, adapter: Adapter): string | undefined => {
  const side = adapter.own ? 'own' : 'stock';
  const record = [...state.records].findLast((one) => one.side === side);
  const start = `${showId(adapter.key)}: `;
  return record?.blockedBy.find((phrase) => phrase.startsWith(start))?.slice(start.length);
};
