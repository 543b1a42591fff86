/**
 * A worker group, from the decision to start it until the provider no longer shows it.
 *
 * | from | event | to | kind | why |
 * |---|---|---|---|---|
 * | – | scaling wants one more | requested | active | the id is minted here |
 * | – | listed by its adapter, of an earlier epoch | running or requested | passive | never kill what a former self started |
 * | – | listed by its adapter, of ours, with live workers | running | passive | given up by mistake: drained before it is stopped |
 * | requested | first frame of one of its workers | running | passive | the worker proves it, not the provider |
 * | requested | failure reported | gone | passive | sent for definitive failures only |
 * | requested | seen once, then missing from two lists | gone | passive | it died while it booted |
 * | requested | deadline | stopping | active | it may still appear: stopped, not forgotten |
 * | running | chosen for scale-down, or by an operator | draining | active | scale-down chooses idle groups only |
 * | running | one of its workers drains by itself | draining | passive | reclaimed by the provider, or max lifetime |
 * | running | no live worker for the time a start may take | stopping | active | listed, but of no use |
 * | running | not listed and no live worker | gone | passive | a live worker outranks a list that lags |
 * | draining | last worker drained or lost | stopping | active | |
 * | draining by scale-down | deadline | running | active | a running task is never killed to save money |
 * | draining otherwise | deadline | stopping | active | tasks go back to waiting |
 * | stopping | not listed and no live worker, or reported stopped | gone | passive | the list is the truth |
 * | stopping | listed as if nobody had asked | stopping | active | the command was lost: sent again |
 * | stopping | deadline | stopping | active | sent again, noted |
 *
 * G1 `workers` holds exactly the registered workers whose `group` it is; a requested group has none.
 * G2 `busy` counts those of them that hold tasks; `idleSince` is set exactly while it runs with none.
 * G3 Every phase but running with a live worker has an armed deadline.
 * G4 `fillsUntil` is set only while fewer workers have come than were started; while it runs with a live worker, it
 *    has a deadline then too.
 */
import type { Capabilities, GroupId, Instant } from '@muster/protocol/ids';
import type { Adapter } from './adapter.ts';
import { GroupLife } from './history.ts';
import { expectedOffers, supplyOf } from './supply.ts';
import type { SupplyEntry } from './supply.ts';
import { Timer } from './timers.ts';
import type { Wake } from './wake.ts';
import type { Worker } from './worker.ts';

export type GroupPhase = 'requested' | 'running' | 'draining' | 'stopping';
export const GROUP_PHASES: readonly GroupPhase[] = ['requested', 'running', 'draining', 'stopping'];

/** 'worker': its workers drain by themselves (reclaimed by the provider, or their life is over). */
export type DrainCause = 'scaleDown' | 'operator' | 'worker';

/** How it is known what a group offers: by what was asked for, by its adapter's answer, by its first worker. */
export type Evidence = 'asked' | 'answer' | 'worker';

export type GroupState =
  | {
      readonly phase: 'requested';
      readonly requestedAt: Instant;
      /** When the start command was last sent. */
      sentAt: Instant;
      /** The adapter knows of it: it answered or listed it. */
      confirmed: boolean;
      missing: number;
    }
  | { readonly phase: 'running' }
  | { readonly phase: 'draining'; readonly cause: DrainCause }
  | {
      readonly phase: 'stopping';
      sends: number;
      /** When the shutdown command was last sent. */
      sentAt: Instant;
    };

const NONE_COUNTED = { workers: 0, awaited: 0 };

export class Group {
  /** The provisional one until a stock adapter has answered with its own. */
  id: GroupId;
  readonly adapter: Adapter;
  /** What was asked for. */
  readonly capabilities: Capabilities;
  supply: SupplyEntry;
  evidence: Evidence = 'asked';
  state: GroupState;
  readonly bornAt: Instant;
  /** Of the current phase. */
  since: Instant;
  /** Why it is in this phase. */
  reason: string;
  readonly life: GroupLife;
  nativeId = '';
  /** Whether its adapter has listed it. */
  listed = false;
  readonly workers: Set<Worker> = new Set<Worker>();
  busy = 0;
  idleSince: Instant | undefined = undefined;
  /** Whether one of its workers has ever been here. */
  ran = false;
  /** Workers that it lacks are taken to be starting until then; afterwards they are missing. */
  fillsUntil: Instant | undefined = undefined;
  /** What its supply counts of it. */
  counted: { readonly workers: number; readonly awaited: number } = NONE_COUNTED;
  /** Adopted: until then its workers may still come back from the former scheduler, with tasks of theirs. */
  returningUntil: Instant | undefined = undefined;
  /** Whether a result has come from it: losing it is then no failed start. */
  proved = false;
  /** Stock: which workers are its own is not certain. */
  guessed = false;
  /** Stock: its adapter said that it has stopped it. */
  reported = false;
  /** Stock: worker ids named in the answer to its start; often made up, then arrival decides. */
  announced: ReadonlySet<string> = new Set();
  /** What the answer to its start said that it offers. */
  answered: Capabilities | undefined = undefined;
  readonly timer: Timer<Wake>;

  constructor(id: GroupId, adapter: Adapter, capabilities: Capabilities, state: GroupState, now: Instant) {
    this.id = id;
    this.adapter = adapter;
    this.capabilities = capabilities;
    this.supply = supplyOf(adapter, expectedOffers(adapter, capabilities));
    this.state = state;
    this.bornAt = now;
    this.since = now;
    this.reason = '';
    this.life = new GroupLife(id, adapter.key, adapter.own);
    this.timer = new Timer<Wake>({ kind: 'group', group: this });
  }

  get phase(): GroupPhase {
    return this.state.phase;
  }
}

/** Tasks that its workers hold. */
export const heldBy = (group: Group): number => {
  let held = 0;
  for (const worker of group.workers) held += worker.holds.length;
  return held;
};
