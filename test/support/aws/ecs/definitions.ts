/** Task definitions: families and their revisions. */
import type {
  ContainerDefinition,
  DeleteTaskDefinitionsRequest,
  DeleteTaskDefinitionsResponse,
  DeregisterTaskDefinitionRequest,
  DeregisterTaskDefinitionResponse,
  DescribeTaskDefinitionRequest,
  DescribeTaskDefinitionResponse,
  ListTaskDefinitionFamiliesRequest,
  ListTaskDefinitionFamiliesResponse,
  ListTaskDefinitionsRequest,
  ListTaskDefinitionsResponse,
  RegisterTaskDefinitionRequest,
  RegisterTaskDefinitionResponse,
  TaskDefinition,
} from '@aws-sdk/client-ecs';
import type { Principal } from '../identity.ts';
import { operation, tagContext } from '../service.ts';
import type { Operation, Permission } from '../service.ts';
import { checkDefinition } from './definition-rules.ts';
import { pageOf } from './paging.ts';
import { cpuUnits, memoryMib } from './sizes.ts';
import type { DefinitionRecord, Ecs, FamilyRecord } from './state.ts';
import { clientError, invalid, lastPart } from './state.ts';
import { checkTags } from './tags.ts';

/** By ARN, `family:revision` or family, which means the newest ACTIVE revision. */
export const definitionOf = (ecs: Ecs, name: string): DefinitionRecord | undefined => {
  const [familyName = '', revision] = lastPart(name).split(':');
  const family = ecs.families.get(familyName);
  if (family === undefined) return undefined;
  if (revision !== undefined) return family.definitions.get(Number(revision));
  return [...family.definitions.values()].filter(({ view }) => view.status === 'ACTIVE').at(-1);
};

/** What the API adds to a container that did not say. Source: answers of RegisterTaskDefinition in AWS's examples. */
const withDefaults = (container: ContainerDefinition): ContainerDefinition => ({
  cpu: 0,
  essential: true,
  environment: [],
  mountPoints: [],
  portMappings: [],
  volumesFrom: [],
  systemControls: [],
  ...container,
});

const arnOf = (ecs: Ecs, family: string, revision: number): string =>
  ecs.account.arn('ecs', `task-definition/${family}:${revision}`);

const newRevision = (ecs: Ecs, request: RegisterTaskDefinitionRequest, by: Principal): DefinitionRecord => {
  checkDefinition(request);
  const tags = checkTags(request.tags);
  for (const role of [request.executionRoleArn, request.taskRoleArn])
    // An empty ARN is none. Source: AWS's example of RegisterTaskDefinition.
    if (role !== undefined && role !== '' && !ecs.neighbours.canAssume(role))
      throw clientError('Role is not valid');
  const name = request.family ?? '';
  const family: FamilyRecord = ecs.families.get(name) ?? {
    lastRevision: 0,
    registeredAt: -Infinity,
    definitions: new Map(),
  };
  const now = ecs.account.now();
  if (now - family.registeredAt < ecs.timings.registeringMs)
    throw clientError('Too many concurrent attempts to create a new revision of the specified family.');
  ecs.families.set(name, family);
  family.lastRevision += 1;
  family.registeredAt = now;
  const revision = family.lastRevision;
  const arn = arnOf(ecs, name, revision);
  const isFargate = request.requiresCompatibilities?.includes('FARGATE') === true;
  const { tags: _, ...rest } = request;
  const view: TaskDefinition = {
    ...rest,
    // Sizes in words become units. Source: ECS API reference, RegisterTaskDefinition, `cpu` and `memory`.
    ...(request.cpu === undefined ? {} : { cpu: String(cpuUnits(request.cpu) ?? request.cpu) }),
    ...(request.memory === undefined ? {} : { memory: String(memoryMib(request.memory) ?? request.memory) }),
    taskDefinitionArn: arn,
    revision,
    status: 'ACTIVE',
    containerDefinitions: (request.containerDefinitions ?? []).map(withDefaults),
    volumes: request.volumes ?? [],
    placementConstraints: request.placementConstraints ?? [],
    compatibilities: isFargate ? ['EC2', 'FARGATE'] : ['EXTERNAL', 'EC2'],
    requiresAttributes: [{ name: 'com.amazonaws.ecs.capability.docker-remote-api.1.18' }],
    registeredAt: ecs.account.wall(),
    registeredBy: by.arn,
  };
  const record: DefinitionRecord = { arn, family: name, revision, view, tags };
  family.definitions.set(revision, record);
  return record;
};

const shownTags = (
  record: DefinitionRecord,
  isIncluded: boolean,
): { tags?: DescribeTaskDefinitionResponse['tags'] } => (isIncluded ? { tags: [...record.tags] } : {});

const deregister = (ecs: Ecs, name: string): DefinitionRecord => {
  if (!/:\d+$/.test(name)) throw invalid('Revision is missing.');
  const record = definitionOf(ecs, name);
  if (record?.view.status !== 'ACTIVE')
    throw clientError(
      'The specified task definition does not exist. Specify a valid account, family, revision and try again.',
    );
  record.view = { ...record.view, status: 'INACTIVE', deregisteredAt: ecs.account.wall() };
  return record;
};

/** Source: ECS API reference, DeleteTaskDefinitions: INACTIVE ones, at most 10 a call; they go when nobody uses them. */
const remove = (ecs: Ecs, names: readonly string[]): DeleteTaskDefinitionsResponse => {
  if (names.length > 10) throw invalid('The maximum number of task definitions is 10.');
  const taskDefinitions: TaskDefinition[] = [];
  const failures: { arn: string; reason: string }[] = [];
  for (const name of names) {
    const record = definitionOf(ecs, name);
    if (record === undefined) {
      failures.push({
        arn: name,
        reason:
          'The specified task definition does not exist. Specify a valid account, family, revision and try again.',
      });
    } else if (record.view.status === 'ACTIVE') {
      failures.push({
        arn: record.arn,
        reason:
          'The specified task definition is still in ACTIVE status. Please deregister the target and try again.',
      });
    } else {
      record.view = { ...record.view, status: 'DELETE_IN_PROGRESS' };
      taskDefinitions.push(record.view);
    }
  }
  return { taskDefinitions, failures };
};

/** Revisions sort as numbers. */
const sortable = ({ family, revision }: DefinitionRecord): string =>
  `${family}:${String(revision).padStart(12, '0')}`;

const list = (ecs: Ecs, request: ListTaskDefinitionsRequest): ListTaskDefinitionsResponse => {
  const status = request.status ?? 'ACTIVE';
  const found = new Map<string, string>();
  for (const [name, family] of ecs.families) {
    if (request.familyPrefix !== undefined && name !== request.familyPrefix) continue;
    for (const record of family.definitions.values())
      if (record.view.status === status) found.set(sortable(record), record.arn);
  }
  const page = pageOf([...found.keys()], request.maxResults, request.nextToken, request.sort);
  return {
    taskDefinitionArns: page.items.flatMap((key) => found.get(key) ?? []),
    nextToken: page.nextToken,
  };
};

const listFamilies = (
  ecs: Ecs,
  request: ListTaskDefinitionFamiliesRequest,
): ListTaskDefinitionFamiliesResponse => {
  const status = request.status ?? 'ACTIVE';
  const names = [...ecs.families]
    .filter(([name]) => name.startsWith(request.familyPrefix ?? ''))
    .filter(([, family]) => {
      const isActive = [...family.definitions.values()].some(({ view }) => view.status === 'ACTIVE');
      return status === 'ALL' || isActive === (status === 'ACTIVE');
    })
    .map(([name]) => name);
  const page = pageOf(names, request.maxResults, request.nextToken);
  return { families: [...page.items], nextToken: page.nextToken };
};

/** Source: IAM user guide, "Grant a user permissions to pass a role to an AWS service". */
export const passRoles = (roles: readonly (string | undefined)[]): readonly Permission[] =>
  [...new Set(roles.filter((role): role is string => role !== undefined && role !== ''))].map((role) => ({
    action: 'iam:PassRole',
    resource: role,
    context: { 'iam:passedtoservice': 'ecs-tasks.amazonaws.com' },
  }));

export const definitionOperations = (ecs: Ecs): Readonly<Record<string, Operation>> => ({
  RegisterTaskDefinition: operation<RegisterTaskDefinitionRequest>({
    needs: ({ family, executionRoleArn, taskRoleArn, tags }) => {
      const resource = ecs.account.arn('ecs', `task-definition/${family}:*`);
      const tagging = {
        action: 'ecs:TagResource',
        resource,
        context: { 'ecs:createaction': 'RegisterTaskDefinition', ...tagContext(tags) },
      };
      return [
        { action: 'ecs:RegisterTaskDefinition', resource, context: tagContext(tags) },
        ...passRoles([executionRoleArn, taskRoleArn]),
        ...((tags ?? []).length === 0 ? [] : [tagging]),
      ];
    },
    handle: (request, { principal }): RegisterTaskDefinitionResponse => {
      const record = newRevision(ecs, request, principal);
      return { taskDefinition: record.view, ...shownTags(record, record.tags.length > 0) };
    },
  }),
  DescribeTaskDefinition: operation<DescribeTaskDefinitionRequest>({
    needs: () => [{ action: 'ecs:DescribeTaskDefinition', resource: '*' }],
    handle: ({ taskDefinition, include }): DescribeTaskDefinitionResponse => {
      const record = definitionOf(ecs, taskDefinition ?? '');
      if (record === undefined) throw clientError('Unable to describe task definition.');
      return { taskDefinition: record.view, ...shownTags(record, include?.includes('TAGS') === true) };
    },
  }),
  DeregisterTaskDefinition: operation<DeregisterTaskDefinitionRequest>({
    needs: () => [{ action: 'ecs:DeregisterTaskDefinition', resource: '*' }],
    handle: ({ taskDefinition }): DeregisterTaskDefinitionResponse => ({
      taskDefinition: deregister(ecs, taskDefinition ?? '').view,
    }),
  }),
  DeleteTaskDefinitions: operation<DeleteTaskDefinitionsRequest>({
    needs: ({ taskDefinitions }) =>
      (taskDefinitions ?? []).map((name) => ({
        action: 'ecs:DeleteTaskDefinitions',
        resource: name.startsWith('arn:') ? name : ecs.account.arn('ecs', `task-definition/${name}`),
      })),
    handle: ({ taskDefinitions }) => remove(ecs, taskDefinitions ?? []),
  }),
  ListTaskDefinitions: operation<ListTaskDefinitionsRequest>({
    needs: () => [{ action: 'ecs:ListTaskDefinitions', resource: '*' }],
    handle: (request) => list(ecs, request),
  }),
  ListTaskDefinitionFamilies: operation<ListTaskDefinitionFamiliesRequest>({
    needs: () => [{ action: 'ecs:ListTaskDefinitionFamilies', resource: '*' }],
    handle: (request) => listFamilies(ecs, request),
  }),
});
