/** How long tasks of one function take here: quick to believe a long one, slow to forget it. */
import type { ObjectId } from '@muster/protocol/ids';

export interface Estimates {
  /** Expected milliseconds; undefined for a function not seen lately. */
  of(functionId: ObjectId): number | undefined;
  learn(functionId: ObjectId, ms: number): void;
}

/** The one used least recently leaves. */
const FUNCTIONS_MAX = 256;
const WEIGHT_OF_SHORTER = 0.25;
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
      const next = before === undefined || ms > before ? ms : before + (ms - before) * WEIGHT_OF_SHORTER;
      if (next === before) return;
      known.delete(functionId);
      known.set(functionId, next);
    },
  };
};
