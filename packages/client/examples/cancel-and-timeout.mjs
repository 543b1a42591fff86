// Three ways to end a task early: cancel it, abort a signal, give it a time limit.
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, defineTask, isMain, TaskCanceledError, TaskTimeoutError } from 'muster';

// A task that watches its signal can clean up; one that does not is killed a moment later.
export const nap = defineTask(import.meta.url, 'nap', async (ms, { signal }) => {
  await sleep(ms, undefined, { signal });
  return `slept ${ms} ms`;
});

const main = async () => {
  const client = await connect();
  try {
    console.log(await client.submit(nap, 10));

    const canceled = client.submit(nap, 60_000);
    console.log('canceled:', await canceled.cancel());

    const aborted = client.submit(nap, 60_000, { signal: AbortSignal.timeout(200) });
    await aborted.result.catch((error) => {
      console.log('aborted:', error instanceof TaskCanceledError, error.cause.name);
    });

    const limited = client.submit(nap, 60_000, { timeoutMs: 200 });
    await limited.result.catch((error) => console.log('limited:', error instanceof TaskTimeoutError));
  } finally {
    await client.close();
  }
};

if (isMain(import.meta.url)) await main();

/* Expected output:
slept 10 ms
canceled: true
aborted: true TimeoutError
limited: true
*/
