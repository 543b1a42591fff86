/** Launches groups: one task each, under a token of its own, so that no repeat makes a second one. */
import type { RunTaskCommandOutput } from '@aws-sdk/client-ecs';
import type {
  GroupInstance,
  GroupSpec,
  Provisioner,
  ProvisionFailure,
} from '@muster/adapter-kit/provisioner';
import { callEcs, EcsCallError, onTrouble } from './calls.ts';
import { note } from './ecs.ts';
import type { Ecs, KnownTask } from './ecs.ts';
import { refusal } from './failures.ts';
import type { Verdict } from './failures.ts';
import { LaunchError, runTaskInput, variantsOf } from './launch.ts';
import type { PinnedDefinition, Variant } from './launch.ts';
import { describe, doubtUntil, freshTask, learn } from './poller.ts';
import { profileFor } from './profiles.ts';
import type { LaunchProfile } from './profiles.ts';
import { phaseOf, VISIBLE_WITHIN_MS } from './states.ts';
import { resolveDefinition } from './verify.ts';

/** `final`: what AWS said about this very token, so that nothing can come of it any more. */
type Outcome =
  { readonly started: GroupInstance } | { readonly failure: ProvisionFailure; readonly final: boolean };

export const startGroups = async (
  ecs: Ecs,
  specs: readonly GroupSpec[],
  signal: AbortSignal,
): ReturnType<Provisioner['start']> => {
  signal.throwIfAborted();
  const outcomes = await Promise.all(
    specs.map(async (spec) => cautious(spec, await startGroup(ecs, spec, signal))),
  );
  return {
    started: outcomes.flatMap((one) => ('started' in one ? [one.started] : [])),
    failures: outcomes.flatMap((one) => ('failure' in one ? [one.failure] : [])),
  };
};

const failed = (
  spec: GroupSpec,
  kind: ProvisionFailure['kind'],
  detail: string,
  cause?: unknown,
): Outcome => ({
  failure: { groupId: spec.groupId, kind, detail, ...(cause === undefined ? {} : { cause }) },
  final: false,
});

const refused = (spec: GroupSpec, kind: ProvisionFailure['kind'], detail: string): Outcome => ({
  failure: { groupId: spec.groupId, kind, detail },
  final: true,
});

/** A start that got no answer may have made a task: only an answer about its token says that it did not. */
const cautious = (spec: GroupSpec, outcome: Outcome): Outcome => {
  if (!('failure' in outcome) || outcome.final || spec.mayExist !== true) return outcome;
  const { kind } = outcome.failure;
  return kind === 'throttled' ? outcome : { ...outcome, failure: { ...outcome.failure, kind: 'unknown' } };
};

const startGroup = async (ecs: Ecs, spec: GroupSpec, signal: AbortSignal): Promise<Outcome> => {
  const living = [...ecs.tasks.values()].find(
    (task) => task.groupId === spec.groupId && task.phase !== 'gone',
  );
  if (living?.phase === 'stopping') return failed(spec, 'throttled', 'its task is still stopping');
  if (living !== undefined) return { started: instanceOf(living) };
  const profile = profileFor(ecs.profiles, spec.capabilities);
  if (profile === undefined)
    return failed(
      spec,
      'invalid',
      'no launch profile gives what this group was accepted for; the profiles have changed',
    );
  try {
    const definition = await resolveDefinition(ecs, profile, signal);
    const objection = ecs.breaker.objection(definition.arn, ecs.clock.now());
    if (objection !== undefined) return failed(spec, 'invalid', objection);
    const outcome = await launch(ecs, spec, profile, definition, signal);
    if ('failure' in outcome) ecs.breaker.onAbandoned(definition.arn);
    return outcome;
  } catch (error) {
    if (signal.aborted) throw error;
    if (error instanceof EcsCallError) return failed(spec, error.verdict.kind, error.verdict.detail, error);
    if (error instanceof LaunchError) return failed(spec, 'invalid', error.message, error);
    throw error;
  }
};

const instanceOf = (task: KnownTask): GroupInstance => ({
  groupId: task.groupId,
  nativeId: task.arn,
  state: task.phase === 'gone' ? 'stopping' : task.phase,
});

/** Every variant in its order, until one is answered by something else than "no room". */
const launch = async (
  ecs: Ecs,
  spec: GroupSpec,
  profile: LaunchProfile,
  definition: PinnedDefinition,
  signal: AbortSignal,
): Promise<Outcome> => {
  let last: Outcome = failed(spec, 'invalid', 'there is no way to launch it');
  for (const variant of variantsOf(profile, ecs.place, spec.token)) {
    const next = await launchVariant(ecs, spec, profile, definition, variant, signal);
    if (!('refused' in next)) return next;
    const { verdict } = next.refused;
    last = refused(spec, verdict.kind, verdict.detail);
    if (verdict.then.name !== 'elsewhere') return last;
    note(ecs, 'debug', 'ecs.launch.elsewhere', {
      group: spec.groupId,
      profile: profile.name,
      spot: variant.spot,
      subnets: variant.subnets.length,
      detail: verdict.detail,
    });
  }
  return last;
};

type VariantOutcome = Outcome | { readonly refused: { readonly verdict: Verdict } };

const launchVariant = async (
  ecs: Ecs,
  spec: GroupSpec,
  profile: LaunchProfile,
  definition: PinnedDefinition,
  variant: Variant,
  signal: AbortSignal,
): Promise<VariantOutcome> => {
  const input = runTaskInput(spec, profile, definition, ecs.place, ecs.owner, variant);
  let answer: RunTaskCommandOutput;
  try {
    answer = await callEcs(
      ecs,
      'launch',
      'ecs:RunTask',
      (client, sdk, abortSignal) => {
        // From here on it may happen, whatever we hear.
        doubt(ecs, spec);
        return client.send(new sdk.RunTaskCommand(input), { abortSignal });
      },
      signal,
      variant.spot,
    );
  } catch (error) {
    if (!(error instanceof EcsCallError)) throw error;
    return await onError(ecs, spec, profile, error, signal);
  }
  return onAnswer(ecs, spec, definition, variant, answer);
};

const doubt = (ecs: Ecs, spec: GroupSpec): void => {
  ecs.ended.delete(spec.groupId);
  ecs.doubtful.set(spec.groupId, doubtUntil(ecs.clock.now(), VISIBLE_WITHIN_MS));
};

/** Definitive: no task came of this token. */
const settle = (ecs: Ecs, spec: GroupSpec): void => void ecs.doubtful.delete(spec.groupId);

const onAnswer = async (
  ecs: Ecs,
  spec: GroupSpec,
  definition: PinnedDefinition,
  variant: Variant,
  answer: RunTaskCommandOutput,
): Promise<VariantOutcome> => {
  const [task] = answer.tasks ?? [];
  if (task?.taskArn !== undefined) {
    const known = learn(ecs, task) ?? freshTask(ecs, task.taskArn, spec.groupId);
    if (known.definition === '') known.definition = definition.arn;
    // A repeat may hear of a task that has ended: within an hour AWS says so, and nothing more.
    if (phaseOf(task) === 'gone') {
      settle(ecs, spec);
      return refused(spec, 'capacity', known.end ?? 'its task has ended already; ECS does not say why');
    }
    ecs.tasks.set(known.arn, known);
    settle(ecs, spec);
    return { started: { groupId: spec.groupId, nativeId: known.arn, state: 'pending' } };
  }
  const [failure] = answer.failures ?? [];
  if (failure === undefined)
    return failed(spec, 'unknown', 'RunTask was answered with neither a task nor a failure');
  settle(ecs, spec);
  const asked = {
    action: 'ecs:RunTask',
    region: await ecs.client.region(),
    cluster: ecs.place.cluster,
    spot: variant.spot,
  };
  const verdict = refusal(failure, asked);
  onTrouble(ecs, 'ecs:RunTask', verdict);
  return { refused: { verdict } };
};

const onError = async (
  ecs: Ecs,
  spec: GroupSpec,
  profile: LaunchProfile,
  error: EcsCallError,
  signal: AbortSignal,
): Promise<VariantOutcome> => {
  const { verdict } = error;
  if (verdict.then.name === 'adopt') return adopt(ecs, spec, verdict.then.taskArns, error, signal);
  if (verdict.kind !== 'unknown' && spec.mayExist !== true) settle(ecs, spec);
  if (verdict.then.name === 'resolveDefinition') ecs.definitions.delete(profile.name);
  if (verdict.then.name === 'elsewhere') return { refused: { verdict } };
  return failed(spec, verdict.kind, verdict.detail, error);
};

/** Our token has made a task before, under other settings (a changed configuration): that task is the group. */
const adopt = async (
  ecs: Ecs,
  spec: GroupSpec,
  arns: readonly string[],
  error: EcsCallError,
  signal: AbortSignal,
): Promise<Outcome> => {
  await describe(ecs, arns, signal);
  const tasks = arns.flatMap((arn) => ecs.tasks.get(arn) ?? []);
  const own = tasks.filter((task) => task.groupId === spec.groupId);
  const living = own.find((task) => task.phase !== 'gone');
  if (living !== undefined) {
    note(ecs, 'info', 'ecs.task.adopted', { group: spec.groupId, task: living.arn });
    settle(ecs, spec);
    return living.phase === 'stopping'
      ? failed(spec, 'throttled', 'its task is still stopping')
      : { started: instanceOf(living) };
  }
  if (own.length > 0) return refused(spec, 'capacity', own[0]?.end ?? 'its task has ended already');
  return failed(
    spec,
    'unknown',
    `the token belongs to ${arns.join(' ')}, which ECS does not show (yet)`,
    error,
  );
};
