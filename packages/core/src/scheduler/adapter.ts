/**
 * A worker adapter, as it announced itself, and the groups it answers for.
 *
 * A1 `groups` holds exactly the groups whose `adapter` it is, and `phases` counts them by phase.
 * A2 `idle` lists exactly its groups with `idleSince`, longest idle first.
 * A3 Its groups never outnumber `groupsMax` by our doing: none is requested at or above the limit.
 */
import type { Capabilities, GroupId, Instant, PeerId } from '@muster/protocol/ids';
import type { Group, GroupPhase } from './group.ts';
import { Timer } from './timers.ts';
import type { Wake } from './wake.ts';

/** The identity of a stock adapter may be anything, also the id of one of ours. */
export const adapterTableKey = (own: boolean, key: string): string => (own ? 'own:' : 'stock:') + key;

export class Adapter {
  /** Its adapter id, or the identity of a stock adapter. */
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
  readonly groups: Set<Group> = new Set<Group>();
  readonly phases: Record<GroupPhase, number> = { requested: 0, running: 0, draining: 0, stopping: 0 };
  readonly idle: Set<Group> = new Set<Group>();
  /** Its running groups without a live worker: they count against the limit, not as capacity. */
  readonly deserted: Set<Group> = new Set<Group>();
  /** Stock: the start that has not been answered; its answers carry no id, so there is at most one. */
  starting: Group | undefined = undefined;
  /** Failed starts in a row. */
  failures = 0;
  blockedUntil: Instant | undefined = undefined;
  /** Its last failure, '' for none. */
  trouble = '';
  /** Groups of our epoch that it lists and we do not know, with the number of listings. */
  readonly orphans: Map<GroupId, number> = new Map<GroupId, number>();

  constructor(key: string, own: boolean, peer: PeerId, capabilities: Capabilities, now: Instant) {
    this.key = key;
    this.own = own;
    this.peer = peer;
    this.capabilities = capabilities;
    this.lastSeen = now;
    this.timeout = new Timer<Wake>({ kind: 'adapter', adapter: this });
  }
}
