// Squares on a fleet. Start one with `muster up` in another terminal, then: node hello.mjs
import { connect, defineTask, isMain } from 'muster';

// Workers load this file by themselves; nothing is deployed to them.
export const square = defineTask(import.meta.url, 'square', (n) => n * n);

const main = async () => {
  const client = await connect();
  try {
    console.log('one:', await client.submit(square, 12));
    console.log('some:', await client.map(square, [1, 2, 3, 4, 5]).toArray());

    // A million items never exist at the same time: they are taken as results are consumed.
    const many = function* () {
      for (let n = 0; n < 2_000; n++) yield n;
    };
    let sum = 0;
    for await (const value of client.map(square, many())) sum += value;
    console.log('sum of many:', sum);
  } finally {
    await client.close();
  }
};

// Workers import this file too: only the program that was started runs the main part.
if (isMain(import.meta.url)) await main();

/* Expected output:
one: 144
some: [ 1, 4, 9, 16, 25 ]
sum of many: 2664667000
*/
