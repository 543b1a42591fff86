import type { ScalingPolicy } from '../view.ts';
import { unservableAmong } from './unservable.ts';

/**
 * "The simplest policy that performs no automatic scaling." Tasks that neither a worker nor an adapter can serve are
 * reported all the same, and without an adapter too: as soon as there is a worker, it is known what is missing.
 */
export const none: ScalingPolicy = (view) => ({
  targets: [],
  rule: 'off',
  reason: 'scaling=no: groups are not started or stopped',
  alternatives: [],
  blockedBy: [],
  unservable: [...unservableAmong(view, view.serves).values()],
  recheckAt: undefined,
});
