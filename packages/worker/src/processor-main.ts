/**
 * Entry of a processor: the child process of a worker that runs user code. Started by the worker host, never by
 * people. Descriptor 3 is the socket to the host, 4 the journal; argument 1 is the host's private folder. User code
 * may do anything here: whatever it breaks, it breaks in this process.
 */
import { writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import * as frames from './channel/frames.ts';
import { JournalWriter } from './channel/journal.ts';
import { createCommands, signalGroup } from './processor/commands.ts';
import type { Entry, Sink } from './processor/execution.ts';
import { createFunctions } from './processor/functions.ts';
import { captureOutput, createLogLimiter } from './processor/logs.ts';
import { createObjects } from './processor/objects.ts';
import { createReferences } from './processor/references.ts';
import { createRunner } from './processor/runner.ts';

const SOCKET = 3;
const JOURNAL = 4;
/** Results wait in the journal no longer than this while the processor is busy with short tasks. */
const WAKE_MS = 2;
/** Log lines that the host has not taken; more are dropped. */
const LOG_BYTES_MAX = 1024 * 1024;
const REFERENCE_BYTES_MAX = 128 * 1024 * 1024;
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

const main = (): void => {
  preferForOom();
  process.setSourceMapsEnabled(true);
  const folder = process.argv[2] ?? '.';
  const socket = new Socket({ fd: SOCKET, readable: true, writable: true });
  const journal = new JournalWriter(JOURNAL);
  const groups = new Set<number>();
  let generation = 0;
  let unannounced = false;
  let wokenAt = 0;

  const wake = (): void => {
    unannounced = false;
    wokenAt = performance.now();
    socket.write(frames.encodeWake(journal.tail));
  };
  const logs = createLogLimiter((run, stream, text) => {
    if (socket.writableLength > LOG_BYTES_MAX) return false;
    socket.write(frames.encodeLog(run, stream, text));
    return true;
  });
  const sink: Sink = {
    begin: (entry) => {
      // Superseded: the host took it back before it handed over anything newer, and knows.
      if (entry.generation !== generation) return false;
      journal.begun(entry.run);
      journal.commit();
      if (journal.generation() !== entry.generation) {
        journal.dropped(entry.run);
        unannounced = true;
        return false;
      }
      if (unannounced && performance.now() - wokenAt >= WAKE_MS) wake();
      return true;
    },
    finished: (record) => {
      journal.finished(record);
      unannounced = true;
    },
    idle: () => {
      journal.commit();
      if (unannounced) wake();
    },
    log: (run, stream, text) => logs.log(run, stream, text),
    group: (pgid, state) => {
      if (state === 'started') groups.add(pgid);
      else groups.delete(pgid);
      journal.group(pgid, state);
      journal.commit();
    },
  };
  const objects = createObjects();
  const functions = createFunctions(objects, folder);
  const references = createReferences(objects, REFERENCE_BYTES_MAX);
  const runCommand = createCommands(sink, objects, folder);
  const runner = createRunner({ sink, objects, functions, references, runCommand });

  const execute = (body: Buffer): void => {
    const message = frames.decodeExecute(body);
    generation = message.generation;
    journal.onConsumed(message.consumed);
    const entries: Entry[] = [];
    for (const { run, attempt, bytes, start, end } of message.runs) {
      entries.push({ run, attempt, bytes, start, end, generation });
    }
    runner.execute(entries);
  };
  const onMessage = (kind: number, body: Buffer): void => {
    if (kind === frames.KIND.execute) execute(body);
    else if (kind === frames.KIND.abort) runner.abort(body.readUInt32LE(0));
    else if (kind === frames.KIND.store) objects.setStore(frames.decodeStore(body));
  };
  const die = (): void => {
    for (const pgid of groups) signalGroup(pgid, 'SIGKILL');
    signalGroup(process.pid, 'SIGKILL');
    process.exit(CRASHED);
  };

  socket.on('data', frames.messageSplitter(onMessage));
  // The host is gone, and with it whoever could want a result.
  socket.on('close', die);
  socket.on('error', die);
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
