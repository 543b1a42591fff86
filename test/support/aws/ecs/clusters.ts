/** Clusters and the capacity providers of Fargate. */
import type {
  CapacityProviderStrategyItem,
  Cluster,
  CreateClusterRequest,
  CreateClusterResponse,
  DeleteClusterRequest,
  DeleteClusterResponse,
  DescribeClustersRequest,
  DescribeClustersResponse,
  ListClustersRequest,
  ListClustersResponse,
  PutClusterCapacityProvidersRequest,
  PutClusterCapacityProvidersResponse,
  UpdateClusterRequest,
  UpdateClusterResponse,
} from '@aws-sdk/client-ecs';
import { operation, tagContext } from '../service.ts';
import type { Operation } from '../service.ts';
import { AwsError } from '../wire/errors.ts';
import { pageOf } from './paging.ts';
import type { ClusterRecord, Ecs } from './state.ts';
import { clusterArn, clusterOf, invalid, lastPart } from './state.ts';
import { checkTags } from './tags.ts';

const FARGATE_PROVIDERS: readonly string[] = ['FARGATE', 'FARGATE_SPOT'];

const checkProviders = (providers: readonly string[]): void => {
  const unknown = providers.find((provider) => !FARGATE_PROVIDERS.includes(provider));
  if (unknown !== undefined) throw invalid(`The specified capacity provider '${unknown}' was not found.`);
};

/**
 * Source: ECS API reference, CapacityProviderStrategyItem and RunTask: up to 20 providers, all associated, one base,
 * some weight above zero.
 */
export const checkStrategy = (
  strategy: readonly CapacityProviderStrategyItem[],
  associated: readonly string[],
): void => {
  if (strategy.length > 20)
    throw invalid('A capacity provider strategy can contain a maximum of 20 capacity providers.');
  const names = strategy.map(({ capacityProvider }) => capacityProvider ?? '');
  if (new Set(names).size !== names.length)
    throw invalid('The specified capacity provider strategy cannot contain duplicate capacity providers.');
  if (names.some((name) => !associated.includes(name)))
    throw invalid(
      'The specified capacity provider strategy cannot contain a capacity provider that is not associated with the ' +
        'cluster. Associate the capacity provider with the cluster and try again.',
    );
  if (strategy.filter(({ base = 0 }) => base > 0).length > 1)
    throw invalid('Only one capacity provider in a capacity provider strategy can have a base defined.');
  if (strategy.length > 0 && strategy.every(({ weight = 0 }) => weight === 0))
    throw invalid(
      'The specified capacity provider strategy must contain at least one capacity provider with a weight greater than 0.',
    );
};

const countsOf = (
  ecs: Ecs,
  cluster: ClusterRecord,
): Pick<Cluster, 'runningTasksCount' | 'pendingTasksCount'> => {
  let runningTasksCount = 0;
  let pendingTasksCount = 0;
  for (const record of ecs.tasks.values()) {
    if (record.cluster !== cluster || record.stoppedAt !== undefined) continue;
    if (record.task.lastStatus === 'RUNNING') runningTasksCount += 1;
    else if (record.task.desiredStatus === 'RUNNING') pendingTasksCount += 1;
  }
  return { runningTasksCount, pendingTasksCount };
};

const shown = (ecs: Ecs, cluster: ClusterRecord, include: readonly string[] = []): Cluster => {
  const { settings, ...view } = cluster.view;
  return {
    ...view,
    ...countsOf(ecs, cluster),
    ...(include.includes('TAGS') ? { tags: [...cluster.tags] } : {}),
    ...(include.includes('SETTINGS') ? { settings } : {}),
  };
};

const activeTasks = (ecs: Ecs, cluster: ClusterRecord): boolean =>
  [...ecs.tasks.values()].some((record) => record.cluster === cluster && record.stoppedAt === undefined);

const sameJson = (left: unknown, right: unknown): boolean => JSON.stringify(left) === JSON.stringify(right);

const create = (ecs: Ecs, request: CreateClusterRequest): ClusterRecord => {
  const name = request.clusterName ?? 'default';
  // Source: ECS API reference, CreateCluster: up to 255 letters, numbers, underscores and hyphens.
  if (!/^[a-zA-Z0-9_-]{1,255}$/.test(name)) throw invalid('Invalid cluster name.');
  const capacityProviders = [...(request.capacityProviders ?? [])];
  const defaultCapacityProviderStrategy = [...(request.defaultCapacityProviderStrategy ?? [])];
  checkProviders(capacityProviders);
  checkStrategy(defaultCapacityProviderStrategy, capacityProviders);
  const existing = ecs.clusters.get(name);
  if (existing?.view.status === 'ACTIVE') {
    const same =
      request.capacityProviders === undefined || sameJson(existing.view.capacityProviders, capacityProviders);
    if (same) return existing;
    throw invalid(
      'Arguments on this idempotent request are inconsistent with arguments used in previous request(s).',
    );
  }
  // Source: ECS developer guide, "Using service-linked roles": CreateCluster makes it on first use.
  ecs.neighbours.createServiceLinkedRole();
  const arn = ecs.account.arn('ecs', `cluster/${name}`);
  const cluster: ClusterRecord = {
    name,
    arn,
    tags: checkTags(request.tags),
    busyUntil: 0,
    view: {
      clusterArn: arn,
      clusterName: name,
      status: 'ACTIVE',
      registeredContainerInstancesCount: 0,
      activeServicesCount: 0,
      statistics: [],
      settings:
        request.settings === undefined
          ? [{ name: 'containerInsights', value: 'disabled' }]
          : [...request.settings],
      capacityProviders,
      defaultCapacityProviderStrategy,
      ...(request.configuration === undefined ? {} : { configuration: request.configuration }),
    },
  };
  ecs.clusters.set(name, cluster);
  return cluster;
};

/** Source: ECS API reference, PutClusterCapacityProviders: the lists are replaced; one update at a time. */
const putProviders = (ecs: Ecs, request: PutClusterCapacityProvidersRequest): ClusterRecord => {
  const cluster = clusterOf(ecs, request.cluster);
  const capacityProviders = [...(request.capacityProviders ?? [])];
  const defaultCapacityProviderStrategy = [...(request.defaultCapacityProviderStrategy ?? [])];
  if (cluster.busyUntil > ecs.account.now())
    throw new AwsError(
      'UpdateInProgressException',
      'The specified cluster is in a busy state. Cluster attachments must be in UPDATE_COMPLETE or UPDATE_FAILED state before they can be updated. Wait and try again.',
    );
  checkProviders(capacityProviders);
  checkStrategy(defaultCapacityProviderStrategy, capacityProviders);
  const dropped = (cluster.view.capacityProviders ?? []).filter((name) => !capacityProviders.includes(name));
  for (const record of ecs.tasks.values()) {
    const inUse = record.cluster === cluster && record.stoppedAt === undefined;
    if (inUse && dropped.includes(record.task.capacityProviderName ?? ''))
      throw new AwsError(
        'ResourceInUseException',
        'The specified capacity provider is in use and cannot be removed.',
      );
  }
  cluster.view = { ...cluster.view, capacityProviders, defaultCapacityProviderStrategy };
  cluster.busyUntil = ecs.account.now() + ecs.timings.clusterUpdateMs;
  return cluster;
};

const remove = (ecs: Ecs, cluster: ClusterRecord): void => {
  if (activeTasks(ecs, cluster))
    throw new AwsError(
      'ClusterContainsTasksException',
      'The Cluster cannot be deleted while Tasks are active.',
    );
  cluster.view = { ...cluster.view, status: 'INACTIVE' };
};

const describe = (ecs: Ecs, request: DescribeClustersRequest): DescribeClustersResponse => {
  const wanted = request.clusters ?? ['default'];
  if (wanted.length > 100) throw invalid('Clusters cannot be more than 100.');
  const clusters: Cluster[] = [];
  const failures: { arn: string; reason: string }[] = [];
  for (const name of wanted) {
    const cluster = ecs.clusters.get(lastPart(name));
    if (cluster === undefined) failures.push({ arn: clusterArn(ecs.account, name), reason: 'MISSING' });
    else clusters.push(shown(ecs, cluster, request.include));
  }
  return { clusters, failures };
};

export const clusterOperations = (ecs: Ecs): Readonly<Record<string, Operation>> => {
  const on = (action: string, name: string | undefined) => [
    { action: `ecs:${action}`, resource: clusterArn(ecs.account, name) },
  ];
  return {
    CreateCluster: operation<CreateClusterRequest>({
      needs: ({ clusterName, tags }) => [
        { action: 'ecs:CreateCluster', resource: '*', context: tagContext(tags) },
        ...((tags ?? []).length === 0
          ? []
          : [
              {
                action: 'ecs:TagResource',
                resource: clusterArn(ecs.account, clusterName),
                context: { 'ecs:createaction': 'CreateCluster', ...tagContext(tags) },
              },
            ]),
      ],
      handle: (request): CreateClusterResponse => ({
        cluster: shown(ecs, create(ecs, request), ['TAGS', 'SETTINGS']),
      }),
    }),
    DescribeClusters: operation<DescribeClustersRequest>({
      needs: ({ clusters }) => (clusters ?? ['default']).flatMap((name) => on('DescribeClusters', name)),
      handle: (request): DescribeClustersResponse => describe(ecs, request),
    }),
    ListClusters: operation<ListClustersRequest>({
      needs: () => [{ action: 'ecs:ListClusters', resource: '*' }],
      handle: ({ maxResults, nextToken }): ListClustersResponse => {
        const active = [...ecs.clusters.values()].filter(({ view }) => view.status === 'ACTIVE');
        const page = pageOf(
          active.map(({ arn }) => arn),
          maxResults,
          nextToken,
        );
        return { clusterArns: [...page.items], nextToken: page.nextToken };
      },
    }),
    UpdateCluster: operation<UpdateClusterRequest>({
      needs: ({ cluster }) => on('UpdateCluster', cluster),
      handle: (request): UpdateClusterResponse => {
        const cluster = clusterOf(ecs, request.cluster);
        cluster.view = {
          ...cluster.view,
          ...(request.settings === undefined ? {} : { settings: request.settings }),
          ...(request.configuration === undefined ? {} : { configuration: request.configuration }),
        };
        return { cluster: shown(ecs, cluster, ['SETTINGS']) };
      },
    }),
    PutClusterCapacityProviders: operation<PutClusterCapacityProvidersRequest>({
      needs: ({ cluster }) => on('PutClusterCapacityProviders', cluster),
      handle: (request): PutClusterCapacityProvidersResponse => ({
        cluster: shown(ecs, putProviders(ecs, request)),
      }),
    }),
    DeleteCluster: operation<DeleteClusterRequest>({
      needs: ({ cluster }) => on('DeleteCluster', cluster),
      handle: (request): DeleteClusterResponse => {
        const cluster = clusterOf(ecs, request.cluster);
        remove(ecs, cluster);
        return { cluster: shown(ecs, cluster) };
      },
    }),
  };
};
