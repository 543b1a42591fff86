/**
 * Hostile bytes: whatever a peer sends ends in a message or a ProtocolError, soon, and without allocating
 * more than 64 KiB plus 16 times the frame. Set MUSTER_SEED to repeat a run.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { readRecording, recordingNames } from '../../../test/fixtures/scaler/recordings.ts';
import { writeRoot } from '../test/generated.ts';
import { Chooser } from '../test/random.ts';
import { READERS } from '../test/readers.ts';
import { encodeMessage, encodeTask, encodeTaskResult, ProtocolError, resultHead, taskHead } from './codec.ts';
import { readFrame } from './codec/frame.ts';
import { MessageTag, readMessageAt } from './generated/message.ts';
import type { ClientId } from './ids.ts';
import { NO_CAPABILITIES, objectId, taskId } from './ids.ts';
import type { Task } from './messages.ts';
import { decodeObjectId, decodeObjectRequest, decodeObjectResponse } from './object-storage.ts';
import { Builder } from './wire/builder.ts';

const SEED = Number(process.env['MUSTER_SEED'] ?? 20261123);
const CASES = 200_000;
const CPU_MS_MAX = 10;

const task = (i: number, source?: ClientId): Task => ({
  taskId: taskId(String(i).padStart(16, '0')),
  source,
  metadata: { profiling: true, priority: i, streamOutput: false },
  functionId: objectId('f'.repeat(32)),
  args: [
    { kind: 'inline', bytes: Buffer.from('argument') },
    { kind: 'object', id: objectId('o'.repeat(32)) },
  ],
  needs: i % 3 === 0 ? new Map([['gpu', i]]) : NO_CAPABILITIES,
  timeoutMs: i,
  attemptsMax: 3,
});

const result = (i: number): Uint8Array =>
  encodeTaskResult({
    taskId: task(i).taskId,
    outcome: 'success',
    metadata: { durationS: 1, memoryPeakBytes: 2, cpuS: 3 },
    objectIds: [objectId('r'.repeat(32))],
    inline: Buffer.from('value'),
  });

const batches = (size: number): Uint8Array[] => {
  const tasks = Array.from({ length: size }, (_, i) => taskHead(encodeTask(task(i))));
  const results = Array.from({ length: size }, (_, i) => resultHead(result(i)));
  const attempts = tasks.map((_, i) => i);
  const statements = tasks.map(({ taskId: id }) => ({ taskId: id, attempt: 1 }));
  return [
    encodeMessage({
      kind: 'taskBatch',
      tasks,
      attempts,
      sources: ['Client|1' as ClientId],
      sourceOf: tasks.map(() => 0),
    }),
    encodeMessage({ kind: 'taskResultBatch', results, attempts }),
    encodeMessage({ kind: 'tasksReturned', returned: statements, kept: statements }),
  ];
};

const corpus = (): Uint8Array[] => {
  const chooser = new Chooser(SEED);
  const recorded = recordingNames().flatMap((name) =>
    readRecording(name).filter((one) => one.link !== 'object-store'),
  );
  const byKind = new Map<string, Uint8Array>();
  // One frame of each kind and rough length: most recorded frames are heartbeats.
  for (const { frame } of recorded) byKind.set(`${frame.readUInt16LE(16)}/${frame.length >> 6}`, frame);
  const random = Array.from({ length: 300 }, () => writeRoot('Message', chooser.value('Message')));
  return [...byKind.values(), ...random, ...batches(3), ...batches(40)];
};

const INTERESTING = [
  0, 1, 2, 3, 4, 5, 6, 7, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffc, 0x00010001, 0x10000,
];

/** Changes one to four things in a copy of a frame. */
const mutate = (chooser: Chooser, frame: Uint8Array): Buffer => {
  let bytes = Buffer.from(frame);
  for (let n = 1 + chooser.below(4); n > 0 && bytes.length >= 16; n--) {
    const word = chooser.below(bytes.length >> 3) * 8;
    switch (chooser.below(7)) {
      case 0:
        bytes[chooser.below(bytes.length)] = chooser.below(256);
        break;
      case 1:
        bytes.writeUInt32LE(chooser.pick(INTERESTING), word + 4 * chooser.below(2));
        break;
      case 2:
        // One word in place of another: targets shared or pointing at each other.
        bytes.copyWithin(word, chooser.below(bytes.length >> 3) * 8, word + 8);
        break;
      case 3:
        bytes = bytes.subarray(0, chooser.below(2) === 0 ? word : chooser.below(bytes.length));
        break;
      case 4:
        bytes = Buffer.concat([bytes, Buffer.alloc(8 * chooser.below(20), chooser.below(256))]);
        break;
      case 5: {
        const bit = chooser.below(bytes.length * 8);
        bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        break;
      }
      default:
        bytes.writeUInt32LE(Math.max(0, (bytes.length >> 3) - 1), 4);
    }
  }
  return bytes;
};

const attempt = (read: (frame: Uint8Array) => unknown, frame: Uint8Array): 'read' | 'refused' => {
  try {
    read(frame);
    return 'read';
  } catch (error) {
    if (error instanceof ProtocolError) return 'refused';
    throw error;
  }
};

/** CPU time of one reading: the least of several, because a collection or a neighbour may fall into one. */
const cpuMsOf = (read: (frame: Uint8Array) => unknown, frame: Uint8Array): number => {
  let least = Infinity;
  for (let i = 0; i < 5; i++) {
    const before = process.cpuUsage();
    attempt(read, frame);
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 1000);
  }
  return least;
};

describe(`mutated frames, seed ${SEED}`, () => {
  it(
    `${CASES} of them give messages or typed errors, each within ${CPU_MS_MAX} ms of CPU`,
    { timeout: 300_000 },
    () => {
      const chooser = new Chooser(SEED);
      const frames = corpus();
      const outcomes = { read: 0, refused: 0 };
      for (let i = 0; i < CASES; i++) {
        const frame = mutate(chooser, chooser.pick(frames));
        // The message as a whole every time, the other readers in turn.
        for (const read of [READERS[0], READERS[1 + (i % (READERS.length - 1))]]) {
          if (read === undefined) continue;
          const start = performance.now();
          outcomes[attempt(read, frame)]++;
          if (performance.now() - start > CPU_MS_MAX)
            expect(cpuMsOf(read, frame), frame.toString('hex')).toBeLessThan(CPU_MS_MAX);
        }
      }
      // Both must be common, or the mutations are too weak or too strong to find anything.
      expect(outcomes.read).toBeGreaterThan(CASES / 10);
      expect(outcomes.refused).toBeGreaterThan(CASES / 10);
    },
  );

  it('object store headers give headers or typed errors', () => {
    const chooser = new Chooser(SEED);
    const header = readRecording('map').find(({ frame }) => frame.length === 80)?.frame ?? Buffer.alloc(80);
    for (let i = 0; i < 20_000; i++) {
      const frame = mutate(chooser, header);
      for (const read of [decodeObjectRequest, decodeObjectResponse, decodeObjectId]) attempt(read, frame);
    }
  });
});

/** A frame of about so many bytes whose root union has this tag, filled by hand. */
const crafted = (
  tag: number,
  fill: (b: Builder, pointers: number, count: number) => void,
  dataWords: number,
  pointers: number,
): Uint8Array => {
  const b = new Builder();
  const root = b.struct(b.open(), 1, 1);
  b.u16(root, tag);
  const at = b.struct(root + 8, dataWords, pointers);
  fill(b, at + dataWords * 8, WORDS);
  return b.finish();
};
const WORDS = 2000;

/** As many elements without size as the budget allows, which grows with padding that nobody reads. */
const sizeless =
  (slot: number) =>
  (b: Builder, pointers: number, count: number): void => {
    b.structs(pointers + slot * 8, (count + 400) / 2, 0, 0);
    b.data(pointers + UNREAD_SLOT * 8, new Uint8Array(count * 8));
  };
/** Beyond what any struct of the schema has. */
const UNREAD_SLOT = 8;

const WORST: Readonly<Record<string, () => Uint8Array>> = {
  'processors without size': () => crafted(MessageTag.workerHeartbeat, sizeless(1), 3, UNREAD_SLOT + 1),
  'capabilities without size': () => crafted(MessageTag.workerHeartbeat, sizeless(2), 3, UNREAD_SLOT + 1),
  'tasks of a graph without size': () => crafted(MessageTag.graphTask, sizeless(3), 0, UNREAD_SLOT + 1),
  'processors of one word': () =>
    crafted(MessageTag.workerHeartbeat, (b, at, count) => b.structs(at + 8, count / 4, 1, 0), 3, 3),
  'empty frames in a batch': () =>
    crafted(
      MessageTag.taskBatch,
      (b, at, count) => b.slices(at, Array(count).fill({ bytes: new Uint8Array(0), start: 0, end: 0 })),
      0,
      4,
    ),
  'object types without objects': () =>
    crafted(
      MessageTag.objectInstruction,
      (b, at, count) => b.u16List(b.struct(at + 8, 0, 3) + 8, new Array<number>(count * 4).fill(1)),
      1,
      2,
    ),
  'sources of a batch without tasks': () =>
    crafted(
      MessageTag.taskBatch,
      (b, at, count) => b.u16List(at + 24, new Array<number>(count * 4).fill(1)),
      0,
      4,
    ),
  'empty ids': () =>
    crafted(
      MessageTag.stateBalanceAdvice,
      (b, at, count) => b.latin1List(at + 8, Array(count).fill('')),
      0,
      2,
    ),
  'ids of one byte': () =>
    crafted(
      MessageTag.stateBalanceAdvice,
      (b, at, count) => b.latin1List(at + 8, Array(count / 2).fill('\u00e9')),
      0,
      2,
    ),
  'ids of two bytes': () =>
    crafted(
      MessageTag.stateBalanceAdvice,
      (b, at, count) => b.latin1List(at + 8, Array(count / 2).fill('\u00e9\u00e8')),
      0,
      2,
    ),
  'a batch of tasks': () => batches(60)[0] ?? new Uint8Array(0),
  'a batch of results': () => batches(60)[1] ?? new Uint8Array(0),
  'many small arguments': () =>
    encodeTask({
      ...task(1),
      args: Array.from({ length: 500 }, () => ({ kind: 'inline' as const, bytes: Buffer.from('x') })),
    }),
  'many object arguments': () =>
    encodeTask({
      ...task(1),
      args: Array.from({ length: 300 }, () => ({ kind: 'object' as const, id: objectId('o'.repeat(32)) })),
    }),
  'ids that share their bytes': () => {
    const frame = Buffer.from(
      crafted(
        MessageTag.stateBalanceAdvice,
        (b, at, count) => b.latin1List(at + 8, [...new Array<string>(count).fill(''), 'x'.repeat(64)]),
        0,
        2,
      ),
    );
    // Every empty id now points at the bytes of the last one.
    const last = frame.length - 64;
    for (let i = 1; i <= WORDS; i++) {
      const at = last - 8 - 8 * i;
      frame.writeUInt32LE((((last - at - 8) / 8) << 2) | 1, at);
      frame.writeUInt32LE((64 << 3) | 2, at + 4);
    }
    return frame;
  },
  'many capabilities': () =>
    encodeMessage({
      kind: 'adapterCommand',
      command: 'startWorkerGroup',
      groupId: undefined,
      capabilities: new Map(Array.from({ length: 500 }, (_, i) => [`c${i}`, i])),
      epoch: '',
    }),
};

/** Bytes that the greediest reader allocates for each frame, measured in a process of its own. */
const allocationsOf = async (frames: readonly Uint8Array[]): Promise<number[]> => {
  const folder = mkdtempSync(join(tmpdir(), 'muster-allocation-'));
  try {
    const outfile = join(folder, 'allocation.mjs');
    const entry = fileURLToPath(new URL('../test/allocation.ts', import.meta.url));
    await build({
      entryPoints: [entry],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      logLevel: 'error',
    });
    const lengthOf = (frame: Uint8Array): Buffer => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(frame.length);
      return length;
    };
    const flags = ['--no-opt', '--single-threaded', '--min-semi-space-size=64', '--max-semi-space-size=64'];
    const ran = spawnSync(process.execPath, [...flags, outfile], {
      input: Buffer.concat(frames.flatMap((frame) => [lengthOf(frame), frame])),
      maxBuffer: 16 * 1024 * 1024,
    });
    if (ran.status !== 0) throw new Error(String(ran.stderr));
    return JSON.parse(ran.stdout.toString('utf8')) as number[];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const allowedFor = (frame: Uint8Array): number => 64 * 1024 + 16 * frame.length;

describe('allocation', () => {
  it(
    'of the worst frames we can think of is at most 64 KiB and 16 times the frame',
    { timeout: 120_000 },
    async () => {
      const frames = Object.values(WORST).map((make) => make());
      const allocated = await allocationsOf(frames);
      const table = Object.keys(WORST).map((name, i) => {
        const frame = frames[i] ?? new Uint8Array(0);
        return { name, bytes: frame.length, allocated: allocated[i] ?? Infinity, allowed: allowedFor(frame) };
      });
      expect(table.filter((row) => row.allocated > row.allowed)).toEqual([]);
      // The measurement sees something: the worst is of the order of what is allowed.
      expect(Math.max(...table.map((row) => row.allocated / row.allowed))).toBeGreaterThan(0.3);
    },
  );

  it('of mutated frames is at most 64 KiB and 16 times the frame', { timeout: 120_000 }, async () => {
    const chooser = new Chooser(SEED + 3);
    const known = corpus();
    const frames = Array.from({ length: 3000 }, () => mutate(chooser, chooser.pick(known)));
    const allocated = await allocationsOf(frames);
    const beyond = frames.filter((frame, i) => (allocated[i] ?? Infinity) > allowedFor(frame));
    expect(beyond.map((frame) => frame.toString('hex'))).toEqual([]);
  });

  it('what is charged never exceeds the frame and the slack', () => {
    const chooser = new Chooser(SEED + 1);
    const frames = corpus();
    for (let i = 0; i < 20_000; i++) {
      const frame = mutate(chooser, chooser.pick(frames));
      const charge = (): number =>
        readFrame(frame, 0, frame.length, (r, root) => {
          const granted = r.budget;
          readMessageAt(r, root);
          return granted - r.budget;
        });
      let charged = 0;
      attempt(() => (charged = charge()), frame);
      expect(charged).toBeLessThanOrEqual(frame.length / 8 + 512);
    }
  });

  it('refuses counts that the frame does not hold, before allocating for them', () => {
    const b = new Builder();
    const root = b.struct(b.open(), 1, 1);
    b.u16(root, MessageTag.stateBalanceAdvice);
    const at = b.struct(root + 8, 0, 2);
    b.latin1List(at + 8, ['x']);
    const frame = Buffer.from(b.finish());
    // The list pointer now claims 2^29 - 1 elements.
    frame.writeUInt32LE(0xfffffffe, at + 12);
    expect(() => readFrame(frame, 0, frame.length, readMessageAt)).toThrow(/outOfBounds/);
  });
});
