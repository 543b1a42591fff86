/**
 * "Capability-aware scaling. Scales worker groups based on task-required capabilities (e.g., GPU, memory)."
 *
 * - "Groups tasks by their required capability sets", "Groups workers by their provided capability sets"
 * - "A worker can handle a task if the task's required capabilities are a subset of the worker's capabilities."
 * - "Scale up: When tasks / capable_workers > upper_task_ratio (default: 5)"
 * - "Scale down: When tasks / capable_workers < lower_task_ratio (default: 0.5)"
 * - "Prevents scaling down the last worker group capable of handling pending tasks"
 * - "Prevents thrashing by checking if scale-down would immediately trigger scale-up"
 * - "When scaling up, the controller requests worker groups with specific capabilities from the worker adapter."
 *
 * Beyond the documented rule: a worker that is capable of several sets is not counted for all of them at once.
 */
import type { ScalingPolicy } from '../view.ts';
import { byNeeds } from './by-needs.ts';
import { draftOf } from './draft.ts';
import { needsOf } from './needs.ts';

export const capability: ScalingPolicy = (view) => {
  const { upperTaskRatio, lowerTaskRatio } = view;
  const draft = draftOf(view);
  return byNeeds(draft, needsOf(draft), {
    want: ({ tasks }) => tasks / upperTaskRatio,
    keep: lowerTaskRatio > 0 ? ({ tasks }) => tasks / lowerTaskRatio : undefined,
    why: ({ tasks }) => `above ${upperTaskRatio} per worker, ${Math.ceil(tasks / upperTaskRatio)} needed`,
    whyFewer: `below ${lowerTaskRatio} per worker`,
  });
};
