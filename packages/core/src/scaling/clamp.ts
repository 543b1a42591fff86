/** Limits, applied outside the policies: what was asked for is kept beside what is granted, with the reason. */
import type { AdapterView, GroupTarget } from './policy.ts';

export interface ClampedTarget extends GroupTarget {
  /** What the policy asked for. */
  readonly asked: number;
  /** Why that was cut; undefined when it was not. */
  readonly limit: string | undefined;
}

/** Groups that drain or stop still cost, so they count against the limit: it holds at every instant. */
export const clamp = (target: GroupTarget, adapter: AdapterView): ClampedTarget => {
  const leaving = adapter.draining + adapter.stopping;
  const most = Math.max(0, adapter.groupsMax - leaving);
  const groups = Math.max(0, Math.min(target.groups, most));
  const limit =
    groups === target.groups
      ? undefined
      : target.groups < 0
        ? 'less than none'
        : `the limit of adapter ${adapter.key} is ${adapter.groupsMax}${leaving > 0 ? `, ${leaving} of them leaving` : ''}`;
  return { ...target, groups, asked: target.groups, limit };
};
