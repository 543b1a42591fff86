// What a task writes can be watched while it runs.
import { connect, defineTask, isMain } from 'muster';

export const build = defineTask(import.meta.url, 'build', async (parts, { log }) => {
  for (const part of parts) log('building', part);
  console.log('printed, not logged: it arrives all the same');
  return parts.length;
});

const main = async () => {
  const client = await connect();
  try {
    const task = client.submit(build, ['roof', 'walls'], { streamOutput: true });
    for await (const { stream, content } of task.logs) process.stdout.write(`${stream}: ${content}`);
    console.log('parts:', await task);
  } finally {
    await client.close();
  }
};

if (isMain(import.meta.url)) await main();

/* Expected output:
stdout: building roof
stdout: building walls
stdout: printed, not logged: it arrives all the same
parts: 2
*/
