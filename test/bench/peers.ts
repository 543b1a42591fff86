/**
 * Synthetic peers of the scheduler, run as processes of their own: `node peers.js client|worker|echo …`. Frames are
 * built beforehand; only the 16 bytes of the task id differ between two of them, so the peers cost little.
 */
import { Buffer } from 'node:buffer';
import { clientId, COMMAND_FUNCTION, NO_CAPABILITIES, objectId, peerId, taskId, workerId } from '@muster/protocol/ids';
import { decodeMessage, encodeMessage, encodeTask, encodeTaskResult } from '@muster/protocol/codec';
import type { Message, TaskHead, TaskResultHead } from '@muster/protocol/messages';
import { Dealer, Router } from 'zeromq';

type Mode = 'batched' | 'unbatched' | 'stock';
const [role = '', address = '', mode = 'batched' as string, countText = '0', windowText = '0'] = process.argv.slice(2);
const flow = mode as Mode;
const own = flow !== 'stock';
const count = Number(countText);
const window = Number(windowText);
const BATCH = flow === 'batched' ? 64 : 1;

const client = clientId('Client|' + '0'.repeat(31) + '1');
const worker = workerId(process.env['BENCH_WORKER'] ?? 'Worker|bench|' + '0'.repeat(31) + '2');
const empty = new Uint8Array(0);
const resource = { cpu: 0, rssBytes: 0 };

const id = (n: number): string => {
  const bytes = Buffer.alloc(16, 0x61);
  bytes.writeUInt32LE(n, 4);
  return bytes.toString('latin1');
};

/** Where the 4 varying id bytes of a frame are: found by encoding two ids and comparing. */
const offsetOf = (build: (n: number) => Uint8Array): number => {
  const [a, b] = [build(0), build(0xffffffff)];
  return a.findIndex((byte, i) => byte !== b[i]);
};

const taskFrame = (n: number): Uint8Array =>
  encodeTask({
    taskId: taskId(id(n)),
    source: own ? undefined : client,
    metadata: own ? undefined : { profiling: true, priority: 0, streamOutput: false },
    functionId: own ? COMMAND_FUNCTION : objectId('F'.repeat(32)),
    args: own
      ? [{ kind: 'inline', bytes: Buffer.from('0123456789abcdef') }]
      : [{ kind: 'object', id: objectId('A'.repeat(32)) }],
    needs: NO_CAPABILITIES,
    timeoutMs: 0,
    attemptsMax: 0,
  });

const resultFrame = (n: number): Uint8Array =>
  encodeTaskResult({
    taskId: taskId(id(n)),
    outcome: 'success',
    metadata: { durationS: 0.0001, memoryPeakBytes: 0, cpuS: 0 },
    objectIds: own ? [] : [objectId('R'.repeat(32))],
    inline: own ? Buffer.from('42') : undefined,
  });

const connect = (identity: string): Dealer => {
  const socket = new Dealer({ routingId: identity, linger: 0, sendTimeout: 0, sendHighWaterMark: 0, receiveHighWaterMark: 0 });
  socket.connect(address);
  return socket;
};

/** Fire and forget: with `sendTimeout: 0` and no high-water mark a send completes at once. */
const post = (socket: Dealer, frame: Uint8Array): void => void socket.send(frame).catch(() => process.exit(1));

const beat = (socket: Dealer, heartbeat: Message): void => {
  const frame = encodeMessage(heartbeat);
  post(socket, frame);
  setInterval(() => post(socket, encodeMessage(heartbeat)), 2_000).unref();
};

const instruction = (name: string): Message => ({
  kind: 'objectInstruction',
  instruction: 'create',
  user: client,
  objects: { ids: [objectId(name.repeat(32))], types: ['object'], names: [name] },
});

const runClient = async (): Promise<void> => {
  const socket = connect(client);
  beat(socket, { kind: 'clientHeartbeat', resource, latencyUs: 0, features: own ? 1 : 0 });
  const template = Buffer.from(taskFrame(0));
  const at = offsetOf(taskFrame);
  const created = own ? undefined : encodeMessage(instruction('A'));
  let [sent, ended] = [0, 0];
  const head = (n: number): TaskHead => {
    const bytes = Buffer.from(template);
    bytes.writeUInt32LE(n, at);
    return { taskId: taskId(''), source: undefined, functionId: COMMAND_FUNCTION, priority: 0, needs: NO_CAPABILITIES, attemptsMax: 0, bytes, start: 0, end: bytes.length };
  };
  const frameOf = (from: number, size: number): Uint8Array => {
    const tasks = Array.from({ length: size }, (_, i) => head(from + i));
    return encodeMessage({ kind: 'taskBatch', tasks, attempts: tasks.map(() => 0), sources: [], sourceOf: [] });
  };
  const frames: Uint8Array[] = [];
  if (own) for (let n = 0; n < count; n += BATCH) frames.push(frameOf(n, Math.min(BATCH, count - n)));
  let next = 0;
  const pump = (): void => {
    while (sent < count && sent - ended < window) {
      if (own) {
        post(socket, frames[next] ?? empty);
        frames[next++] = empty;
        sent += Math.min(BATCH, count - sent);
      } else {
        post(socket, Buffer.from(created ?? empty));
        const bytes = Buffer.from(template);
        bytes.writeUInt32LE(sent++, at);
        post(socket, bytes);
      }
    }
  };
  let acks: { taskId: ReturnType<typeof taskId>; attempt: number }[] = [];
  const flushAcks = (): void => {
    if (acks.length > 0) post(socket, encodeMessage({ kind: 'resultAck', tasks: acks }));
    acks = [];
  };
  process.send?.('ready');
  process.once('message', pump);
  for await (const [frame] of socket) {
    const received = decodeMessage(frame ?? empty);
    if (received.kind === 'taskResultBatch') {
      ended += received.results.length;
      received.results.forEach((result, i) => acks.push({ taskId: result.taskId, attempt: received.attempts[i] ?? 0 }));
      if (acks.length >= 256) flushAcks();
    } else if (received.kind === 'taskResult') ended++;
    if (ended >= count && window < count) break;
    if (count > 0) pump();
  }
  flushAcks();
  process.send?.({ ended });
};

const runWorker = async (): Promise<void> => {
  const socket = connect(worker);
  const processors = [{ pid: process.pid, initialized: true, hasTask: false, suspended: false, resource }];
  beat(socket, { kind: 'workerHeartbeat', agent: resource, rssFreeBytes: 1e9, queueSize: 1000, queuedTasks: 0, latencyUs: 0, taskLock: true, processors, capabilities: NO_CAPABILITIES, features: own ? 1 : 0 });
  const template = Buffer.from(resultFrame(0));
  const at = offsetOf(resultFrame);
  const created = encodeMessage(instruction('R'));
  const resultOf = (task: TaskHead): Buffer => {
    const bytes = Buffer.from(template);
    for (let i = 0; i < 4; i++) bytes[at + i] = task.taskId.charCodeAt(4 + i);
    return bytes;
  };
  const headOf = (task: TaskHead): TaskResultHead => {
    const bytes = resultOf(task);
    return { taskId: task.taskId, outcome: 'success', durationMs: undefined, objectIds: [], bytes, start: 0, end: bytes.length };
  };
  process.send?.('ready');
  for await (const [frame] of socket) {
    const received = decodeMessage(frame ?? empty);
    if (received.kind === 'taskBatch') {
      post(socket, encodeMessage({ kind: 'taskResultBatch', results: received.tasks.map(headOf), attempts: received.attempts }));
    } else if (received.kind === 'task') {
      post(socket, Buffer.from(created));
      post(socket, resultOf(received.task));
    }
  }
};

/** The floor: a ROUTER that forwards each frame to the other peer and does nothing else. */
const runEcho = async (): Promise<void> => {
  const socket = new Router({ linger: 0, sendTimeout: 0, sendHighWaterMark: 0, receiveHighWaterMark: 0 });
  await socket.bind(address);
  process.send?.('ready');
  for await (const [from, frame] of socket) {
    const to = from?.toString('latin1') === client ? worker : client;
    void socket.send([peerId(to), frame ?? empty]).catch(() => undefined);
  }
};

if (role === 'client') await runClient();
else if (role === 'worker') await runWorker();
else await runEcho();
process.exit(0);
