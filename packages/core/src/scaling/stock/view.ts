/**
 * What policies of `compat=stock` see: a snapshot as Scaler 1.15.0 makes it at a heartbeat of an adapter, and the
 * answer to it. Costs time by groups and by distinct needs and offers.
 */
import type { Capabilities, GroupId } from '@muster/protocol/ids';
import type { StartWish } from '../view.ts';

export interface StockDemand {
  /** `capabilityKey(needs)`. */
  readonly key: string;
  /** Of the first of these tasks, quantities included. */
  readonly needs: Capabilities;
  /** Tracked: waiting, queued at a worker, or running. */
  readonly tasks: number;
}

export interface StockGroup {
  readonly id: GroupId;
  readonly adapter: string;
  /** As reported in the answer to its start. */
  readonly offers: Capabilities;
  /** Those whose ids are known. */
  readonly workers: number;
  /** Tasks in the queues of these workers, as their heartbeats say; the running ones are not among them. */
  readonly queued: number;
}

export interface StockAdapter {
  readonly key: string;
  readonly groupsMax: number;
  /** A start of it was ever asked for, whatever came of it. */
  readonly wasStarted: boolean;
}

export interface StockView {
  readonly upperTaskRatio: number;
  readonly lowerTaskRatio: number;
  /** First seen first. */
  readonly demands: readonly StockDemand[];
  /** Connected workers of all adapters and of none, by what they offer. */
  readonly workers: readonly { readonly offers: Capabilities; readonly workers: number }[];
  /** Those whose start was answered and whose stop was not: one table for all adapters, oldest first. */
  readonly groups: readonly StockGroup[];
  readonly adapters: readonly StockAdapter[];
}

export interface StockDecision {
  /** At the adapter whose heartbeat it was. */
  readonly starts: readonly StartWish[];
  readonly stops: readonly GroupId[];
  /** `off`, `above`, `below`, `between`, `limit`: as 1.15.0 would log it. */
  readonly rule: string;
  readonly reason: string;
}
