/** The clock of production. */
import { instant } from '@muster/protocol/ids';
import type { Instant } from '@muster/protocol/ids';
import type { Clock } from './clock.ts';

/** Longer delays overflow Node's timers and would fire at once. Source: Node.js documentation, setTimeout. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** Monotonic milliseconds since this call; timers do not keep the process alive and never fire inside the call. */
export const systemClock = (): Clock => {
  const zero = performance.now();
  const now = (): Instant => instant(Math.floor(performance.now() - zero));
  const wakeAt = (deadline: Instant, wake: () => void): { cancel(): void } => {
    let timer: NodeJS.Timeout;
    const arm = (): void => {
      timer = setTimeout(onTimer, Math.min(TIMER_MS_MAX, Math.max(0, deadline - now())));
      timer.unref();
    };
    // Node's timers round and may be a millisecond early; the contract says never early.
    const onTimer = (): void => (now() < deadline ? arm() : wake());
    arm();
    return { cancel: () => clearTimeout(timer) };
  };
  return { now, wakeAt };
};
