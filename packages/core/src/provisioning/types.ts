/** Events, effects and configuration of the adapter machine: what a shell needs to host it. */
import type { AdapterId, Capabilities, GroupId, WorkerId } from '@muster/protocol/ids';
import type { GroupOffer, Message } from '@muster/protocol/messages';
import type { Note } from '../machine.ts';
import type { StartFailureKind } from './backoff.ts';
import type { Caps } from './caps.ts';
import type { ObservedGroup } from './plan.ts';

export interface ListedGroup extends ObservedGroup {
  /** Process id, task ARN or pod name; for people only. */
  readonly nativeId: string;
  /** Why it is in this state, where that is worth telling: what ended it, above all. */
  readonly detail?: string;
}

export interface StartFailure {
  readonly groupId: GroupId;
  readonly kind: StartFailureKind;
  readonly detail: string;
}

/** What must survive a crash of the adapter between asking for a group and seeing it. */
export interface Intent {
  readonly groupId: GroupId;
  /** Counts from 1; advanced by definitive failures only. */
  readonly attempt: number;
  readonly token: string;
  readonly workerIds: readonly WorkerId[];
  readonly capabilities: Capabilities;
  /** A start under this token got no answer before, perhaps from a former process: the group may exist already. */
  readonly mayExist?: boolean;
}

export type RestoredIntent =
  /** `open`: the outcome of the start is not known. `held`: the group was seen; kept for its worker ids. */
  | (Intent & { readonly phase: 'open' | 'held' })
  /** Its end was decided and not yet seen: it must not be adopted, and it counts while it may exist. */
  | { readonly phase: 'leaving'; readonly groupId: GroupId };

export type StopPolicy =
  /** Ask the scheduler to drain every group, then stop what is left. */
  | 'drain'
  /** Stop every group with the provider's grace. */
  | 'stop'
  /** Leave the groups running: the next adapter of the same name adopts them. */
  | 'leave';

export type AdapterEvent =
  | { readonly kind: 'message'; readonly message: Message }
  | { readonly kind: 'connection'; readonly state: 'up' | 'down' }
  | { readonly kind: 'listed'; readonly call: number; readonly groups: readonly ListedGroup[] }
  | { readonly kind: 'listFailed'; readonly call: number; readonly detail: string }
  | {
      readonly kind: 'startDone';
      readonly call: number;
      readonly started: readonly ListedGroup[];
      readonly failures: readonly StartFailure[];
    }
  | {
      readonly kind: 'stopDone';
      readonly call: number;
      readonly stopped: readonly GroupId[];
      readonly failures: readonly StartFailure[];
    }
  /** A second one with a harsher policy or a shorter time takes over. */
  | { readonly kind: 'shutdown'; readonly policy: StopPolicy; readonly withinMs: number }
  | { readonly kind: 'deadline' };

export type AdapterEffect =
  | { readonly kind: 'send'; readonly message: Message }
  | { readonly kind: 'list'; readonly call: number }
  /** Record the intents durably, then call. Where they cannot be recorded: no call, and `throttled` for each group. */
  | { readonly kind: 'start'; readonly call: number; readonly intents: readonly Intent[] }
  | {
      readonly kind: 'stop';
      readonly call: number;
      readonly groupIds: readonly GroupId[];
      readonly reason: string;
    }
  /** The machine has given up on this call: abort it. Its outcome, if one still comes, is ignored. */
  | { readonly kind: 'abort'; readonly call: number }
  | { readonly kind: 'holdIntent'; readonly groupId: GroupId }
  /** From here on a restart stops the group and does not adopt it. */
  | { readonly kind: 'leaveIntent'; readonly groupId: GroupId }
  | { readonly kind: 'closeIntent'; readonly groupId: GroupId }
  /** Nothing more will be done. `left`: groups that may still exist. */
  | { readonly kind: 'exit'; readonly left: readonly GroupId[] }
  | Note;

export interface AdapterMachineConfig {
  readonly adapterId: AdapterId;
  /** Provider name; prefix of the ids minted for a stock scheduler (`native-<32 hex>`). */
  readonly provider: string;
  readonly workersPerGroup: number;
  readonly capabilities: Capabilities;
  /** What it can start. Default: one kind of group, of `capabilities`, that costs nothing. */
  readonly offers?: readonly GroupOffer[];
  readonly caps: Caps;
  /** Between heartbeats; a stock scheduler forgets an adapter after 10 s of silence. */
  readonly heartbeatMs: number;
  /** Between listings while nothing is expected to change, and while something is. */
  readonly listIntervalMs: number;
  readonly listBusyIntervalMs: number;
  /** How long after a call returned, or was aborted, what it did may still be missing from `list`. 0: never. */
  readonly listLagMs: number;
  /**
   * How long after its start an adapter believes its record of groups that had been seen, where the provider does not show
   * them (yet). Default 0: for a provider that shows at once what exists.
   */
  readonly restoreGraceMs?: number;
  /** Each call to the provider is given up after this. */
  readonly listTimeoutMs: number;
  readonly startTimeoutMs: number;
  readonly stopTimeoutMs: number;
  /** A group that was asked for and still has not come up after this is stopped and reported as failed. */
  readonly startGiveUpMs: number;
  /**
   * What shows that a group has come up: the provider's word (`provider`, the default), or a worker that the scheduler has
   * seen (`workers`), where a provider's word is only that something runs. A stock scheduler does not tell: then the
   * provider's word counts.
   */
  readonly upBy?: 'provider' | 'workers';
  /** A stop that shows no end is asked for again after this. */
  readonly stopRepeatMs: number;
  /** 32 lower-case hexadecimal characters, never the same twice: an injected source, for ids of workers and groups. */
  readonly mintHex: () => string;
  /** In [0, 1): an injected source, to spread repeats. */
  readonly random: () => number;
}
