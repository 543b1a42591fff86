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

const keyOf = (own: boolean, capabilities: Capabilities): string =>
  (own ? 'own:' : 'stock:') + capabilityKey(capabilities);

export const kindOf = (state: SchedulerState, client: Client, head: TaskHead): TaskKind => {
  const bucket = bucketOf(state, client.own, head);
  const fn = state.functions.of(head.functionId);
  // The stock scheduler's queue knows no priority; its workers do.
  const priority = state.config.compat === 'stock' ? 0 : head.priority;
  for (const kind of fn.kinds) {
    if (kind.client === client && kind.bucket === bucket && kind.priority === priority) return kind;
  }
  const kind: TaskKind = { index: 0, refs: 0, client, fn, bucket, priority };
  fn.kinds.add(kind);
  return kind;
};

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
