/**
 * How long tasks of one function take here, as a running median: one that was preempted, or one of a kind that is
 * rarely long, must not cost all others their place in the pipeline. Surprises are what the recall is for.
 */
import type { ObjectId } from '@muster/protocol/ids';

export interface Estimates {
  /** Expected milliseconds; undefined for a function not seen lately. */
  of(functionId: ObjectId): number | undefined;
  learn(functionId: ObjectId, ms: number): void;
}

/** The one used least recently leaves. */
const FUNCTIONS_MAX = 256;
/** A sample moves the estimate towards itself by no more than this. */
const STEP = 1.25;
/** Hand-over and bookkeeping: no task costs less. */
const MS_MIN = 0.01;

export const createEstimates = (): Estimates => {
  const known = new Map<ObjectId, number>();
  return {
    of: (functionId) => known.get(functionId),
    learn: (functionId, measuredMs) => {
      const ms = Math.max(MS_MIN, measuredMs);
      const before = known.get(functionId);
      if (before === undefined && known.size >= FUNCTIONS_MAX) {
        const oldest = known.keys().next();
        if (oldest.done !== true) known.delete(oldest.value);
      }
      const next = before === undefined ? ms : Math.min(before * STEP, Math.max(before / STEP, ms));
      if (next === before) return;
      known.delete(functionId);
      known.set(functionId, next);
    },
  };
};
