/** Tasks of the promises' test. */
import { appendFileSync } from 'node:fs';
import { defineTask } from 'muster';

export interface Slow {
  readonly ms: number;
  /** A line is added at the start of each run. */
  readonly journal: string;
}

export const slow = defineTask(import.meta.url, 'slow', async ({ ms, journal }: Slow) => {
  appendFileSync(journal, 'started\n');
  await new Promise((done) => setTimeout(done, ms));
  return ms;
});
