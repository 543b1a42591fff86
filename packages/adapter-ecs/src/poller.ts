/**
 * What runs, as ECS tells it: the tasks that bear our mark, and those we have heard of that it does not list (any more).
 * A cycle costs one ListTasks and one DescribeTasks per 100 tasks. ECS may be minutes late, so absence has a rule of its own.
 */
import type { Task } from '@aws-sdk/client-ecs';
import type { GroupInstance } from '@muster/adapter-kit/provisioner';
import { instant } from '@muster/protocol/ids';
import type { GroupId } from '@muster/protocol/ids';
import { callEcs } from './calls.ts';
import { note, rememberEnd } from './ecs.ts';
import type { Ecs, KnownTask } from './ecs.ts';
import { endOf, groupOf, isLost, KNOWN_STATUSES, missed, phaseOf, STOP_MARK } from './states.ts';
import type { EndOfTask } from './states.ts';

/** Source: Amazon ECS API, ListTasks and DescribeTasks. */
const PAGE_MAX = 100;
/** Pages that one listing reads: a hundred times what an account is given, and an end for a service that repeats itself. */
const PAGES_MAX = 1_000;
/** A task that ran for this long proves its definition. */
const PROVEN_MS = 60_000;
/** A task that died by itself is shown as stopping until somebody asks for its end, or for this long. */
const DEAD_SHOWN_MS = 300_000;

export const listGroups = async (ecs: Ecs, signal: AbortSignal): Promise<readonly GroupInstance[]> => {
  const arns = await listArns(ecs, signal);
  // What the answer of a launch adds meanwhile is known without a description.
  const asked = [...new Set([...arns, ...livingArns(ecs)])];
  await describe(ecs, asked, signal);
  ecs.hasListed = true;
  stopSeconds(ecs, signal);
  return instancesOf(ecs);
};

const livingArns = (ecs: Ecs): readonly string[] =>
  [...ecs.tasks.values()].filter(({ phase }) => phase !== 'gone').map(({ arn }) => arn);

const listArns = async (ecs: Ecs, signal: AbortSignal): Promise<readonly string[]> => {
  const arns: string[] = [];
  let nextToken: string | undefined;
  for (let page = 0; page < PAGES_MAX; page++) {
    const token = nextToken;
    const answer = await callEcs(
      ecs,
      'read',
      'ecs:ListTasks',
      (client, sdk, abortSignal) =>
        client.send(
          // No further filter: ECS refuses most of them beside startedBy.
          new sdk.ListTasksCommand({
            cluster: ecs.place.cluster,
            startedBy: ecs.owner.startedBy,
            ...(token === undefined ? {} : { nextToken: token }),
          }),
          { abortSignal },
        ),
      signal,
    );
    arns.push(...(answer.taskArns ?? []));
    nextToken = answer.nextToken;
    if (nextToken === undefined || nextToken === '') return arns;
  }
  return arns;
};

/** Describes tasks and learns from it. */
export const describe = async (ecs: Ecs, arns: readonly string[], signal: AbortSignal): Promise<void> => {
  const pages: (readonly string[])[] = [];
  for (let from = 0; from < arns.length; from += PAGE_MAX) pages.push(arns.slice(from, from + PAGE_MAX));
  await Promise.all(
    pages.map(async (tasks) => {
      const begunAt = ecs.clock.now();
      const answer = await callEcs(
        ecs,
        'read',
        'ecs:DescribeTasks',
        (client, sdk, abortSignal) =>
          client.send(new sdk.DescribeTasksCommand({ cluster: ecs.place.cluster, tasks: [...tasks] }), {
            abortSignal,
          }),
        signal,
      );
      const seen = new Set<string>();
      for (const task of answer.tasks ?? []) {
        if (task.taskArn !== undefined) seen.add(task.taskArn);
        learn(ecs, task);
      }
      for (const arn of tasks) if (!seen.has(arn)) onMissing(ecs, arn, begunAt);
    }),
  );
};

/**
 * Takes in one description, in any order: an older one than we have is left aside.
 * @returns what is known of it now; undefined where it is not ours.
 */
export const learn = (ecs: Ecs, task: Task): KnownTask | undefined => {
  const arn = task.taskArn;
  const group = groupOf(task, ecs.owner);
  if (arn === undefined) return undefined;
  const before = ecs.tasks.get(arn);
  const groupId = group ?? before?.groupId;
  // An answer about a task that ended long ago holds neither mark nor environment.
  if (groupId === undefined) return undefined;
  const version = task.version ?? 0;
  if (before !== undefined && (version < before.version || before.phase === 'gone')) return before;
  const now = ecs.clock.now();
  if (task.lastStatus !== undefined && !KNOWN_STATUSES.has(task.lastStatus))
    note(ecs, 'warn', 'ecs.status.unknown', { task: arn, status: task.lastStatus });
  const known: KnownTask = {
    ...(before ?? freshTask(ecs, arn, groupId)),
    definition: task.taskDefinitionArn ?? before?.definition ?? '',
    phase: phaseOf(task),
    version,
    absence: { since: now, misses: 0, lastMissAt: now },
    createdAtMs: task.createdAt?.getTime() ?? before?.createdAtMs,
  };
  ecs.tasks.set(arn, known);
  ecs.doubtful.delete(groupId);
  if (known.phase === 'running') onRunning(ecs, known);
  const isEnding = known.phase === 'stopping' || known.phase === 'gone';
  if (isEnding && before?.phase !== 'stopping') known.endsAlone = !ecs.stopAsked.has(groupId);
  if (known.phase === 'gone') onGone(ecs, known, task);
  else if (known.phase === 'stopping' && known.end === undefined) known.end = endOf(task).text;
  return known;
};

export const freshTask = (ecs: Ecs, arn: string, groupId: GroupId): KnownTask => {
  const now = ecs.clock.now();
  return {
    arn,
    groupId,
    definition: '',
    phase: 'pending',
    version: 0,
    absence: { since: now, misses: 0, lastMissAt: now },
    createdAtMs: undefined,
    runningSince: undefined,
    endsAlone: false,
    end: undefined,
    endedAt: undefined,
  };
};

const onRunning = (ecs: Ecs, task: KnownTask): void => {
  const now = ecs.clock.now();
  task.runningSince ??= now;
  if (now - task.runningSince >= PROVEN_MS) ecs.breaker.onSuccess(task.definition);
};

const onGone = (ecs: Ecs, task: KnownTask, described: Task): void => {
  const end = endOf(described);
  task.end = end.text;
  task.endedAt = ecs.clock.now();
  const isExpected = !task.endsAlone || end.cause === 'clean-exit';
  note(ecs, isExpected ? 'info' : 'warn', 'ecs.task.ended', {
    group: task.groupId,
    task: task.arn,
    cause: end.cause,
    detail: end.text,
    asked: !task.endsAlone,
  });
  if (task.endsAlone) judge(ecs, task, described, end);
  else ecs.breaker.onAbandoned(task.definition);
  if (ecs.stopAsked.has(task.groupId)) forget(ecs, task);
};

/** What the end of a task that nobody asked for says about its definition. */
const judge = (ecs: Ecs, task: KnownTask, described: Task, end: EndOfTask): void => {
  const ranMs = (described.stoppedAt?.getTime() ?? 0) - (described.startedAt?.getTime() ?? 0);
  const isProven = described.startedAt !== undefined && ranMs >= PROVEN_MS;
  if (isProven || end.cause === 'clean-exit') ecs.breaker.onSuccess(task.definition);
  else if (end.blames === 'definition') ecs.breaker.onFailure(task.definition, end.text, ecs.clock.now());
  else ecs.breaker.onAbandoned(task.definition);
};

const onMissing = (ecs: Ecs, arn: string, begunAt: number): void => {
  const task = ecs.tasks.get(arn);
  // Accepted after the question was asked: the answer says nothing about it.
  if (task === undefined || task.phase === 'gone' || task.absence.since > begunAt) return;
  const now = ecs.clock.now();
  task.absence = missed(task.absence, now);
  if (!isLost(task.absence, now)) return;
  note(ecs, 'warn', 'ecs.task.lost', { group: task.groupId, task: arn, misses: task.absence.misses });
  task.phase = 'gone';
  task.end = 'ECS does not know the task any more';
  task.endedAt = now;
  ecs.breaker.onAbandoned(task.definition);
  if (ecs.stopAsked.has(task.groupId)) forget(ecs, task);
};

const forget = (ecs: Ecs, task: KnownTask): void => {
  ecs.tasks.delete(task.arn);
  const others = [...ecs.tasks.values()].some((one) => one.groupId === task.groupId);
  if (!others) rememberEnd(ecs, task.groupId);
};

/** The kit has heard of the end: a group that is dead is not shown any longer. */
export const buryDead = (ecs: Ecs, group: GroupId): void => {
  for (const task of [...ecs.tasks.values()])
    if (task.groupId === group && task.phase === 'gone') forget(ecs, task);
};

const RANK = { running: 0, starting: 1, pending: 2, stopping: 3, gone: 4 } as const;

/** One instance per group: its liveliest task, and of two such the older. */
const instancesOf = (ecs: Ecs): readonly GroupInstance[] => {
  const now = ecs.clock.now();
  const best = new Map<GroupId, KnownTask>();
  for (const task of [...ecs.tasks.values()]) {
    if (task.phase === 'gone' && now - (task.endedAt ?? now) >= DEAD_SHOWN_MS) {
      forget(ecs, task);
      continue;
    }
    const other = best.get(task.groupId);
    if (other === undefined || isBefore(task, other)) best.set(task.groupId, task);
  }
  const shown: GroupInstance[] = [...best.values()].map(({ groupId, arn, phase, end }) => ({
    groupId,
    nativeId: arn,
    state: phase === 'gone' ? 'stopping' : phase,
    ...(end === undefined ? {} : { detail: end }),
  }));
  // Whether they exist is not known; until it is, they hold their place under the caps.
  for (const [groupId, until] of ecs.doubtful) {
    if (now >= until) {
      ecs.doubtful.delete(groupId);
      if (ecs.stopAsked.has(groupId)) rememberEnd(ecs, groupId);
    } else if (ecs.stopAsked.has(groupId) && !best.has(groupId))
      shown.push({ groupId, nativeId: '', state: 'stopping' });
  }
  return shown;
};

const isBefore = (one: KnownTask, other: KnownTask): boolean =>
  RANK[one.phase] !== RANK[other.phase]
    ? RANK[one.phase] < RANK[other.phase]
    : (one.createdAtMs ?? Infinity) < (other.createdAtMs ?? Infinity);

/** Never two tasks for one group: what the rules for tokens should make impossible is ended where it is seen. */
const stopSeconds = (ecs: Ecs, signal: AbortSignal): void => {
  const first = new Map<GroupId, KnownTask>();
  const extra: KnownTask[] = [];
  for (const task of ecs.tasks.values()) {
    if (task.phase === 'gone' || task.phase === 'stopping') continue;
    const other = first.get(task.groupId);
    if (other === undefined) first.set(task.groupId, task);
    else if (isBefore(task, other)) {
      first.set(task.groupId, task);
      extra.push(other);
    } else extra.push(task);
  }
  for (const task of extra) {
    note(ecs, 'error', 'ecs.task.second', { group: task.groupId, task: task.arn });
    // It is listed again, and stopped again, until it is gone.
    void stopTask(ecs, task, 'a second task of one group', signal).catch(() => undefined);
  }
};

/** Source: Amazon ECS API, StopTask: the reason is shown to whoever describes the task. */
const REASON_MAX = 250;

export const stopTask = async (
  ecs: Ecs,
  task: KnownTask,
  reason: string,
  signal: AbortSignal,
): Promise<void> => {
  const answer = await callEcs(
    ecs,
    'stop',
    'ecs:StopTask',
    (client, sdk, abortSignal) =>
      client.send(
        new sdk.StopTaskCommand({
          cluster: ecs.place.cluster,
          task: task.arn,
          reason: `${STOP_MARK} ${reason}`.slice(0, REASON_MAX),
        }),
        { abortSignal },
      ),
    signal,
  );
  if (answer.task !== undefined) learn(ecs, answer.task);
};

/** Until when a task that may have been launched can still turn up. */
export const doubtUntil = (from: number, visibleWithinMs: number): ReturnType<typeof instant> =>
  instant(from + visibleWithinMs);
