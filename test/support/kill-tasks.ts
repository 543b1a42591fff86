/** Tasks of the kill test: slow enough to be hit, with and without bytes in the object store. */
import { defineTask } from 'muster';

export interface Work {
  readonly item: number;
  readonly ms: number;
  /** Larger than what travels inline, for some items. */
  readonly payload: Uint8Array;
}

export const work = defineTask(import.meta.url, 'work', async ({ item, ms, payload }: Work) => {
  await new Promise((done) => setTimeout(done, ms));
  let sum = item;
  for (const byte of payload) sum = (sum * 31 + byte) | 0;
  return { item, sum, echo: payload };
});
