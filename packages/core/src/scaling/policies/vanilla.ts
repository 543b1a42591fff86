/**
 * "Basic task-to-worker ratio scaling. Scales up when task ratio exceeds threshold, scales down when idle."
 *
 * - "Scale up: When tasks / workers > upper_task_ratio (default: 10)"
 * - "Scale down: When tasks / workers < lower_task_ratio (default: 1)"
 */
import type { ScalingPolicy } from '../view.ts';
import { byRatio } from './ratio.ts';

export const vanilla: ScalingPolicy = (view) => byRatio(view);
