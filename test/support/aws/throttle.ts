/** Token buckets, as AWS's API limits are published: so many at once, so many a second. */

export interface BucketSpec {
  /** Calls with one name share one bucket. */
  readonly name: string;
  readonly burst: number;
  readonly perSecond: number;
}

export interface Buckets {
  /** False, and nothing is taken, when the bucket holds less. */
  take(spec: BucketSpec, amount: number): boolean;
}

/** @param now milliseconds. */
export const bucketsOf = (now: () => number): Buckets => {
  const levels = new Map<string, { tokens: number; at: number }>();
  return {
    take: (spec, amount) => {
      const at = now();
      const level = levels.get(spec.name) ?? { tokens: spec.burst, at };
      levels.set(spec.name, level);
      level.tokens = Math.min(spec.burst, level.tokens + ((at - level.at) * spec.perSecond) / 1_000);
      level.at = at;
      // Sums of thousandths must not refuse what is due to the millisecond.
      if (level.tokens + 1e-9 < amount) return false;
      level.tokens -= amount;
      return true;
    },
  };
};
