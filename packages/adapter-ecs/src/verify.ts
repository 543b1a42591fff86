/** Whether everything is there that launches need, and what to do where it is not. Nothing is made here. */
import type { TaskDefinition } from '@aws-sdk/client-ecs';
import { callEcs, EcsCallError } from './calls.ts';
import type { Send } from './calls.ts';
import { note } from './ecs.ts';
import type { Ecs } from './ecs.ts';
import type { PinnedDefinition } from './launch.ts';
import type { LaunchProfile } from './profiles.ts';

/** What is missing, all of it, with what to do about each. */
export class EcsPrepareError extends Error {
  override readonly name = 'EcsPrepareError';
  readonly code = 'ECS_NOT_PREPARED';
  readonly problems: readonly string[];
  constructor(problems: readonly string[], options?: ErrorOptions) {
    super(`ECS is not ready for this adapter:\n${problems.map((one) => `  ${one}`).join('\n')}`, options);
    this.problems = problems;
  }
}

const SETUP = '`muster setup ecs apply` makes it, in versions that have that command (see `muster --help`)';
/** An id of the right form that no task has. */
const NO_TASK = '0'.repeat(32);

/** @throws EcsPrepareError with every problem that was found. */
export const verify = async (ecs: Ecs, signal: AbortSignal): Promise<void> => {
  const problems = await reach(ecs, signal);
  if (problems.length === 0) {
    const found = await Promise.all([
      checkCluster(ecs, signal),
      checkRight(ecs, signal, 'ecs:DescribeTasks', (client, sdk, abortSignal) =>
        client.send(new sdk.DescribeTasksCommand({ cluster: ecs.place.cluster, tasks: [NO_TASK] }), {
          abortSignal,
        }),
      ),
      // Whoever cannot stop must not launch. ECS answers that it does not know this task.
      checkRight(ecs, signal, 'ecs:StopTask', (client, sdk, abortSignal) =>
        client.send(
          new sdk.StopTaskCommand({
            cluster: ecs.place.cluster,
            task: NO_TASK,
            reason: 'muster: may we stop?',
          }),
          { abortSignal },
        ),
      ),
      ...ecs.profiles.map((profile) => checkDefinition(ecs, profile, signal)),
    ]);
    problems.push(...new Set(found.flat()));
  }
  if (problems.length > 0) throw new EcsPrepareError(problems);
};

/** Region, endpoint, credentials, cluster and the first permission, in one call. */
const reach = async (ecs: Ecs, signal: AbortSignal): Promise<string[]> => {
  if ((await ecs.client.region()) === '')
    return ['no region is set: give --aws-region, or AWS_REGION, or a region in the AWS profile'];
  const { cluster } = ecs.place;
  try {
    await callEcs(
      ecs,
      'read',
      'ecs:ListTasks',
      (client, sdk, abortSignal) =>
        client.send(new sdk.ListTasksCommand({ cluster, startedBy: ecs.owner.startedBy }), { abortSignal }),
      signal,
    );
    return [];
  } catch (error) {
    if (error instanceof EcsCallError) return [error.verdict.detail];
    throw error;
  }
};

/** Needed for Spot only, and a policy may leave it out: without the right to look, the first launch tells. */
const checkCluster = async (ecs: Ecs, signal: AbortSignal): Promise<readonly string[]> => {
  const { cluster } = ecs.place;
  if (ecs.profiles.every(({ spot }) => spot === 'never')) return [];
  try {
    const answer = await callEcs(
      ecs,
      'read',
      'ecs:DescribeClusters',
      (client, sdk, abortSignal) =>
        client.send(new sdk.DescribeClustersCommand({ clusters: [cluster] }), { abortSignal }),
      signal,
    );
    const providers = answer.clusters?.[0]?.capacityProviders ?? [];
    return providers.includes('FARGATE_SPOT')
      ? []
      : [`cluster '${cluster}' has no capacity provider FARGATE_SPOT, and a profile asks for Spot; ${SETUP}`];
  } catch (error) {
    if (!(error instanceof EcsCallError)) throw error;
    if (error.verdict.state === 'access-denied') {
      ecs.troubles.delete('ecs:DescribeClusters');
      note(ecs, 'info', 'ecs.cluster.unseen', { detail: error.verdict.detail });
      return [];
    }
    return [error.verdict.detail];
  }
};

const checkRight = async <T>(
  ecs: Ecs,
  signal: AbortSignal,
  action: string,
  send: Send<T>,
): Promise<readonly string[]> => {
  try {
    await callEcs(ecs, action === 'ecs:StopTask' ? 'stop' : 'read', action, send, signal);
    return [];
  } catch (error) {
    if (!(error instanceof EcsCallError)) throw error;
    return error.verdict.then.name === 'missing' ? [] : [error.verdict.detail];
  }
};

const checkDefinition = async (
  ecs: Ecs,
  profile: LaunchProfile,
  signal: AbortSignal,
): Promise<readonly string[]> => {
  try {
    await resolveDefinition(ecs, profile, signal);
    return [];
  } catch (error) {
    if (error instanceof EcsPrepareError) return error.problems;
    if (!(error instanceof EcsCallError)) throw error;
    const { detail, state } = error.verdict;
    return [
      state === 'access-denied' ? detail : `task definition '${profile.taskDefinition}': ${detail} ${SETUP}.`,
    ];
  }
};

/**
 * The revision that launches of a profile use, looked up once: a revision of somebody else must not slip in.
 * @throws EcsCallError, or EcsPrepareError where the definition does not fit.
 */
export const resolveDefinition = async (
  ecs: Ecs,
  profile: LaunchProfile,
  signal: AbortSignal,
): Promise<PinnedDefinition> => {
  const known = ecs.definitions.get(profile.name);
  if (known !== undefined) return known;
  const answer = await callEcs(
    ecs,
    'read',
    'ecs:DescribeTaskDefinition',
    (client, sdk, abortSignal) =>
      client.send(new sdk.DescribeTaskDefinitionCommand({ taskDefinition: profile.taskDefinition }), {
        abortSignal,
      }),
    signal,
  );
  const found = answer.taskDefinition ?? {};
  const problems = problemsOf(found, profile);
  const [container] = workerContainers(found);
  if (problems.length > 0 || container?.name === undefined || found.taskDefinitionArn === undefined)
    throw new EcsPrepareError(
      problems.map((one) => `task definition '${profile.taskDefinition}' ${one}; ${SETUP}`),
    );
  const pinned = { arn: found.taskDefinitionArn, container: container.name };
  ecs.definitions.set(profile.name, pinned);
  note(ecs, 'info', 'ecs.definition', {
    profile: profile.name,
    definition: pinned.arn,
    container: pinned.container,
  });
  return pinned;
};

/** The container that runs the worker host: `worker`, or the only essential one. */
export const WORKER_CONTAINER = 'worker';

const workerContainers = (
  definition: TaskDefinition,
): NonNullable<TaskDefinition['containerDefinitions']> => {
  const all = definition.containerDefinitions ?? [];
  const named = all.filter(({ name }) => name === WORKER_CONTAINER);
  return named.length > 0 ? named : all.filter(({ essential }) => essential !== false);
};

/** Everything about a definition that a launch would stumble over; pure. */
export const problemsOf = (definition: TaskDefinition, profile: LaunchProfile): readonly string[] => {
  const problems: string[] = [];
  const need = (holds: boolean, problem: string): void => {
    if (!holds) problems.push(problem);
  };
  const [container, ...others] = workerContainers(definition);
  const architecture = definition.runtimePlatform?.cpuArchitecture ?? 'X86_64';
  need(definition.taskDefinitionArn !== undefined, 'has no ARN');
  need((definition.status ?? 'ACTIVE') === 'ACTIVE', `is ${definition.status ?? ''}`);
  need(
    definition.networkMode === 'awsvpc',
    `has network mode ${definition.networkMode ?? 'none'}; Fargate needs awsvpc`,
  );
  const compatible = definition.compatibilities ?? definition.requiresCompatibilities ?? [];
  need(compatible.length === 0 || compatible.includes('FARGATE'), 'is not made for Fargate');
  need(
    container?.name !== undefined && others.length === 0,
    `has no container '${WORKER_CONTAINER}', and not exactly one essential container`,
  );
  need(
    architecture === profile.architecture,
    `is for ${architecture}, and profile '${profile.name}' asks for ${profile.architecture}`,
  );
  need(
    profile.image === undefined || container?.image === profile.image,
    `runs image ${container?.image ?? 'none'}, and profile '${profile.name}' asks for ${profile.image ?? ''}`,
  );
  return problems;
};
