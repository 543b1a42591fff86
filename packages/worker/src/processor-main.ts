/**
 * Entry of a processor: the child process of a worker that runs user code. Started by the worker host, never by
 * people. Descriptor 3 is the socket to the host, 4 the journal; the first argument is the host's private folder. User
 * code may do anything here: whatever it breaks, it breaks in this process.
 */
import { writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import * as frames from './channel/frames.ts';
import { ChildSink } from './processor/child-sink.ts';
import { createCommands, signalGroup } from './processor/commands.ts';
import type { Entry } from './processor/execution.ts';
import { createFunctions } from './processor/functions.ts';
import { captureOutput } from './processor/logs.ts';
import { createObjects } from './processor/objects.ts';
import { createReferences } from './processor/references.ts';
import { Runner } from './processor/runner.ts';

const SOCKET = 3;
const JOURNAL = 4;
/** Of -1000 to 1000: the kernel takes a processor first when memory runs out. Source: proc(5), oom_score_adj. */
const OOM_SCORE = '900';
const CRASHED = 70;

const preferForOom = (): void => {
  if (process.platform !== 'linux') return;
  try {
    writeFileSync('/proc/self/oom_score_adj', OOM_SCORE);
  } catch {
    // A container may forbid it; the memory limit still holds.
  }
};

const listen = (socket: Socket, sink: ChildSink, onMessage: (kind: number, body: Buffer) => void): void => {
  // The host is gone, and with it whoever could want a result.
  const die = (): void => {
    sink.killGroups();
    signalGroup(process.pid, 'SIGKILL');
    process.exit(CRASHED);
  };
  socket.on('data', frames.messageSplitter(onMessage));
  socket.on('close', die);
  socket.on('error', die);
};

const main = (): void => {
  preferForOom();
  process.setSourceMapsEnabled(true);
  const folder = process.argv[2] ?? '.';
  const socket = new Socket({ fd: SOCKET, readable: true, writable: true });
  const sink = new ChildSink(socket, JOURNAL);
  const objects = createObjects();
  const functions = createFunctions(objects, folder);
  const references = createReferences(objects);
  const runner = new Runner({
    sink,
    objects,
    functions,
    references,
    runCommand: createCommands(sink, objects, folder),
  });

  const execute = (body: Buffer): void => {
    const message = frames.decodeExecute(body);
    sink.onExecute(message);
    const { generation } = message;
    const entries: Entry[] = [];
    for (const { run, attempt, bytes, start, end } of message.runs) {
      entries.push({ run, attempt, bytes, start, end, generation });
    }
    runner.execute(entries);
  };
  listen(socket, sink, (kind, body) => {
    if (kind === frames.KIND.execute) execute(body);
    else if (kind === frames.KIND.abort) runner.abort(body.readUInt32LE(0));
    else if (kind === frames.KIND.store) objects.setStore(frames.decodeStore(body));
  });
  process.on('uncaughtException', (error) => {
    console.error(error);
    runner.crash(error);
    process.exit(CRASHED);
  });
  process.on('exit', () => runner.close());
  captureOutput(runner);
  socket.write(frames.openMessage(frames.KIND.ready, 0));
};

main();
