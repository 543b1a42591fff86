/** Functions that the benchmarks run on workers. */
import { defineTask } from 'muster';

export const noop = defineTask(import.meta.url, 'noop', (n: number) => n + 1);

/** When the function's first instruction ran, in nanoseconds of the machine's monotonic clock. */
export const startedAt = defineTask(import.meta.url, 'startedAt', (_: number) => process.hrtime.bigint());
