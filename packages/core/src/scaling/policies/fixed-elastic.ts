/**
 * "Hybrid scaling using primary and secondary worker adapters with configurable limits."
 *
 * - "Primary Adapter: A single worker group (identified by max_worker_groups == 1) that starts once and never shuts down"
 * - "Secondary Adapter: Elastic capacity (max_worker_groups > 1) that scales based on demand"
 *
 * Beyond the documented rule: a primary group that was lost is replaced, and the ratio is that of `vanilla`, with the
 * primary's workers counted first.
 */
import type { AdapterView, ScalingPolicy } from '../view.ts';
import { byRatio } from './ratio.ts';

export const isPrimary = (adapter: AdapterView): boolean => adapter.groupsMax === 1;

export const fixedElastic: ScalingPolicy = (view) => byRatio(view, isPrimary);
