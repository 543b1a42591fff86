// Tasks that only some workers can run, and tasks that go first.
// Fleet: muster up --capabilities gpu --policy-content "allocate=capability; scaling=vanilla"
import { connect, defineTask, isMain } from 'muster';

export const render = defineTask(import.meta.url, 'render', (frame) => `frame ${frame}`);

const main = async () => {
  const client = await connect();
  try {
    // Waits for as long as no worker offers a gpu; `muster status` says so.
    console.log(await client.submit(render, 1, { capabilities: ['gpu'] }));
    console.log(await client.submit(render, 2, { capabilities: { gpu: 1 }, priority: 5 }));
    console.log(await client.map(render, [3, 4], { capabilities: ['gpu'], retries: 2 }).toArray());
  } finally {
    await client.close();
  }
};

if (isMain(import.meta.url)) await main();

/* Expected output:
frame 1
frame 2
[ 'frame 3', 'frame 4' ]
*/
