/** How the store tells what it decided: a stable dotted event name and plain fields. */
import type { Log } from '@muster/runtime/log';

/** What this package needs of a log; `@muster/runtime/log` has it. */
export type StoreLog = Pick<Log, 'debug' | 'info' | 'warn' | 'error'>;

/** For tests and in-process use: nobody reads. */
export const silentLog: StoreLog = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** The text of an error for a note. */
export const errorText = (error: unknown): string => (error instanceof Error ? error.message : String(error));
