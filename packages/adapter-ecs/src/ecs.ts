/** What the parts of the ECS provisioner share. */
import type { Note } from '@muster/core/machine';
import type { GroupId, Instant } from '@muster/protocol/ids';
import type { Clock } from '@muster/runtime/clock';
import type { Breaker } from './breaker.ts';
import type { Bucket } from './buckets.ts';
import type { Client } from './client.ts';
import type { Verdict } from './failures.ts';
import type { PinnedDefinition, Place } from './launch.ts';
import type { LaunchProfile } from './profiles.ts';
import type { Absence, Owner, TaskPhase } from './states.ts';

export type CallKind = 'launch' | 'read' | 'stop';

/** A task that we have heard of and not seen the end of. */
export interface KnownTask {
  readonly arn: string;
  readonly groupId: GroupId;
  definition: string;
  phase: TaskPhase;
  /** Of its last description; grows with every change. 0: never described. */
  version: number;
  absence: Absence;
  /** AWS's own time, for telling the older of two tasks of one group; undefined until described. */
  createdAtMs: number | undefined;
  runningSince: Instant | undefined;
  /** It began to end before anybody here asked for that. */
  endsAlone: boolean;
  /** Why it ended, once it has. */
  end: string | undefined;
  endedAt: Instant | undefined;
}

export interface Ecs {
  readonly owner: Owner;
  readonly place: Place;
  readonly profiles: readonly LaunchProfile[];
  readonly clock: Clock;
  readonly log: (note: Note) => void;
  readonly client: Client;
  readonly buckets: Readonly<Record<CallKind, Bucket>>;
  readonly breaker: Breaker;
  /** By name of the profile; resolved once, so that a revision of somebody else does not slip in. */
  readonly definitions: Map<string, PinnedDefinition>;
  /** By ARN. */
  readonly tasks: Map<string, KnownTask>;
  /** Groups of which a start may have happened without an answer, and until when their task may still turn up. */
  readonly doubtful: Map<GroupId, Instant>;
  /** Groups that we were told to stop. */
  readonly stopAsked: Set<GroupId>;
  /** Groups seen to their end, newest last; bounded. */
  readonly ended: Set<GroupId>;
  /** What is wrong, by action, and what it says. */
  readonly troubles: Map<string, Verdict>;
  readonly bornAt: Instant;
  hasListed: boolean;
}

export const note = (
  ecs: Pick<Ecs, 'log'>,
  level: Note['level'],
  event: string,
  fields: Note['fields'],
): void => ecs.log({ kind: 'note', event, level, fields });

const ENDED_MAX = 4_096;

/** The group's last task is known to be over. */
export const rememberEnd = (ecs: Ecs, group: GroupId): void => {
  ecs.ended.delete(group);
  ecs.ended.add(group);
  ecs.doubtful.delete(group);
  ecs.stopAsked.delete(group);
  for (const oldest of ecs.ended) {
    if (ecs.ended.size <= ENDED_MAX) break;
    ecs.ended.delete(oldest);
  }
};
