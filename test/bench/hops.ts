/**
 * The floor of a task's way from submit to first instruction: two ZeroMQ hops and one pipe, with nothing in between.
 * `node hops.js router|host|processor ADDRESS`; the parent is the client.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Dealer, Router } from 'zeromq';

const [role = '', address = ''] = process.argv.slice(2);
const options = { linger: 0, sendTimeout: 0 };

if (role === 'router') {
  const socket = new Router(options);
  await socket.bind(address);
  process.send?.('ready');
  for await (const [from, frame] of socket)
    await socket.send([from?.toString() === 'client' ? 'host' : 'client', frame ?? '']);
} else if (role === 'host') {
  const socket = new Dealer({ ...options, routingId: 'host' });
  socket.connect(address);
  const processor = spawn(process.execPath, [fileURLToPath(import.meta.url), 'processor'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  // That it is up is nobody else's business.
  await new Promise((done) => processor.stdout.once('data', done));
  processor.stdout.on('data', (answer: Buffer) => void socket.send(answer));
  process.send?.('ready');
  process.on('disconnect', () => {
    processor.kill('SIGKILL');
    process.exit(0);
  });
  for await (const [frame] of socket) processor.stdin.write(frame ?? '');
} else if (role === 'processor') {
  process.stdout.write('up');
  process.stdin.on('data', () => process.stdout.write(process.hrtime.bigint().toString()));
}
