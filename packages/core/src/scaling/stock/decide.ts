/**
 * `compat=stock`: decisions exactly as Scaler 1.15.0 makes them, for comparison. One call per heartbeat of an adapter,
 * for that adapter. Source: the scaling controllers of that release.
 *
 * Kept as they are: one table of groups for all adapters, whose size is compared with the limit of the one that asks;
 * groups that start count for nothing; the primary of `fixed_elastic` is started once in a scheduler's life; its
 * secondaries never stop. Not kept: a stop that is sent to an adapter which does not own the group (it answers that it
 * does not know it, and the same group is chosen for ever) is read as a stop of the asking adapter's own groups; and
 * answers that end the stock scheduler have no counterpart here.
 */
import type { PolicyConfig } from '../../scheduler-types.ts';
import { stockCapability } from './capability.ts';
import { nothing, stockFixedElastic, stockVanilla } from './ratio.ts';
import type { StockAdapter, StockDecision, StockView } from './view.ts';

type StockPolicy = (view: StockView, adapter: StockAdapter) => StockDecision;

/** @param adapterKey whose heartbeat it is. Policies that 1.15.0 does not have do nothing. */
export const decideStock = (policy: PolicyConfig, view: StockView, adapterKey: string): StockDecision => {
  const adapter = view.adapters.find(({ key }) => key === adapterKey);
  const decide = POLICIES.get(policy.scaling);
  if (adapter === undefined || decide === undefined)
    return nothing('off', `scaling=${policy.scaling}: groups are not started or stopped`);
  return decide(view, adapter);
};

const POLICIES: ReadonlyMap<PolicyConfig['scaling'], StockPolicy> = new Map([
  ['vanilla', stockVanilla],
  ['fixed_elastic', stockFixedElastic],
  ['capability', stockCapability],
]);
