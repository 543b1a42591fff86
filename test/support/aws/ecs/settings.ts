/** What can be set about the peer's ECS: how long things take, and how much there is of everything. */
import type { Random } from '../random.ts';
import type { BucketSpec } from '../throttle.ts';

/** Milliseconds, both ends included; each task draws its own. */
export type Range = readonly [low: number, high: number];

export interface EcsTimings {
  /** How long after RunTask a task may still be MISSING. Source: ECS API reference, RunTask, eventual consistency. */
  readonly missingMs: Range;
  /** Until the network interface is there. */
  readonly provisioningMs: Range;
  readonly pullMs: Range;
  readonly activatingMs: Range;
  readonly deactivatingMs: Range;
  readonly deprovisioningMs: Range;
  /** Source: ECS API reference, DescribeTasks: stopped tasks stay visible for at least an hour. */
  readonly stoppedVisibleMs: number;
  /** How long PutClusterCapacityProviders keeps the cluster busy. */
  readonly clusterUpdateMs: number;
  /** Two registrations of one family within this time collide. 0: never. */
  readonly registeringMs: number;
}

const SECOND = 1_000;

/** Usual times of small images. Source: AWS blog posts on Fargate start times; the interface takes about 10 s. */
export const USUAL_TIMINGS: EcsTimings = {
  missingMs: [0, 3 * SECOND],
  provisioningMs: [8 * SECOND, 14 * SECOND],
  pullMs: [15 * SECOND, 45 * SECOND],
  activatingMs: [SECOND, 3 * SECOND],
  deactivatingMs: [0, SECOND],
  deprovisioningMs: [5 * SECOND, 20 * SECOND],
  stoppedVisibleMs: 3_600 * SECOND,
  clusterUpdateMs: 0,
  registeringMs: 0,
};

/** The same, so many times faster: for runs in real time. What stays visible, stays as long. */
export const fasterTimings = (factor: number, timings: EcsTimings = USUAL_TIMINGS): EcsTimings => {
  const scaled = ([low, high]: Range): Range => [Math.ceil(low / factor), Math.ceil(high / factor)];
  return {
    ...timings,
    missingMs: scaled(timings.missingMs),
    provisioningMs: scaled(timings.provisioningMs),
    pullMs: scaled(timings.pullMs),
    activatingMs: scaled(timings.activatingMs),
    deactivatingMs: scaled(timings.deactivatingMs),
    deprovisioningMs: scaled(timings.deprovisioningMs),
  };
};

export const drawn = ([low, high]: Range, random: Random): number => random.between(low, high);

export interface EcsQuotas {
  /** Service Quotas L-3032A538, for the sum of vCPU of tasks that have not ended. */
  readonly onDemandVcpus: number;
  /** Service Quotas L-36FBB829. */
  readonly spotVcpus: number;
  /** Tasks a second by Fargate, each for on demand and for Spot. */
  readonly launches: { readonly burst: number; readonly perSecond: number };
  /** Calls a second, by group of operations. */
  readonly runTask: { readonly burst: number; readonly perSecond: number };
  readonly clusterModify: { readonly burst: number; readonly perSecond: number };
  readonly clusterRead: { readonly burst: number; readonly perSecond: number };
  readonly definitionModify: { readonly burst: number; readonly perSecond: number };
  readonly definitionRead: { readonly burst: number; readonly perSecond: number };
  readonly definitionDelete: { readonly burst: number; readonly perSecond: number };
  readonly resourceModify: { readonly burst: number; readonly perSecond: number };
  readonly resourceRead: { readonly burst: number; readonly perSecond: number };
  readonly tagModify: { readonly burst: number; readonly perSecond: number };
}

/**
 * Sources: "Fargate service quotas" and "Request throttling for the Amazon ECS API" in the ECS developer guide and
 * API reference. The vCPU quotas are those of an account that has grown: AWS raises them with use.
 */
export const GROWN_QUOTAS: EcsQuotas = {
  onDemandVcpus: 4_000,
  spotVcpus: 4_000,
  launches: { burst: 100, perSecond: 20 },
  runTask: { burst: 20, perSecond: 20 },
  clusterModify: { burst: 20, perSecond: 1 },
  clusterRead: { burst: 50, perSecond: 20 },
  definitionModify: { burst: 20, perSecond: 1 },
  definitionRead: { burst: 50, perSecond: 20 },
  definitionDelete: { burst: 5, perSecond: 1 },
  resourceModify: { burst: 100, perSecond: 40 },
  resourceRead: { burst: 100, perSecond: 20 },
  tagModify: { burst: 20, perSecond: 10 },
};

/** Source: "Fargate service quotas": 6 vCPU for new accounts. */
export const NEW_ACCOUNT_QUOTAS: EcsQuotas = { ...GROWN_QUOTAS, onDemandVcpus: 6, spotVcpus: 6 };

type Bucket = Exclude<keyof EcsQuotas, 'onDemandVcpus' | 'spotVcpus' | 'launches'>;

const BUCKETS: Readonly<Record<Bucket, readonly string[]>> = {
  runTask: ['RunTask'],
  clusterModify: [
    'CreateCluster',
    'DeleteCluster',
    'UpdateCluster',
    'UpdateClusterSettings',
    'PutClusterCapacityProviders',
  ],
  clusterRead: ['DescribeClusters', 'ListClusters', 'DescribeCapacityProviders'],
  definitionModify: ['RegisterTaskDefinition', 'DeregisterTaskDefinition'],
  definitionRead: ['DescribeTaskDefinition', 'ListTaskDefinitions', 'ListTaskDefinitionFamilies'],
  definitionDelete: ['DeleteTaskDefinitions'],
  resourceModify: ['StopTask'],
  // DescribeTasks and ListTasks draw from one bucket.
  resourceRead: ['DescribeTasks', 'ListTasks'],
  tagModify: ['TagResource', 'UntagResource'],
};

const bucketNames = new Map(
  (Object.keys(BUCKETS) as readonly Bucket[]).flatMap((bucket) =>
    BUCKETS[bucket].map((operation) => [operation, bucket] as const),
  ),
);

export const ecsBucketOf = (quotas: EcsQuotas, operation: string): BucketSpec | undefined => {
  const bucket = bucketNames.get(operation);
  return bucket === undefined ? undefined : { name: `ecs.${bucket}`, ...quotas[bucket] };
};
