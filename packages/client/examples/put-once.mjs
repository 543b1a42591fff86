// A large value is stored once and used by many tasks; each worker fetches it once.
import { connect, defineTask, isMain } from 'muster';

export const count = defineTask(import.meta.url, 'count', ({ words, letter }) => {
  return words.filter((word) => word.startsWith(letter)).length;
});

const main = async () => {
  const client = await connect();
  try {
    const words = await client.put(Array.from({ length: 50_000 }, (_, n) => 'abcde'[n % 5] + n));
    // The reference stands for the value anywhere inside an argument.
    const questions = ['a', 'b', 'x'].map((letter) => ({ words, letter }));
    console.log(await client.map(count, questions).toArray());
    client.release(words);
  } finally {
    await client.close();
  }
};

if (isMain(import.meta.url)) await main();

/* Expected output:
[ 10000, 10000, 0 ]
*/
