/**
 * A worker adapter, as it announced itself, and the groups it answers for.
 *
 * A1 `groups` holds exactly the groups whose `adapter` it is, and `phases` counts them by phase.
 * A2 `supplies` has them by what they offer (supply.ts).
 * A3 Its groups never outnumber `groupsMax` by our doing: none is requested at or above the limit.
 */
import type { Capabilities, GroupId, Instant, PeerId } from '@muster/protocol/ids';
import type { AdapterHeartbeat, GroupOffer } from '@muster/protocol/messages';
import { Breaker } from './breaker.ts';
import type { Group, GroupPhase } from './group.ts';
import { StartTimes } from './start-times.ts';
import type { SupplyEntry } from './supply.ts';
import { Timer } from './timers.ts';
import type { Wake } from './wake.ts';

/** The identity of a stock adapter may be anything, also the id of one of ours. */
export const adapterTableKey = (own: boolean, key: string): string => (own ? 'own:' : 'stock:') + key;

export interface AdapterSpec {
  /** Its adapter id, or the identity of a stock adapter. */
  readonly key: string;
  readonly own: boolean;
  readonly peer: PeerId;
  readonly beat: AdapterHeartbeat;
  readonly now: Instant;
}

export class Adapter {
  readonly key: string;
  readonly own: boolean;
  /** Where commands go: its current connection. */
  peer: PeerId;
  /** Its connections before, latest last; while it is heard, they say nothing any more. */
  readonly former: Set<PeerId> = new Set<PeerId>();
  /** Heard within the adapter timeout. */
  up = true;
  lastSeen: Instant;
  readonly timeout: Timer<Wake>;
  groupsMax = 0;
  workersPerGroup = 1;
  capabilities: Capabilities;
  /** As its last heartbeat says. */
  announced: readonly GroupOffer[] = [];
  /** What it can start, cheapest first; never empty once it is registered. */
  offers: readonly GroupOffer[] = [];
  readonly groups: Set<Group> = new Set<Group>();
  readonly phases: Record<GroupPhase, number> = { requested: 0, running: 0, draining: 0, stopping: 0 };
  /** By the key of what they offer. */
  readonly supplies: Map<string, SupplyEntry> = new Map<string, SupplyEntry>();
  /** Stock: the start that has not been answered; its answers carry no id, so there is at most one. */
  starting: Group | undefined = undefined;
  /** A start of it was ever asked for, whatever came of it. */
  wasAsked = false;
  /** `compat=stock`: when a decision was last made for it. */
  decidedAt: Instant | undefined = undefined;
  /** `compat=stock`: the decision for it that is kept up. */
  held: { readonly key: string; readonly at: number } = { key: '', at: -1 };
  readonly startTimes: StartTimes = new StartTimes();
  readonly breaker: Breaker = new Breaker();
  /** Count of its latest heartbeat; 0 before the first, or where it counts none. */
  beats = 0;
  /** What it says keeps it from starting anything, '' for nothing. */
  says = '';
  /** Groups of our epoch that it lists and we do not know, with the number of listings. */
  readonly orphans: Map<GroupId, number> = new Map<GroupId, number>();

  constructor({ key, own, peer, beat, now }: AdapterSpec) {
    this.key = key;
    this.own = own;
    this.peer = peer;
    this.capabilities = beat.capabilities;
    this.lastSeen = now;
    this.timeout = new Timer<Wake>({ kind: 'adapter', adapter: this });
  }
}
