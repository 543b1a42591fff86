/**
 * Our own token buckets, kept below those of AWS, so that an account is not throttled by us. Stops, reads and launches have
 * one each: a stop never waits behind a launch.
 */
import { instant } from '@muster/protocol/ids';
import type { Clock } from '@muster/runtime/clock';

export interface BucketSize {
  readonly perSecond: number;
  /** Calls at once after a rest. */
  readonly burst: number;
}

export interface Bucket {
  /** Resolves when one call may be made, in the order of asking. Rejects with the signal's reason. */
  take(signal: AbortSignal): Promise<void>;
  /** AWS said that we are too fast: half the rate, and a second of silence. */
  onThrottled(): void;
  /** A call went through: the rate recovers a little. */
  onSuccess(): void;
  /** Calls per second that it grants now. */
  rate(): number;
}

/** The slowest that throttling makes us, and how much of the full rate each good call gives back. */
const RATE_FLOOR = 1 / 16;
const RECOVERY = 1 / 32;
const SILENCE_MS = 1_000;

export const tokenBucket = (size: BucketSize, clock: Clock): Bucket => {
  let perSecond = size.perSecond;
  let tokens = size.burst;
  let filledAt: number = clock.now();
  let silentUntil = -Infinity;
  let alarm: { cancel(): void } | undefined;
  const waiting = new Set<() => void>();

  const fill = (): void => {
    const now = clock.now();
    const from = Math.max(filledAt, silentUntil);
    if (now > from) tokens = Math.min(size.burst, tokens + ((now - from) * perSecond) / 1000);
    filledAt = now;
  };
  const grant = (): void => {
    alarm?.cancel();
    alarm = undefined;
    fill();
    for (const go of waiting) {
      if (tokens < 1 || clock.now() < silentUntil) break;
      tokens--;
      waiting.delete(go);
      go();
    }
    if (waiting.size === 0) return;
    const silence = Math.max(0, silentUntil - clock.now());
    const waitMs = silence + Math.max(1, Math.ceil(((1 - tokens) * 1000) / perSecond));
    alarm = clock.wakeAt(instant(clock.now() + waitMs), grant);
  };
  return {
    take: (signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason as Error);
        const onAbort = (): void => {
          waiting.delete(go);
          reject(signal.reason as Error);
        };
        const go = (): void => {
          signal.removeEventListener('abort', onAbort);
          resolve();
        };
        signal.addEventListener('abort', onAbort, { once: true });
        waiting.add(go);
        grant();
      }),
    onThrottled: () => {
      fill();
      // Answers to calls of the same moment are one piece of news.
      if (clock.now() < silentUntil) return;
      perSecond = Math.max(size.perSecond * RATE_FLOOR, perSecond / 2);
      tokens = 0;
      silentUntil = clock.now() + SILENCE_MS;
    },
    onSuccess: () => {
      fill();
      perSecond = Math.min(size.perSecond, perSecond + size.perSecond * RECOVERY);
    },
    rate: () => perSecond,
  };
};
