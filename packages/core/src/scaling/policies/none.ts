import type { ScalingPolicy } from '../view.ts';

/** "The simplest policy that performs no automatic scaling." */
export const none: ScalingPolicy = () => ({
  targets: [],
  rule: 'off',
  reason: 'scaling=no: groups are not started or stopped',
  alternatives: [],
  blockedBy: [],
  unservable: [],
  recheckAt: undefined,
});
