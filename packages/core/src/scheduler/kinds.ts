/** Finds what tasks and workers share: kinds, buckets and pools, made when first needed. */
import { capabilityKey, showId } from '@muster/protocol/ids';
import type { Capabilities } from '@muster/protocol/ids';
import type { TaskHead } from '@muster/protocol/messages';
import { Bucket } from './bucket.ts';
import type { Client } from './client.ts';
import { Pool } from './pool.ts';
import { noteOnce } from './state.ts';
import type { SchedulerState } from './state.ts';
import type { TaskKind } from './task-kind.ts';

/** Priorities beyond it count as this: a queue has a lane for each, so peers must not choose how many there are. */
export const PRIORITY_BOUND = 1_000;

const keyOf = (own: boolean, capabilities: Capabilities): string =>
  (own ? 'own:' : 'stock:') + capabilityKey(capabilities);

export const kindOf = (state: SchedulerState, client: Client, head: TaskHead): TaskKind => {
  const bucket = bucketOf(state, client.own, head);
  const fn = state.functions.of(head.functionId);
  // The stock scheduler's queue knows no priority; its workers do.
  const priority = state.config.compat === 'stock' ? 0 : clampPriority(head.priority);
  const last = fn.lastKind;
  const { needs } = head;
  if (last !== undefined && last.priority === priority && fits(last, client, bucket) && states(last, needs))
    return last;
  const stated = capabilityKey(needs);
  const key = `${priority} ${client.id} ${bucket.key} ${stated}`;
  const known = fn.kinds.get(key);
  if (known !== undefined && fits(known, client, bucket)) {
    fn.lastKind = known;
    return known;
  }
  const work = state.demand.workOf(client.own, needs, fn);
  const kind: TaskKind = { index: 0, refs: 0, key, client, fn, bucket, priority, stated: needs, work };
  fn.kinds.set(key, kind);
  fn.lastKind = kind;
  return kind;
};

/** One of a client that came back, or of a queue that was dissolved meanwhile, only looks the same. */
const fits = (kind: TaskKind, client: Client, bucket: Bucket): boolean =>
  kind.client === client && kind.bucket === bucket && !kind.work.gone;

/** The codec gives equal needs as one map, mostly. */
const states = ({ stated }: TaskKind, needs: Capabilities): boolean =>
  stated === needs || (stated.size === needs.size && capabilityKey(stated) === capabilityKey(needs));

/** Its last task is gone. */
export const dissolveKind = (kind: TaskKind): void => {
  const { fn } = kind;
  if (fn.kinds.get(kind.key) === kind) fn.kinds.delete(kind.key);
  if (fn.lastKind === kind) fn.lastKind = undefined;
};

const clampPriority = (priority: number): number =>
  Math.max(-PRIORITY_BOUND, Math.min(PRIORITY_BOUND, priority));

const bucketOf = (state: SchedulerState, own: boolean, head: TaskHead): Bucket => {
  const needs = state.allocation.consider(head.needs);
  if (needs.size < head.needs.size) noteIgnored(state, head.needs);
  const key = needs.size === 0 ? (own ? 'own:' : 'stock:') : keyOf(own, needs);
  const known = state.buckets.get(key);
  if (known !== undefined) return known;
  const bucket = new Bucket(key, own, needs, state.tasks);
  state.buckets.set(key, bucket);
  for (const pool of state.pools.values()) link(state, bucket, pool);
  return bucket;
};

const noteIgnored = (state: SchedulerState, needs: Capabilities): void => {
  const names = [...needs.keys()].map(showId).sort().join(',');
  noteOnce(state, `needs:${names}`, 'task.needs.ignored', 'warn', {
    needs: names,
    policy: state.allocation.name,
  });
};

export const poolOf = (state: SchedulerState, own: boolean, capabilities: Capabilities): Pool => {
  const offered = state.allocation.regard(capabilities);
  const key = keyOf(own, offered);
  const known = state.pools.get(key);
  if (known !== undefined) return known;
  const pool = new Pool(key, own, offered);
  state.pools.set(key, pool);
  for (const bucket of state.buckets.values()) link(state, bucket, pool);
  return pool;
};

/** Tasks of our own clients go to our own workers, stock ones to stock workers: each speaks its own values. */
const link = (state: SchedulerState, bucket: Bucket, pool: Pool): void => {
  if (bucket.own !== pool.own || !state.allocation.serves(pool.offered, bucket.needs)) return;
  bucket.pools.push(pool);
  pool.buckets.push(bucket);
};

export const dissolvePool = (state: SchedulerState, pool: Pool): void => {
  state.pools.delete(pool.key);
  for (const bucket of pool.buckets) bucket.pools.splice(bucket.pools.indexOf(pool), 1);
  pool.buckets.length = 0;
};
