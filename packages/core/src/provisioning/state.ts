/** Everything the adapter machine remembers, and how it speaks while it steps. */
import type { Capabilities, GroupId, Instant, WorkerId } from '@muster/protocol/ids';
import { instant, workerId } from '@muster/protocol/ids';
import type { AdapterCommandResponse, FailureKind, Message } from '@muster/protocol/messages';
import type { Note } from '../machine.ts';
import type { StartFailureKind } from './backoff.ts';
import { capsLedger } from './caps.ts';
import type { CapsLedger } from './caps.ts';
import type { AdapterEffect, AdapterMachineConfig, ListedGroup, RestoredIntent } from './types.ts';

/** A group that the scheduler wants. */
export interface Wanted {
  readonly groupId: GroupId;
  readonly capabilities: Capabilities;
  readonly workerIds: readonly WorkerId[];
  readonly attempt: number;
  readonly acceptedAt: Instant;
  /** When the provider was first asked for it by this process; what comes before is waiting in a queue of ours. */
  handedAt: Instant | undefined;
  /** A start of it got no answer, from this process or from a former one. */
  mayExist: boolean;
  /** Once up, it counts as such: a scheduler that starts anew knows none of its workers for a while. */
  cameUp: boolean;
  /** What the intent file says: nothing before the first call to the provider. */
  intent: 'none' | 'open' | 'held';
  phase: WantedPhase;
  /** Last trouble with it, for people. */
  detail: string;
}

export type WantedPhase =
  /** To be started, once `notBefore` is past and the caps have room. */
  | { readonly name: 'waiting'; readonly notBefore: Instant; readonly tries: number }
  | { readonly name: 'starting'; readonly call: number; readonly tries: number }
  /** May exist: only a listing that began after call `since` can tell. */
  | { readonly name: 'doubtful'; readonly since: number; readonly tries: number }
  /** Seen, by the start's answer or by a listing. `provenBy`: the last call issued by then. */
  | {
      readonly name: 'held';
      readonly instance: ListedGroup;
      readonly provenAt: Instant;
      readonly provenBy: number;
      readonly missing: number;
    };

/** A group that nobody wants and that may still exist. */
export interface Leaving {
  readonly groupId: GroupId;
  readonly reason: string;
  readonly since: Instant;
  /** When it was accepted or first seen: what it costs counts from here. */
  readonly bornAt: Instant;
  nativeId: string;
  phase: LeavingPhase;
  /** Listings in a row, begun after the last call about it, that did not show it. */
  missing: number;
  quietSince: Instant;
  quietBy: number;
}

export type LeavingPhase =
  | { readonly name: 'due'; readonly notBefore: Instant; readonly tries: number }
  /** A start or a stop that concerns it has not returned. */
  | { readonly name: 'calling'; readonly call: number; readonly tries: number }
  | { readonly name: 'asked'; readonly repeatAt: Instant; readonly tries: number };

export interface Ended {
  readonly attempt: number;
  /** Only a failed start may be asked for again under the same id. */
  readonly how: 'asked' | 'failed' | 'lost';
}

export type Call =
  | { readonly kind: 'list'; readonly begunAt: Instant; readonly deadline: Instant }
  | { readonly kind: 'start' | 'stop'; readonly deadline: Instant; readonly groups: readonly GroupId[] };

/** An answer that a start or shutdown command is owed; `message` once it is known. */
export interface Answer {
  readonly groupId: GroupId | undefined;
  message: AdapterCommandResponse | undefined;
  /** Stock schedulers wait in order: from here on the group counts as accepted. */
  readonly latestAt: Instant;
}

/** A definitive failure after which new groups are refused for a while. */
export interface Hold {
  readonly kind: StartFailureKind;
  readonly until: Instant;
  readonly detail: string;
}

export type Mode =
  | { readonly name: 'serving' }
  | { readonly name: 'draining'; readonly until: Instant }
  | { readonly name: 'stopping'; readonly until: Instant }
  | { readonly name: 'exited' };

export type CommandMessage = Extract<Message, { kind: 'adapterCommand' }>;

export interface State {
  readonly config: AdapterMachineConfig;
  readonly ledger: CapsLedger;
  now: Instant;
  out: AdapterEffect[];
  mode: Mode;
  link: 'up' | 'down';
  /** Learnt from the scheduler's echo; forgotten when the link breaks. */
  speaks: 'unknown' | 'stock' | 'own';
  /** Process that the last echo came from, and when. */
  epoch: string;
  echoedAt: Instant;
  /** Groups that the scheduler says have a registered worker. */
  registered: ReadonlySet<GroupId>;
  readonly wanted: Map<GroupId, Wanted>;
  readonly leaving: Map<GroupId, Leaving>;
  /** Bounded memory of groups that are no more, oldest first. */
  readonly ended: Map<GroupId, Ended>;
  readonly restored: Map<GroupId, RestoredIntent>;
  /** Until when an unknown listed group is taken over; undefined before the first listing. */
  adoptUntil: Instant | undefined;
  readonly intentsTrusted: boolean;
  /** Most groups ever known after a listing showed unknown ones: caps cannot undo what already runs. */
  foundMax: number;
  readonly deferred: { readonly command: CommandMessage; readonly latestAt: Instant }[];
  readonly answers: Answer[];
  readonly calls: Map<number, Call>;
  lastCall: number;
  nextListAt: Instant;
  listFailures: number;
  listTrouble: string;
  hold: Hold | undefined;
  /** Definitive failures, and throttled answers, in a row. */
  failures: number;
  throttles: number;
  throttledUntil: Instant;
  readonly bornAt: Instant;
  nextHeartbeatAt: Instant;
  /** Sent so far to schedulers of ours. */
  heartbeats: number;
  lastHeartbeatAt: Instant;
  /** What the last heartbeat said; a difference is told at once. */
  told: string;
}

export const createState = (
  config: AdapterMachineConfig,
  restored: readonly RestoredIntent[],
  intentsTrusted: boolean,
  now: Instant,
): State => ({
  config,
  ledger: capsLedger(config.caps),
  now,
  out: [],
  mode: { name: 'serving' },
  link: 'down',
  speaks: 'unknown',
  epoch: '',
  echoedAt: now,
  registered: new Set(),
  wanted: new Map(),
  leaving: new Map(),
  ended: new Map(),
  restored: new Map(restored.map((intent) => [intent.groupId, intent])),
  adoptUntil: undefined,
  intentsTrusted,
  foundMax: 0,
  deferred: [],
  answers: [],
  calls: new Map(),
  lastCall: 0,
  nextListAt: now,
  listFailures: 0,
  listTrouble: '',
  hold: undefined,
  failures: 0,
  throttles: 0,
  throttledUntil: now,
  bornAt: now,
  nextHeartbeatAt: now,
  heartbeats: 0,
  lastHeartbeatAt: instant(-Infinity),
  told: '',
});

export const later = (from: Instant, ms: number): Instant => instant(from + ms);

export const note = (state: State, level: Note['level'], event: string, fields: Note['fields']): void => {
  state.out.push({ kind: 'note', event, level, fields });
};

export const send = (state: State, message: Message): void => {
  state.out.push({ kind: 'send', message });
};

export const beginCall = (state: State, call: Call): number => {
  state.lastCall++;
  state.calls.set(state.lastCall, call);
  return state.lastCall;
};

/** Everything that may exist at the provider because of us; groups never handed to it are left out. */
export const mayExist = (state: State): number => {
  let count = state.leaving.size;
  for (const group of state.wanted.values())
    if (group.intent !== 'none' || group.phase.name === 'held') count++;
  return count;
};

export const mintWorkers = (state: State, group: GroupId): readonly WorkerId[] =>
  Array.from({ length: state.config.workersPerGroup }, () =>
    workerId(`Worker|${group}|${state.config.mintHex()}`),
  );

/** A response; a stock scheduler is told nothing that its own adapters would not say. */
export const response = (
  state: State,
  fields: Pick<AdapterCommandResponse, 'command' | 'groupId' | 'status'> & {
    readonly of?: Pick<Wanted, 'workerIds' | 'capabilities'>;
    readonly failure?: FailureKind;
    readonly reason?: string;
  },
): AdapterCommandResponse => ({
  kind: 'adapterCommandResponse',
  command: fields.command,
  groupId: fields.groupId,
  status: fields.status,
  workerIds: fields.of?.workerIds ?? [],
  capabilities: fields.of?.capabilities ?? new Map(),
  failure: state.speaks === 'own' ? (fields.failure ?? 'none') : 'none',
  reason: state.speaks === 'own' ? (fields.reason ?? '') : '',
});
