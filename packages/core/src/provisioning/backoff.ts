/** How long to leave a provider alone after a failure: by its kind, never by its text. */

/** Same words as `ProvisionFailureKind` of the adapter kit. */
export type StartFailureKind = 'capacity' | 'quota' | 'unauthorized' | 'invalid' | 'throttled' | 'unknown';

/**
 * Definitive kinds close the attempt: the group is reported as failed, and the adapter refuses new groups with the
 * same kind until the back-off is over, so that the scheduler can use another adapter at once.
 */
export const isDefinitive = (kind: StartFailureKind): boolean => kind !== 'throttled' && kind !== 'unknown';

interface Range {
  readonly baseMs: number;
  readonly maxMs: number;
}

/** Doubles from base to max with each failure in a row. What only a person can mend is tried seldom, but is tried. */
const RANGES = {
  capacity: { baseMs: 5_000, maxMs: 120_000 },
  quota: { baseMs: 10_000, maxMs: 120_000 },
  unauthorized: { baseMs: 30_000, maxMs: 300_000 },
  invalid: { baseMs: 10_000, maxMs: 300_000 },
  throttled: { baseMs: 1_000, maxMs: 60_000 },
  unknown: { baseMs: 1_000, maxMs: 60_000 },
} as const satisfies Record<StartFailureKind, Range>;

/**
 * @param failures how many in a row, this one included (1 or more).
 * @param random in [0, 1): spreads adapters that failed together over the second half of the wait.
 */
export const backoffMs = (kind: StartFailureKind, failures: number, random: number): number => {
  const { baseMs, maxMs } = RANGES[kind];
  const full = Math.min(maxMs, baseMs * 2 ** Math.min(failures - 1, 20));
  return Math.round(full / 2 + (full / 2) * random);
};
