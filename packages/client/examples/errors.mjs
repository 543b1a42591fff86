// What a task throws arrives with its name, message, fields, cause and the stack it had in the worker.
import { connect, defineTask, isMain, RemoteError } from 'muster';

const parse = (text) => {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw Object.assign(new RangeError('not a number list', { cause }), { input: text });
  }
};

export const total = defineTask(import.meta.url, 'total', (text) =>
  parse(text).reduce((sum, n) => sum + n, 0),
);

const main = async () => {
  const client = await connect();
  try {
    await client.submit(total, '[1, 2').result.catch((error) => {
      console.log(error instanceof RemoteError, error.remoteName, error.message);
      console.log('cause:', error.cause.cause.name, '- input:', error.cause.input);
      console.log('in this file:', error.stack.includes('errors.mjs:'));
    });

    // With `settle` a map goes on and tells how each item ended.
    for await (const outcome of client.map(total, ['[1, 2]', 'oops', '[3]'], { settle: true })) {
      console.log(outcome.index, outcome.status, outcome.value ?? outcome.reason.message);
    }

    // A function that workers cannot load is refused before anything is sent.
    try {
      client.submit((n) => n + 1, 1);
    } catch (error) {
      console.log(error.name);
    }
  } finally {
    await client.close();
  }
};

if (isMain(import.meta.url)) await main();

/* Expected output:
true RangeError not a number list
cause: SyntaxError - input: [1, 2
in this file: true
0 fulfilled 3
1 rejected not a number list
2 fulfilled 3
TaskDefinitionError
*/
