import type { ScalingPolicy } from './policy.ts';

/** "The simplest policy that performs no automatic scaling." */
export const none: ScalingPolicy = () => ({
  targets: [],
  reason: 'scaling=no: groups are not started or stopped',
  recheckAt: undefined,
});
