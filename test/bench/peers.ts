/**
 * Synthetic peers of the scheduler, run as processes of their own: `node peers.js client|worker|echo …`. Frames are
 * built beforehand; only the 16 bytes of the task id differ between two of them, so the peers cost little.
 */
import { Buffer } from 'node:buffer';
import { clientId, COMMAND_FUNCTION, NO_CAPABILITIES, objectId, peerId, taskId } from '@muster/protocol/ids';
import { decodeMessage, encodeMessage, encodeTask, encodeTaskResult } from '@muster/protocol/codec';
import type { Message, TaskHead, TaskResultHead } from '@muster/protocol/messages';
import { Dealer, Router } from 'zeromq';

type Mode = 'batched' | 'unbatched' | 'stock';
const [role = '', address = '', mode = 'batched', countText = '0', windowText = '0'] = process.argv.slice(2);
const flow = mode as Mode;
const own = flow !== 'stock';
const count = Number(countText);
const window = Number(windowText);
const BATCH = flow === 'batched' ? 64 : 1;

/** Distinct peers per process: with many of them, each with one task at a time, no two tasks share a frame. */
const SOCKETS = Number(process.env['BENCH_SOCKETS'] ?? 1);

const hex = (n: number): string => n.toString(16).padStart(32, '0');
const clientIdentity = (i: number): string => `Client|${hex(i)}`;
const workerIdentity = (i: number): string => `Worker|bench|${hex(i)}`;
const client = clientId(clientIdentity(0));
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
  const socket = new Dealer({
    routingId: identity,
    linger: 0,
    sendTimeout: 0,
    sendHighWaterMark: 0,
    receiveHighWaterMark: 0,
  });
  socket.connect(address);
  return socket;
};

/** Fire and forget: with `sendTimeout: 0` and no high-water mark a send completes at once. */
const post = (socket: Dealer, frame: Uint8Array): void =>
  void socket.send(frame).catch(() => process.exit(1));

const beat = (socket: Dealer, heartbeat: Message): void => {
  const frame = encodeMessage(heartbeat);
  post(socket, frame);
  setInterval(() => post(socket, encodeMessage(heartbeat)), 2_000).unref();
};

const instruction = (name: string, user: string): Message => ({
  kind: 'objectInstruction',
  instruction: 'create',
  user: peerId(user),
  objects: { ids: [objectId(name.repeat(32))], types: ['object'], names: [name] },
});

/** Frames in both directions, heartbeats left out. */
let frames = 0;

/** One client: `share` tasks with ids from `first` on, at most `open` of them unfinished. Resolves when all ended. */
const runOneClient = (
  identity: string,
  first: number,
  share: number,
  open: number,
): { go(): void; readonly ended: Promise<void> } => {
  const socket = connect(identity);
  beat(socket, { kind: 'clientHeartbeat', resource, latencyUs: 0, features: own ? 1 : 0 });
  const template = Buffer.from(taskFrame(0));
  const at = offsetOf(taskFrame);
  const created = encodeMessage(instruction('A', identity));
  const bytesOf = (n: number): Buffer => {
    const bytes = Buffer.from(template);
    bytes.writeUInt32LE(n, at);
    return bytes;
  };
  const head = (n: number): TaskHead => {
    const bytes = bytesOf(n);
    return {
      taskId: taskId(''),
      source: undefined,
      functionId: COMMAND_FUNCTION,
      priority: 0,
      needs: NO_CAPABILITIES,
      attemptsMax: 0,
      bytes,
      start: 0,
      end: bytes.length,
    };
  };
  const batchOf = (from: number, size: number): Uint8Array => {
    const tasks = Array.from({ length: size }, (_, i) => head(from + i));
    return encodeMessage({
      kind: 'taskBatch',
      tasks,
      attempts: tasks.map(() => 0),
      sources: [],
      sourceOf: [],
    });
  };
  const prepared: Uint8Array[] = [];
  if (own)
    for (let n = 0; n < share; n += BATCH) prepared.push(batchOf(first + n, Math.min(BATCH, share - n)));
  let [sent, done, next] = [0, 0, 0];
  const pump = (): void => {
    while (sent < share && sent - done < open) {
      if (own) {
        post(socket, prepared[next] ?? empty);
        prepared[next++] = empty;
        sent += Math.min(BATCH, share - sent);
        frames++;
      } else {
        post(socket, Buffer.from(created));
        post(socket, bytesOf(first + sent++));
        frames += 2;
      }
    }
  };
  let acks: { taskId: ReturnType<typeof taskId>; attempt: number }[] = [];
  const flushAcks = (): void => {
    if (acks.length === 0) return;
    post(socket, encodeMessage({ kind: 'resultAck', tasks: acks }));
    frames++;
    acks = [];
  };
  const receive = async (): Promise<void> => {
    for await (const [frame] of socket) {
      const received = decodeMessage(frame ?? empty);
      if (received.kind === 'taskResultBatch') {
        done += received.results.length;
        frames++;
        received.results.forEach((result, i) =>
          acks.push({ taskId: result.taskId, attempt: received.attempts[i] ?? 0 }),
        );
        if (acks.length >= 256) flushAcks();
      } else if (received.kind === 'taskResult') {
        done++;
        frames++;
      }
      if (done >= share) break;
      if (sent > 0) pump();
    }
    flushAcks();
  };
  return { go: pump, ended: receive() };
};

const runClients = async (): Promise<void> => {
  const share = Math.ceil(count / SOCKETS);
  const clients = Array.from({ length: SOCKETS }, (_, i) =>
    runOneClient(
      clientIdentity(i),
      i * share,
      Math.min(share, count - i * share),
      Math.ceil(window / SOCKETS),
    ),
  );
  process.send?.('ready');
  await new Promise((go) => process.once('message', go));
  for (const one of clients) one.go();
  await Promise.all(clients.map((one) => one.ended));
  process.send?.({ frames });
};

const runOneWorker = async (identity: string): Promise<void> => {
  const socket = connect(identity);
  const processors = [{ pid: process.pid, initialized: true, hasTask: false, suspended: false, resource }];
  beat(socket, {
    kind: 'workerHeartbeat',
    agent: resource,
    rssFreeBytes: 1e9,
    queueSize: 1000,
    queuedTasks: 0,
    latencyUs: 0,
    taskLock: true,
    processors,
    capabilities: NO_CAPABILITIES,
    features: own ? 1 : 0,
  });
  const template = Buffer.from(resultFrame(0));
  const at = offsetOf(resultFrame);
  const created = encodeMessage(instruction('R', clientIdentity(0)));
  const resultOf = (task: TaskHead): Buffer => {
    const bytes = Buffer.from(template);
    for (let i = 0; i < 4; i++) bytes[at + i] = task.taskId.charCodeAt(4 + i);
    return bytes;
  };
  const headOf = (task: TaskHead): TaskResultHead => {
    const bytes = resultOf(task);
    return {
      taskId: task.taskId,
      outcome: 'success',
      durationMs: undefined,
      objectIds: [],
      bytes,
      start: 0,
      end: bytes.length,
    };
  };
  for await (const [frame] of socket) {
    const received = decodeMessage(frame ?? empty);
    if (received.kind === 'taskBatch') {
      post(
        socket,
        encodeMessage({
          kind: 'taskResultBatch',
          results: received.tasks.map(headOf),
          attempts: received.attempts,
        }),
      );
      frames += 2;
    } else if (received.kind === 'task') {
      post(socket, Buffer.from(created));
      post(socket, resultOf(received.task));
      frames += 3;
    } else if (received.kind === 'resultAck') frames++;
  }
};

const runWorkers = async (): Promise<void> => {
  const all = Array.from({ length: SOCKETS }, (_, i) => runOneWorker(workerIdentity(i)));
  process.on('message', () => process.send?.({ frames }));
  process.send?.('ready');
  await Promise.all(all);
};

/** The floor: a ROUTER that forwards each frame to the other peer and does nothing else. */
const runEcho = async (): Promise<void> => {
  const socket = new Router({ linger: 0, sendTimeout: 0, sendHighWaterMark: 0, receiveHighWaterMark: 0 });
  await socket.bind(address);
  process.send?.('ready');
  for await (const [from, frame] of socket) {
    const name = from?.toString('latin1') ?? '';
    const number = name.slice(-32);
    const to = name.startsWith('Client') ? `Worker|bench|${number}` : `Client|${number}`;
    void socket.send([to, frame ?? empty]).catch(() => undefined);
  }
};

// Whoever started us is gone.
process.on('disconnect', () => process.exit(1));

if (role === 'client') await runClients();
else if (role === 'worker') await runWorkers();
else await runEcho();
process.exit(0);
