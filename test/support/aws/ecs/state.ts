/** Everything that the peer's ECS remembers. */
import type { Cluster, ContainerDefinition, Tag, Task, TaskDefinition } from '@aws-sdk/client-ecs';
import type { Account } from '../account.ts';
import type { Meter } from '../meter.ts';
import type { Network } from '../ec2/network.ts';
import type { Random } from '../random.ts';
import type { Permission } from '../service.ts';
import type { ContainerHandle, TaskRunner } from '../tasks/runner.ts';
import type { Buckets } from '../throttle.ts';
import { AwsError } from '../wire/errors.ts';
import type { EcsQuotas, EcsTimings } from './settings.ts';

export interface ClusterRecord {
  readonly name: string;
  readonly arn: string;
  view: Cluster;
  tags: readonly Tag[];
  /** Until then another change of its capacity providers is refused. */
  busyUntil: number;
}

export interface DefinitionRecord {
  readonly arn: string;
  readonly family: string;
  readonly revision: number;
  view: TaskDefinition;
  tags: readonly Tag[];
}

export interface FamilyRecord {
  /** Never used again, even when the revision is deleted. */
  lastRevision: number;
  registeredAt: number;
  readonly definitions: Map<number, DefinitionRecord>;
}

/** A task as it was at some time. Views are replaced, never changed. */
interface Snapshot {
  readonly at: number;
  readonly task: Task;
}

export interface TaskRecord {
  readonly arn: string;
  readonly id: string;
  readonly cluster: ClusterRecord;
  readonly definition: DefinitionRecord;
  readonly isSpot: boolean;
  readonly cpu: number;
  readonly memoryMib: number;
  readonly subnetId: string;
  readonly createdAt: number;
  /** Before that it is MISSING, and in no list. */
  readonly visibleAt: number;
  readonly environments: ReadonlyMap<string, Readonly<Record<string, string>>>;
  readonly containers: readonly ContainerDefinition[];
  task: Task;
  readonly history: Snapshot[];
  handles: { readonly name: string; handle: ContainerHandle; isRunning: boolean }[];
  /** Set when it is STOPPED. */
  stoppedAt: number | undefined;
}

/** What a token's first call did. */
export interface TokenRecord {
  readonly request: string;
  readonly at: number;
  readonly taskArns: readonly string[];
  readonly failures: readonly { readonly arn?: string; readonly reason?: string; readonly detail?: string }[];
}

export interface Capacity {
  readonly availabilityZone: string;
  readonly subnetId: string;
  readonly provider: 'FARGATE' | 'FARGATE_SPOT';
  readonly cpu: number;
  readonly memoryMib: number;
}

/** What ECS asks IAM, Logs and the stores of secrets. */
export interface Neighbours {
  /** Whether ECS can take on that role by now. */
  canAssume(roleArn: string): boolean;
  hasServiceLinkedRole(): boolean;
  createServiceLinkedRole(): void;
  hasLogGroup(name: string): boolean;
  createLogGroup(name: string): void;
  putLog(group: string, stream: string, line: string): void;
  secret(valueFrom: string): { readonly value: string; readonly needs: Permission } | undefined;
  /** Why a role, taken on for a task, may not do that; undefined when it may. */
  refusal(roleArn: string | undefined, taskId: string, needs: Permission): string | undefined;
}

export interface Ecs {
  readonly account: Account;
  readonly timings: EcsTimings;
  quotas: EcsQuotas;
  readonly network: Network;
  readonly meter: Meter;
  readonly buckets: Buckets;
  readonly runner: TaskRunner;
  readonly neighbours: Neighbours;
  readonly clusters: Map<string, ClusterRecord>;
  readonly families: Map<string, FamilyRecord>;
  readonly tasks: Map<string, TaskRecord>;
  readonly tokens: Map<string, TokenRecord>;
  /** Why Fargate has no room for a task, as in `failures[].reason`; undefined: it has. */
  capacity: (wanted: Capacity) => string | undefined;
  /** Why a task that was accepted never pulls its image; `stuck`: it stays PROVISIONING. */
  startTrouble: (task: TaskRecord) => string | undefined;
  /** Part of the stop time-out that runs in real time wait; 1 by default. */
  readonly stopTimeoutFactor: number;
  /** Where a task finds its metadata. */
  metadataUrl: string;
  /** Tasks that were accepted and have not ended. */
  readonly usage: { tasks: number; onDemandVcpus: number; spotVcpus: number };
  /** The most of them at any instant. */
  readonly peak: { tasks: number; vcpus: number };
  /** Streams of chance, one a purpose. */
  readonly chance: { readonly ids: Random; readonly times: Random; readonly places: Random };
  /** Called after each change of a task. */
  readonly watchers: Set<(task: TaskRecord) => void>;
}

/** Tells apart `name` and `arn:…:kind/name`. */
export const lastPart = (nameOrArn: string): string => nameOrArn.slice(nameOrArn.lastIndexOf('/') + 1);

/** A cluster that was deleted is INACTIVE and, for everything but DescribeClusters, not there. */
export const clusterOf = (ecs: Ecs, nameOrArn: string | undefined): ClusterRecord => {
  const cluster = ecs.clusters.get(lastPart(nameOrArn ?? 'default'));
  if (
    cluster?.view.status !== 'ACTIVE' ||
    (nameOrArn?.startsWith('arn:') === true && nameOrArn !== cluster.arn)
  )
    throw new AwsError('ClusterNotFoundException', 'Cluster not found.');
  return cluster;
};

/** The ARN that a policy is asked about, whether the cluster exists or not. */
export const clusterArn = (account: Account, nameOrArn: string | undefined): string =>
  nameOrArn?.startsWith('arn:') === true
    ? nameOrArn
    : account.arn('ecs', `cluster/${nameOrArn ?? 'default'}`);

export const invalid = (message: string): AwsError => new AwsError('InvalidParameterException', message);
export const clientError = (message: string): AwsError => new AwsError('ClientException', message);

/** The task as a read shows it that looks `staleMs` back; undefined when it was not there, or not visible. */
export const viewAt = (record: TaskRecord, at: number): Task | undefined => {
  if (at < record.visibleAt) return undefined;
  for (let index = record.history.length - 1; index >= 0; index -= 1) {
    const snapshot = record.history[index];
    if (snapshot !== undefined && snapshot.at <= at) return snapshot.task;
  }
  return undefined;
};

/** The only way in which a task changes: a new view, one version up. Source: ECS API reference, Task, `version`. */
export const change = (ecs: Ecs, record: TaskRecord, patch: Task): void => {
  record.task = { ...record.task, ...patch, version: (record.task.version ?? 0) + 1 };
  record.history.push({ at: ecs.account.now(), task: record.task });
  for (const watcher of ecs.watchers) watcher(record);
};
