/**
 * Who may run what. A policy says which needs share a waiting queue, which workers are interchangeable, and
 * whether the one may serve the other; who of the eligible workers is chosen (the least loaded, by index) and
 * in which order tasks go (priority, then age) is the same for all policies.
 */
import { NO_CAPABILITIES } from '@muster/protocol/ids';
import type { Capabilities } from '@muster/protocol/ids';
import type { AllocationPolicyName } from '../scheduler-types.ts';
import { never } from '../machine.ts';

/** Pure and without memory. */
export interface AllocationPolicy {
  readonly name: AllocationPolicyName;
  /** What the policy looks at of a task's needs; tasks with the same key wait in one queue. */
  consider(needs: Capabilities): Capabilities;
  /** What the policy looks at of a worker's capabilities; workers with the same key are interchangeable. */
  regard(offered: Capabilities): Capabilities;
  /** Whether a worker that offers this may run a task that needs that. */
  serves(offered: Capabilities, needs: Capabilities): boolean;
}

/** Every worker may run every task: needs and capabilities are ignored (and noted, once for each need). */
export const EVEN_LOAD: AllocationPolicy = {
  name: 'even_load',
  consider: () => NO_CAPABILITIES,
  regard: () => NO_CAPABILITIES,
  serves: () => true,
};

/** A worker may run a task when it has every capability that the task names. Quantities are not compared. */
export const CAPABILITY: AllocationPolicy = {
  name: 'capability',
  consider: (needs) => needs,
  regard: (offered) => offered,
  serves: (offered, needs) => {
    for (const name of needs.keys()) if (!offered.has(name)) return false;
    return true;
  },
};

export const missingCapabilities = (offered: Capabilities, needs: Capabilities): readonly string[] =>
  [...needs.keys()].filter((name) => !offered.has(name));

export const allocationPolicy = (name: AllocationPolicyName): AllocationPolicy => {
  switch (name) {
    case 'even_load':
      return EVEN_LOAD;
    case 'capability':
      return CAPABILITY;
    default:
      return never(name);
  }
};
