/** Compares the supplies of an adapter with its groups (V1–V5 of supply.ts). */
import { capabilityKey } from '@muster/protocol/ids';
import { InvariantError } from '../machine.ts';
import type { Adapter } from './adapter.ts';
import { GROUP_PHASES } from './group.ts';
import type { GroupPhase } from './group.ts';
import { countOf } from './supply.ts';
import type { SupplyEntry } from './supply.ts';

export const checkSupplies = (adapter: Adapter): void => {
  const found = new Map<SupplyEntry, Record<GroupPhase, number>>();
  checkWorkers(adapter);
  for (const group of adapter.groups) {
    const { supply } = group;
    if (adapter.supplies.get(supply.key) !== supply) throw new InvariantError('V1: a group of no supply');
    const phases = found.get(supply) ?? { requested: 0, running: 0, draining: 0, stopping: 0 };
    phases[group.phase]++;
    found.set(supply, phases);
    if ((group.idleSince !== undefined) !== supply.idleGroups.has(group))
      throw new InvariantError('V2: idle groups miscounted');
    const isDeserted = group.phase === 'running' && group.workers.size === 0;
    if (isDeserted !== supply.deserted.has(group)) throw new InvariantError('V3: deserted groups miscounted');
  }
  for (const [key, supply] of adapter.supplies) {
    const phases = found.get(supply);
    for (const phase of GROUP_PHASES)
      if (supply.phases[phase] !== (phases?.[phase] ?? 0))
        throw new InvariantError(
          `V1: ${supply.phases[phase]} groups ${phase}, found ${phases?.[phase] ?? 0}`,
        );
    if (key !== capabilityKey(supply.offers) || (!supply.offered && phases === undefined))
      throw new InvariantError('V4: a supply that nobody needs, or under a wrong key');
    checkIdleOrder(supply);
  }
};

const checkWorkers = (adapter: Adapter): void => {
  const found = new Map<SupplyEntry, { workers: number; awaited: number }>();
  for (const group of adapter.groups) {
    const sums = found.get(group.supply) ?? { workers: 0, awaited: 0 };
    const { workers, awaited } = countOf(group);
    if (workers !== group.counted.workers || awaited !== group.counted.awaited)
      throw new InvariantError('V5: workers of a group miscounted');
    sums.workers += workers;
    sums.awaited += awaited;
    found.set(group.supply, sums);
  }
  for (const supply of adapter.supplies.values()) {
    const { workers, awaited } = found.get(supply) ?? { workers: 0, awaited: 0 };
    if (workers !== supply.workers || awaited !== supply.awaited)
      throw new InvariantError(`V5: ${supply.workers} workers of a supply, found ${workers}`);
  }
};

const checkIdleOrder = (supply: SupplyEntry): void => {
  let before = -Infinity;
  for (const { idleSince, supply: mine } of supply.idleGroups) {
    if (mine !== supply || idleSince === undefined || idleSince < before)
      throw new InvariantError('V2: idle groups out of order, or of another supply');
    before = idleSince;
  }
};
