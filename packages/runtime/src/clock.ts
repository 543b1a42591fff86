/** Time, as a port: production reads the system clock, tests move a manual one. */
import type { Instant } from '@muster/protocol/ids';

export interface Clock {
  /** Monotonic, in whole milliseconds since the clock was made. */
  now(): Instant;
  /** Fires once, never early. The system version does not keep the process alive. */
  wakeAt(deadline: Instant, wake: () => void): { cancel(): void };
}
