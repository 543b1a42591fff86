// Programs instead of functions: arguments, standard input and files in; output and files back. No shell.
import { command, connect } from 'muster';

const text = (bytes) => Buffer.from(bytes).toString();

const client = await connect();
try {
  const sorted = await client.run({ argv: ['sort', '-u'], stdin: 'pear\napple\npear\n' });
  console.log(sorted.exitCode, JSON.stringify(text(sorted.stdout)));

  // Each runs in a fresh directory of its own.
  const copied = await client.run({
    argv: ['cp', 'in.txt', 'out.txt'],
    filesIn: { 'in.txt': 'hello' },
    filesOut: ['out.txt'],
  });
  console.log(text(copied.files.get('out.txt')));

  // An exit code other than 0 is a result like any other.
  const failed = await client.run({ argv: ['ls', 'nothing-here'] });
  console.log(failed.exitCode > 0, failed.stderr.length > 0);

  const lines = ['one', 'two', 'three'].map((word) => ({ argv: ['echo', word] }));
  for await (const { stdout } of client.map(command, lines)) process.stdout.write(stdout);
} finally {
  await client.close();
}

/* Expected output:
0 "apple\npear\n"
hello
true true
one
two
three
*/
