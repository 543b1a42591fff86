/** What ECS says about a task, as the state of a group. Pure. */
import type { Task } from '@aws-sdk/client-ecs';
import type { GroupInstance } from '@muster/adapter-kit/provisioner';
import { WORKER_ENV } from '@muster/protocol/calls';
import { groupId } from '@muster/protocol/ids';
import type { AdapterId, GroupId, Instant } from '@muster/protocol/ids';

export type TaskPhase = GroupInstance['state'] | 'gone';

/**
 * Only a listed task counts as `starting`: `pending` is for one that was accepted and is not shown yet. What AWS may add to
 * the words counts as starting, so that it holds its place under the caps.
 * Source: Amazon ECS developer guide, Task lifecycle.
 */
export const phaseOf = (task: Pick<Task, 'lastStatus' | 'desiredStatus'>): TaskPhase => {
  switch (task.lastStatus) {
    case 'STOPPED':
    case 'DELETED':
      return 'gone';
    case 'DEACTIVATING':
    case 'STOPPING':
    case 'DEPROVISIONING':
      return 'stopping';
    case 'RUNNING':
      return task.desiredStatus === 'STOPPED' ? 'stopping' : 'running';
    default:
      return task.desiredStatus === 'STOPPED' ? 'stopping' : 'starting';
  }
};

/** The words that {@link phaseOf} knows; others are worth a note. */
export const KNOWN_STATUSES: ReadonlySet<string> = new Set([
  'PROVISIONING',
  'PENDING',
  'ACTIVATING',
  'RUNNING',
  'DEACTIVATING',
  'STOPPING',
  'DEPROVISIONING',
  'STOPPED',
  'DELETED',
]);

const environmentOf = (task: Pick<Task, 'overrides'>, name: string): string | undefined => {
  for (const container of task.overrides?.containerOverrides ?? [])
    for (const variable of container.environment ?? []) if (variable.name === name) return variable.value;
  return undefined;
};

export interface Owner {
  readonly startedBy: string;
  readonly adapter: AdapterId;
}

/**
 * The group that a task is; undefined where it is not exactly ours. Tags are not asked: they vanish when a task stops.
 * Source: Amazon ECS developer guide, Tagging Amazon ECS resources.
 */
export const groupOf = (task: Task, owner: Owner): GroupId | undefined => {
  if (task.startedBy !== owner.startedBy) return undefined;
  if (environmentOf(task, WORKER_ENV.owner) !== owner.adapter) return undefined;
  const group = environmentOf(task, WORKER_ENV.groupId);
  return group === undefined || group === '' ? undefined : groupId(group);
};

/** How long ECS may say MISSING of a task that it has just accepted. Source: Amazon ECS API, RunTask (eventual consistency). */
export const VISIBLE_WITHIN_MS = 300_000;
/** Later, so many answers, so far apart, must agree that a task is gone. */
const MISSES_MIN = 3;
const MISS_GAP_MS = 30_000;

export interface Absence {
  /** When it was accepted, or last shown. */
  readonly since: Instant;
  readonly misses: number;
  readonly lastMissAt: Instant;
}

/** The task was neither listed nor described. Answers that come at short intervals are one. */
export const missed = (before: Absence, now: Instant): Absence =>
  before.misses > 0 && now - before.lastMissAt < MISS_GAP_MS
    ? before
    : { ...before, misses: before.misses + 1, lastMissAt: now };

export const isLost = (absence: Absence, now: Instant): boolean =>
  now - absence.since >= VISIBLE_WITHIN_MS && absence.misses >= MISSES_MIN;

/** Why a task ended, by remedy. */
export type EndCause =
  /** The network interface, storage or platform failed: the next one may well start. */
  | 'infrastructure'
  | 'throttle'
  | 'pull-network'
  | 'pull-permanent'
  | 'pull-throttle'
  | 'architecture'
  | 'init'
  | 'logs'
  | 'container-config'
  | 'clean-exit'
  | 'out-of-memory'
  | 'killed'
  | 'terminated'
  | 'crash'
  | 'ours'
  | 'stopped-by-other'
  | 'spot'
  | 'unknown';

export interface EndOfTask {
  readonly cause: EndCause;
  /** For people: what happened, and what to do where something can be done. */
  readonly text: string;
  /** Whether it counts against the definition: a definition that fails again and again is left alone for a while. */
  readonly blames: 'definition' | 'nobody';
}

/** All stops of ours carry it, so that those of others can be told apart. */
export const STOP_MARK = 'muster:';

interface StartRule {
  readonly text: RegExp;
  readonly cause: EndCause;
  readonly hint: string;
}

/** Of tasks that never ran; the first that fits. Source: Amazon ECS developer guide, Stopped tasks error messages. */
const START_FAILURES: readonly StartRule[] = [
  {
    text: /network interface provisioning/i,
    cause: 'infrastructure',
    hint: 'AWS was slow; it is tried again',
  },
  {
    text: /EphemeralStorage provisioning/i,
    cause: 'infrastructure',
    hint: 'AWS was slow; it is tried again',
  },
  {
    text: /rate limit exceeded while preparing network/i,
    cause: 'throttle',
    hint: 'the account is throttled',
  },
  {
    text: /CannotPull.*toomanyrequests|CannotPull.*rate limit/is,
    cause: 'pull-throttle',
    hint: 'the registry limits pulls: keep the image in ECR of the same region',
  },
  {
    text: /CannotPull.*(does not match|platform|exec format)/is,
    cause: 'architecture',
    hint: 'the image is not made for this architecture',
  },
  {
    text: /CannotPull.*(not found|manifest unknown|denied|no basic auth|unauthorized|invalid reference)/is,
    cause: 'pull-permanent',
    hint: 'check the name of the image, and that the execution role may pull it',
  },
  {
    text: /CannotPull/i,
    cause: 'pull-network',
    hint: 'the registry cannot be reached: a public subnet needs a public address, a private one NAT or VPC endpoints',
  },
  { text: /exec format error/i, cause: 'architecture', hint: 'the image is not made for this architecture' },
  {
    text: /log group|log driver|awslogs|CreateLogStream/i,
    cause: 'logs',
    hint: 'the log group of the task definition is missing, or the execution role may not write to it',
  },
  {
    text: /ResourceInitializationError/i,
    cause: 'init',
    hint: 'secrets or registry cannot be reached: check the execution role and the routes of the subnet',
  },
  {
    text: /CannotStartContainerError|CannotCreateContainerError|ContainerRuntimeError/i,
    cause: 'container-config',
    hint: 'check command and settings of the task definition',
  },
];

const INFRASTRUCTURE: ReadonlySet<EndCause> = new Set(['infrastructure', 'throttle', 'pull-throttle']);

/** A task that is stopping or has stopped, in words. `stopCode` may be absent or one that is not known here. */
export const endOf = (task: Task): EndOfTask => {
  const reason = task.stoppedReason ?? '';
  const [container] = (task.containers ?? []).filter(
    (one) => (one.reason ?? '') !== '' || one.exitCode !== undefined,
  );
  const said = [reason, container?.reason ?? ''].filter((text) => text !== '').join('; ');
  if (reason.startsWith(STOP_MARK))
    return { cause: 'ours', text: `stopped: ${reason.slice(STOP_MARK.length).trim()}`, blames: 'nobody' };
  if (isSpot(task, reason))
    return {
      cause: 'spot',
      text: `AWS took the Spot capacity back (${said || task.stopCode})`,
      blames: 'nobody',
    };
  switch (task.stopCode) {
    case 'UserInitiated':
      return {
        cause: 'stopped-by-other',
        text: `somebody else stopped it: ${said || 'no reason given'}`,
        blames: 'nobody',
      };
    case 'TaskFailedToStart':
      return startFailure(said);
    case 'EssentialContainerExited':
      return exited(container?.exitCode, said);
    case undefined:
      return {
        cause: 'unknown',
        text: said === '' ? 'it stopped, and ECS does not say why' : said,
        blames: 'nobody',
      };
    default:
      return {
        cause: 'infrastructure',
        text: `${task.stopCode}: ${said || 'no reason given'}`,
        blames: 'nobody',
      };
  }
};

/** Documents differ on the code of a reclaim. Source: Amazon ECS developer guide 2019–2026, and the SDK's enum. */
const isSpot = (task: Task, reason: string): boolean =>
  task.stopCode === 'SpotInterruption' ||
  task.stopCode === 'TerminationNotice' ||
  /spot (task|interruption|capacity).*(interrupt|reclaim|terminat)|spot task was interrupted/i.test(reason);

const startFailure = (said: string): EndOfTask => {
  const rule = START_FAILURES.find(({ text }) => text.test(said));
  const cause = rule?.cause ?? 'unknown';
  const hint = rule === undefined ? '' : ` (${rule.hint})`;
  return {
    cause,
    text: `it did not start: ${said || 'no reason given'}${hint}`,
    blames: INFRASTRUCTURE.has(cause) ? 'nobody' : 'definition',
  };
};

const exited = (code: number | undefined, said: string): EndOfTask => {
  if (code === 0) return { cause: 'clean-exit', text: 'its worker host ended by itself', blames: 'nobody' };
  if (/OutOfMemory/i.test(said))
    return {
      cause: 'out-of-memory',
      text: `it ran out of memory: give its groups more (${said})`,
      blames: 'nobody',
    };
  if (code === 137) return { cause: 'killed', text: `it was killed (137): ${said}`, blames: 'nobody' };
  if (code === 143)
    return { cause: 'terminated', text: `it was ended by SIGTERM (143): ${said}`, blames: 'nobody' };
  return {
    cause: 'crash',
    text: `its worker host ended with code ${code ?? '?'}: ${said}`,
    blames: 'definition',
  };
};
