/**
 * What a task definition for Fargate must and must not have.
 * Sources: ECS API reference, RegisterTaskDefinition; ECS developer guide, "Task definition differences for Fargate".
 */
import type { ContainerDefinition, RegisterTaskDefinitionRequest } from '@aws-sdk/client-ecs';
import { clientError, invalid } from './state.ts';
import { FARGATE_SIZES, cpuUnits, memoryMib } from './sizes.ts';

export interface Size {
  readonly cpu: number;
  readonly memoryMib: number;
}

/** Also the check of sizes that a RunTask overrides. */
export const fargateSize = (cpu: string | undefined, memory: string | undefined): Size => {
  if (cpu === undefined) throw clientError("Fargate requires that 'cpu' be defined at the task level.");
  if (memory === undefined) throw clientError("Fargate requires that 'memory' be defined at the task level.");
  const units = cpuUnits(cpu);
  const row = units === undefined ? undefined : FARGATE_SIZES.get(units);
  if (units === undefined || row === undefined)
    throw clientError(
      `Invalid 'cpu' setting for task. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.`,
    );
  const mib = memoryMib(memory);
  if (mib === undefined || !row.includes(mib))
    throw clientError(
      `No Fargate configuration exists for given values: ${units} CPU, ${mib ?? memory} memory. See the Amazon ECS documentation for the valid values.`,
    );
  return { cpu: units, memoryMib: mib };
};

const LOG_DRIVERS: readonly string[] = ['awslogs', 'splunk', 'awsfirelens'];
const LOG_OPTIONS: readonly string[] = ['awslogs-region', 'awslogs-group', 'awslogs-stream-prefix'];

type Rule = readonly [broken: (container: ContainerDefinition) => boolean, message: string];

const isSome = (list: readonly unknown[] | undefined): boolean => (list ?? []).length > 0;

const FARGATE_RULES: readonly Rule[] = [
  [({ privileged }) => privileged === true, 'Fargate compatible task definitions do not support privileged'],
  [({ links }) => isSome(links), 'Links are not supported when networkMode=awsvpc.'],
  [({ extraHosts }) => isSome(extraHosts), 'Extra hosts are not supported when networkMode=awsvpc.'],
  [({ dnsServers }) => isSome(dnsServers), 'DNS servers are not supported when networkMode=awsvpc.'],
  [
    ({ dnsSearchDomains }) => isSome(dnsSearchDomains),
    'DNS search domains are not supported when networkMode=awsvpc.',
  ],
  [
    ({ dockerSecurityOptions }) => isSome(dockerSecurityOptions),
    'Fargate compatible task definitions do not support dockerSecurityOptions',
  ],
  [
    ({ resourceRequirements }) => (resourceRequirements ?? []).some(({ type }) => type === 'GPU'),
    'Fargate compatible task definitions do not support GPU',
  ],
  [
    ({ linuxParameters }) => isSome(linuxParameters?.devices),
    'Fargate compatible task definitions do not support devices',
  ],
  [
    ({ linuxParameters }) => linuxParameters?.sharedMemorySize !== undefined,
    'Fargate compatible task definitions do not support sharedMemorySize',
  ],
  [
    ({ linuxParameters }) => isSome(linuxParameters?.tmpfs),
    'Fargate compatible task definitions do not support tmpfs',
  ],
  [
    ({ linuxParameters }) =>
      linuxParameters?.maxSwap !== undefined || linuxParameters?.swappiness !== undefined,
    'Fargate compatible task definitions do not support maxSwap or swappiness',
  ],
  [
    ({ linuxParameters }) => (linuxParameters?.capabilities?.add ?? []).some((name) => name !== 'SYS_PTRACE'),
    'Fargate compatible task definitions only support adding the SYS_PTRACE capability',
  ],
  [
    ({ logConfiguration }) =>
      logConfiguration !== undefined && !LOG_DRIVERS.includes(logConfiguration.logDriver ?? ''),
    `Fargate compatible task definitions support only log drivers ${LOG_DRIVERS.join(', ')}`,
  ],
  [
    ({ logConfiguration }) =>
      logConfiguration?.logDriver === 'awslogs' &&
      LOG_OPTIONS.some((name) => logConfiguration.options?.[name] === undefined),
    `Log driver awslogs requires options: ${LOG_OPTIONS.join(', ')}`,
  ],
  // Source: ECS API reference, ContainerDefinition: the maximum on Fargate is 120 seconds.
  [({ stopTimeout }) => (stopTimeout ?? 0) > 120, 'stopTimeout must be between 0 and 120 on Fargate.'],
];

const checkContainers = (containers: readonly ContainerDefinition[]): void => {
  if (containers.length === 0) throw clientError('Container list cannot be empty.');
  if (containers.length > 10) throw clientError('Too many containers: the maximum is 10.');
  const names = containers.map(({ name }) => name ?? '');
  for (const [index, container] of containers.entries()) {
    if (!/^[a-zA-Z0-9_-]{1,255}$/.test(names[index] ?? '')) throw clientError('Container.name is invalid.');
    if ((container.image ?? '') === '') throw clientError('Container.image should not be null or empty.');
    for (const [broken, message] of FARGATE_RULES) if (broken(container)) throw clientError(message);
  }
  if (new Set(names).size !== names.length) throw clientError('Container names must be unique.');
  if (containers.every(({ essential }) => essential === false))
    throw clientError('Invalid setting for container. At least one container must be essential.');
};

const needsExecutionRole = (containers: readonly ContainerDefinition[]): string | undefined => {
  if (containers.some(({ secrets }) => isSome(secrets))) return 'secrets';
  if (containers.some(({ logConfiguration }) => logConfiguration?.logDriver === 'awslogs'))
    return 'log driver awslogs';
  if (containers.some(({ image }) => image?.includes('.dkr.ecr.') === true)) return 'ECR images';
  return undefined;
};

/** Source: ECS developer guide, "Amazon ECS service quotas": 64 KiB. */
const DEFINITION_CHARACTERS_MAX = 64 * 1_024;

/** @throws AwsError with the text that ECS gives. */
export const checkDefinition = (request: RegisterTaskDefinitionRequest): void => {
  const containers = request.containerDefinitions ?? [];
  if (!/^[a-zA-Z0-9_-]{1,255}$/.test(request.family ?? ''))
    throw clientError('Invalid family: up to 255 letters, numbers, hyphens and underscores are allowed.');
  if (JSON.stringify(request).length > DEFINITION_CHARACTERS_MAX)
    throw clientError('Actual length of the task definition exceeds the maximum of 65536 bytes.');
  if (request.requiresCompatibilities?.includes('FARGATE') !== true) {
    checkContainersLoosely(containers);
    return;
  }
  if (request.networkMode !== 'awsvpc') throw clientError('Fargate only supports network mode ‘awsvpc’.');
  fargateSize(request.cpu, request.memory);
  if (isSome(request.placementConstraints))
    throw clientError('Fargate does not support placement constraints.');
  if (request.ipcMode !== undefined)
    throw clientError('Fargate compatible task definitions do not support ipcMode');
  if (request.pidMode !== undefined && request.pidMode !== 'task')
    throw clientError('Fargate only supports pidMode task.');
  checkContainers(containers);
  const reason = needsExecutionRole(containers);
  if (reason !== undefined && request.executionRoleArn === undefined)
    throw clientError(`Fargate requires task definition to have execution role ARN to support ${reason}.`);
  const storage = request.ephemeralStorage?.sizeInGiB;
  // Source: ECS API reference, EphemeralStorage: 21 to 200 GiB.
  if (storage !== undefined && (storage < 21 || storage > 200))
    throw invalid('ephemeralStorage sizeInGiB must be between 21 and 200.');
};

/** EC2's definitions are only kept, never run. */
const checkContainersLoosely = (containers: readonly ContainerDefinition[]): void => {
  if (containers.length === 0) throw clientError('Container list cannot be empty.');
};
