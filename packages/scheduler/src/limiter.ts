/** Keeps a peer that sends rubbish from filling the log: one line at once, then one a second with a count. */
import type { Instant } from '@muster/protocol/ids';

const QUIET_MS = 1_000;
const KEYS_MAX = 256;

/**
 * Answers how many occurrences a line about `key` stands for, or undefined when it must not be written now.
 * Forgets the oldest keys beyond a fixed number.
 */
export const createLimiter = (): { admit(key: string, now: Instant): number | undefined } => {
  const seen = new Map<string, { quietUntil: number; suppressed: number }>();
  return {
    admit: (key, now) => {
      const entry = seen.get(key);
      if (entry === undefined) {
        if (seen.size >= KEYS_MAX) {
          for (const oldest of seen.keys()) {
            seen.delete(oldest);
            break;
          }
        }
        seen.set(key, { quietUntil: now + QUIET_MS, suppressed: 0 });
        return 1;
      }
      if (now < entry.quietUntil) {
        entry.suppressed += 1;
        return undefined;
      }
      const count = entry.suppressed + 1;
      entry.quietUntil = now + QUIET_MS;
      entry.suppressed = 0;
      return count;
    },
  };
};
