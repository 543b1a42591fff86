/**
 * What a RunTask on Fargate must say, checked in full before anything starts.
 * Sources: ECS API reference, RunTask and AwsVpcConfiguration; texts as reported by callers.
 */
import type {
  CapacityProviderStrategyItem,
  ContainerDefinition,
  ContainerOverride,
  RunTaskRequest,
  Tag,
} from '@aws-sdk/client-ecs';
import type { SubnetSpec } from '../ec2/network.ts';
import { AwsError } from '../wire/errors.ts';
import { checkStrategy } from './clusters.ts';
import type { Size } from './definition-rules.ts';
import { fargateSize } from './definition-rules.ts';
import { definitionOf } from './definitions.ts';
import type { ClusterRecord, DefinitionRecord, Ecs } from './state.ts';
import { clientError, invalid } from './state.ts';
import { checkTags } from './tags.ts';

export interface RunPlan {
  readonly cluster: ClusterRecord;
  readonly definition: DefinitionRecord;
  readonly count: number;
  readonly strategy: readonly CapacityProviderStrategyItem[];
  /** The caller named a launch type instead of a strategy. */
  readonly isByLaunchType: boolean;
  readonly size: Size;
  readonly storageGb: number;
  readonly platformVersion: string;
  readonly subnets: readonly SubnetSpec[];
  readonly securityGroups: readonly string[];
  /** With the override's values in place. */
  readonly containers: readonly ContainerDefinition[];
  readonly tags: readonly Tag[];
  readonly executionRoleArn: string | undefined;
  readonly taskRoleArn: string | undefined;
}

const definitionToRun = (ecs: Ecs, name: string): DefinitionRecord => {
  const definition = definitionOf(ecs, name);
  if (definition === undefined) throw clientError('TaskDefinition not found.');
  if (definition.view.status !== 'ACTIVE') throw clientError('TaskDefinition is inactive');
  return definition;
};

const strategyOf = (
  cluster: ClusterRecord,
  request: RunTaskRequest,
): readonly CapacityProviderStrategyItem[] => {
  const { launchType, capacityProviderStrategy = [] } = request;
  if (launchType !== undefined && capacityProviderStrategy.length > 0)
    throw invalid(
      'Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.',
    );
  if (launchType === 'FARGATE') return [{ capacityProvider: 'FARGATE', weight: 1 }];
  if (capacityProviderStrategy.length > 0) {
    checkStrategy(capacityProviderStrategy, cluster.view.capacityProviders ?? []);
    return capacityProviderStrategy;
  }
  const byDefault = cluster.view.defaultCapacityProviderStrategy ?? [];
  if (launchType === undefined && byDefault.length > 0) return byDefault;
  // With nothing said anywhere it means EC2, and this account has no instances.
  throw invalid('No Container Instances were found in your cluster.');
};

const PLATFORMS: readonly string[] = ['LATEST', '1.4.0', '1.3.0'];

const platformOf = (request: RunTaskRequest, size: Size, storageGb: number): string => {
  const version = request.platformVersion ?? 'LATEST';
  if (!PLATFORMS.includes(version))
    throw new AwsError('PlatformUnknownException', 'The specified platform version does not exist.');
  const needsNewest = size.cpu > 4_096 || storageGb > 20 || request.enableExecuteCommand === true;
  if (version === '1.3.0' && needsNewest)
    throw new AwsError(
      'PlatformTaskDefinitionIncompatibilityException',
      'The specified platform version does not satisfy the required capabilities of the task definition.',
    );
  // Source: ECS developer guide, "Fargate Linux platform versions": LATEST is 1.4.0.
  return version === 'LATEST' ? '1.4.0' : version;
};

const networkOf = (ecs: Ecs, request: RunTaskRequest): Pick<RunPlan, 'subnets' | 'securityGroups'> => {
  const vpc = request.networkConfiguration?.awsvpcConfiguration;
  if (vpc === undefined)
    throw invalid("Network Configuration must be provided when networkMode 'awsvpc' is specified.");
  const { subnets: subnetIds = [], securityGroups = [] } = vpc;
  if (subnetIds.length === 0) throw invalid('subnets can not be empty.');
  if (subnetIds.length > 16) throw invalid('subnets can have at most 16 items.');
  if (securityGroups.length > 5) throw invalid('securityGroups can have at most 5 items.');
  const subnets = subnetIds.map((id) => {
    const subnet = ecs.network.subnet(id);
    if (subnet === undefined)
      throw invalid(
        `Error retrieving subnet information for [${id}]: The subnet ID '${id}' does not exist (ErrorCode: InvalidSubnetID.NotFound)`,
      );
    return subnet;
  });
  const vpcs = new Set(subnets.map(({ vpcId }) => vpcId));
  for (const id of securityGroups) {
    const group = ecs.network.securityGroup(id);
    if (group === undefined)
      throw invalid(
        `Error retrieving security group information for [${id}]: The security group '${id}' does not exist (ErrorCode: InvalidGroup.NotFound)`,
      );
    vpcs.add(group.vpcId);
  }
  if (vpcs.size > 1) throw invalid('Security groups and subnets must be in the same VPC.');
  return { subnets, securityGroups };
};

/** Source: ECS API reference, RunTask, `overrides`: 8192 characters with the JSON around them. */
const OVERRIDES_CHARACTERS_MAX = 8_192;

const overridden = (container: ContainerDefinition, override: ContainerOverride): ContainerDefinition => {
  const environment = new Map((container.environment ?? []).map((pair) => [pair.name ?? '', pair]));
  for (const pair of override.environment ?? []) environment.set(pair.name ?? '', pair);
  return {
    ...container,
    ...(override.command === undefined ? {} : { command: override.command }),
    ...(override.cpu === undefined ? {} : { cpu: override.cpu }),
    ...(override.memory === undefined ? {} : { memory: override.memory }),
    environment: [...environment.values()],
  };
};

const containersOf = (
  definition: DefinitionRecord,
  request: RunTaskRequest,
): readonly ContainerDefinition[] => {
  const overrides = request.overrides;
  if (overrides !== undefined && JSON.stringify(overrides).length > OVERRIDES_CHARACTERS_MAX)
    throw invalid('Container Overrides length must be at most 8192');
  const containers = definition.view.containerDefinitions ?? [];
  const byName = new Map(
    (overrides?.containerOverrides ?? []).map((override) => [override.name ?? '', override]),
  );
  for (const name of byName.keys())
    if (!containers.some((container) => container.name === name))
      throw invalid(`Override for container named ${name} is not a container in the TaskDefinition.`);
  return containers.map((container) => overridden(container, byName.get(container.name ?? '') ?? {}));
};

const checkRoles = (ecs: Ecs, roles: readonly (string | undefined)[]): void => {
  if (!ecs.neighbours.hasServiceLinkedRole())
    throw invalid(
      'Unable to assume the service linked role. Please verify that the ECS service linked role exists.',
    );
  for (const role of roles)
    if (role !== undefined && role !== '' && !ecs.neighbours.canAssume(role))
      throw clientError(
        `ECS was unable to assume the role '${role}' that was provided for this task. Please verify that the role ` +
          'being passed has the proper trust relationship and permissions and that your IAM user has permissions to ' +
          'pass this role.',
      );
};

const checkWords = (request: RunTaskRequest): void => {
  // Source: ECS API reference, RunTask: up to 128 letters, numbers, hyphens, forward slashes and underscores.
  if (request.startedBy !== undefined && !/^[a-zA-Z0-9\-_/]{1,128}$/.test(request.startedBy))
    throw invalid(
      'startedBy can have up to 128 letters, numbers, hyphens, forward slashes, and underscores.',
    );
  if (request.propagateTags === 'SERVICE')
    throw invalid('propagateTags does not support SERVICE when running a task.');
  if ((request.placementConstraints ?? []).length > 0 || (request.placementStrategy ?? []).length > 0)
    throw invalid('Placement constraints and strategies are not supported with Fargate.');
};

/** @throws AwsError with the text that ECS gives. */
export const planRun = (ecs: Ecs, cluster: ClusterRecord, request: RunTaskRequest): RunPlan => {
  const count = request.count ?? 1;
  // Source: ECS API reference, RunTask, `count`.
  if (count < 1 || count > 10) throw invalid('count must be between 1 and 10.');
  checkWords(request);
  const definition = definitionToRun(ecs, request.taskDefinition ?? '');
  const strategy = strategyOf(cluster, request);
  if (definition.view.compatibilities?.includes('FARGATE') !== true)
    throw invalid('Task definition does not support launch_type FARGATE.');
  const { overrides } = request;
  const size = fargateSize(
    overrides?.cpu ?? definition.view.cpu,
    overrides?.memory ?? definition.view.memory,
  );
  const storageGb = (overrides?.ephemeralStorage ?? definition.view.ephemeralStorage)?.sizeInGiB ?? 20;
  const platformVersion = platformOf(request, size, storageGb);
  const network = networkOf(ecs, request);
  const executionRoleArn = overrides?.executionRoleArn ?? definition.view.executionRoleArn;
  const taskRoleArn = overrides?.taskRoleArn ?? definition.view.taskRoleArn;
  const containers = containersOf(definition, request);
  if (request.enableExecuteCommand === true && taskRoleArn === undefined)
    throw invalid(
      'The execute command feature requires a task role on the task definition or as an override.',
    );
  checkRoles(ecs, [executionRoleArn, taskRoleArn]);
  const propagated = request.propagateTags === 'TASK_DEFINITION' ? definition.tags : [];
  const managed =
    request.enableECSManagedTags === true ? [{ key: 'aws:ecs:clusterName', value: cluster.name }] : [];
  return {
    cluster,
    definition,
    count,
    strategy,
    isByLaunchType: request.launchType !== undefined,
    size,
    storageGb,
    platformVersion,
    ...network,
    containers,
    tags: [...managed, ...propagated, ...checkTags(request.tags)],
    executionRoleArn,
    taskRoleArn,
  };
};
