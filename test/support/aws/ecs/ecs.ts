/** The peer's ECS, put together. */
import type { Account } from '../account.ts';
import type { Network } from '../ec2/network.ts';
import type { Meter } from '../meter.ts';
import type { Service } from '../service.ts';
import type { TaskRunner } from '../tasks/runner.ts';
import type { Buckets } from '../throttle.ts';
import { clusterOperations } from './clusters.ts';
import { definitionOperations } from './definitions.ts';
import { runOperations } from './run-task.ts';
import type { EcsQuotas, EcsTimings } from './settings.ts';
import { ecsBucketOf } from './settings.ts';
import type { Ecs, Neighbours } from './state.ts';
import { tagOperations } from './tags.ts';
import { taskOperations } from './tasks.ts';

export interface EcsOptions {
  readonly account: Account;
  readonly timings: EcsTimings;
  readonly quotas: EcsQuotas;
  readonly network: Network;
  readonly meter: Meter;
  readonly buckets: Buckets;
  readonly runner: TaskRunner;
  readonly neighbours: Neighbours;
  readonly stopTimeoutFactor: number;
}

export const openEcs = (options: EcsOptions): Ecs => ({
  ...options,
  clusters: new Map(),
  families: new Map(),
  tasks: new Map(),
  tokens: new Map(),
  capacity: () => undefined,
  startTrouble: () => undefined,
  metadataUrl: '',
  usage: { tasks: 0, onDemandVcpus: 0, spotVcpus: 0 },
  peak: { tasks: 0, vcpus: 0 },
  chance: {
    ids: options.account.random('ecs.ids'),
    times: options.account.random('ecs.times'),
    places: options.account.random('ecs.places'),
  },
  watchers: new Set(),
});

export const ecsService = (ecs: Ecs): Service => ({
  name: 'ecs',
  operations: {
    ...clusterOperations(ecs),
    ...definitionOperations(ecs),
    ...runOperations(ecs),
    ...taskOperations(ecs),
    ...tagOperations(ecs),
  },
  bucketOf: (name) => ecsBucketOf(ecs.quotas, name),
});
