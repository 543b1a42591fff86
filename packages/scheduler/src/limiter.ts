/** Keeps a peer that sends rubbish from filling the log: one line at once, then one a second with the sum of all between. */
import { instant } from '@muster/protocol/ids';
import type { Instant } from '@muster/protocol/ids';
import type { Clock } from '@muster/runtime/clock';

const QUIET_MS = 1_000;
const KEYS_MAX = 256;

export interface Limiter {
  /** Writes now, with 1, or counts until the next tick. `write` is that of the latest occurrence. */
  admit(key: string, write: (times: number) => void): void;
  /** Writes what was counted and stops. */
  stop(): void;
}

const later = (now: Instant): Instant => instant(now + QUIET_MS);

interface Kind {
  quietUntil: Instant;
  suppressed: number;
  write: (times: number) => void;
}

/** Keeps a fixed number of keys; of those beyond it the oldest is told early and forgotten. */
export const createLimiter = (clock: Clock): Limiter => {
  const kinds = new Map<string, Kind>();
  let timer: ReturnType<Clock['wakeAt']> | undefined;

  const flush = (kind: Kind): void => {
    const { suppressed } = kind;
    kind.suppressed = 0;
    if (suppressed > 0) kind.write(suppressed);
  };
  const arm = (): void => {
    let next: Instant | undefined;
    for (const { quietUntil, suppressed } of kinds.values())
      if (suppressed > 0 && (next === undefined || quietUntil < next)) next = quietUntil;
    timer = next === undefined ? undefined : clock.wakeAt(next, tick);
  };
  const tick = (): void => {
    const now = clock.now();
    for (const kind of kinds.values()) {
      if (kind.quietUntil > now || kind.suppressed === 0) continue;
      kind.quietUntil = later(now);
      flush(kind);
    }
    arm();
  };
  return {
    admit: (key, write) => {
      const now = clock.now();
      const known = kinds.get(key);
      if (known === undefined) {
        const [oldest] = kinds;
        if (oldest !== undefined && kinds.size >= KEYS_MAX) {
          kinds.delete(oldest[0]);
          flush(oldest[1]);
        }
        kinds.set(key, { quietUntil: later(now), suppressed: 0, write });
        return write(1);
      }
      known.write = write;
      known.suppressed += 1;
      if (now >= known.quietUntil) {
        known.quietUntil = later(now);
        return flush(known);
      }
      if (timer === undefined) arm();
    },
    stop: () => {
      timer?.cancel();
      timer = undefined;
      for (const kind of kinds.values()) flush(kind);
      kinds.clear();
    },
  };
};
