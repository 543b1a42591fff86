/**
 * The record of one decision about the size of the fleet, no-ops included: made by the scheduler, told as notes
 * (`scaling.decided`, `scaling.held`), kept for `explain`, and equal in a replay.
 */
import type { Instant } from '@muster/protocol/ids';

export interface SupplyChange {
  readonly adapter: string;
  /** What its groups offer, names joined by `+`; '' for nothing special. */
  readonly supply: string;
  /** Live groups before, what the policy asked for, and what was granted. */
  readonly from: number;
  readonly asked: number;
  readonly to: number;
  /** Why less was granted than asked for; '' when it was not. */
  readonly limit: string;
}

export interface DecisionRecord {
  readonly at: Instant;
  readonly side: 'own' | 'stock';
  readonly policy: string;
  readonly tasks: number;
  readonly waiting: number;
  /** Workers that serve, and workers of groups that start. */
  readonly workers: number;
  readonly starting: number;
  readonly rule: string;
  readonly reason: string;
  /** Empty: nothing was changed, and `reason`, limits and `blockedBy` say why. */
  readonly changes: readonly SupplyChange[];
  readonly alternatives: readonly string[];
  readonly blockedBy: readonly string[];
}

/** What must differ for a decision without a change to be worth a note. */
export const holdKey = (record: DecisionRecord): string =>
  [record.rule, ...record.blockedBy, ...record.changes.map((one) => `${one.adapter}:${one.limit}`)].join('|');
