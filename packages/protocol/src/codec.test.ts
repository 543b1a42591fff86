import { describe, expect, it } from 'vitest';
import { canonical } from '../test/canonical.ts';
import { writeRoot } from '../test/generated.ts';
import type { ProtocolErrorCode } from './codec.ts';
import {
  decodeMessage,
  decodeTask,
  decodeTaskResult,
  encodeMessage,
  encodeTask,
  encodeTaskResult,
  peekKind,
  ProtocolError,
  resultHead,
  taskHead,
} from './codec.ts';
import { decodeTaskMetadata, encodeTaskMetadata } from './codec/metadata.ts';
import { MessageTag } from './generated/message.ts';
import {
  adapterId,
  clientId,
  COMMAND_FUNCTION,
  groupId,
  NO_CAPABILITIES,
  objectId,
  peerId,
  taskId,
  workerId,
} from './ids.ts';
import type { EchoExtras, Message, Task, TaskResult } from './messages.ts';

const id = (letter: string): Task['taskId'] => taskId(letter.repeat(16));
const object = (letter: string): Task['functionId'] => objectId(letter.repeat(32));

const OWN_TASK: Task = {
  taskId: id('t'),
  source: undefined,
  metadata: undefined,
  functionId: COMMAND_FUNCTION,
  args: [{ kind: 'inline', bytes: Buffer.from([0, 255, 1]) }],
  needs: NO_CAPABILITIES,
  timeoutMs: 0,
  attemptsMax: 0,
};
const FULL_TASK: Task = {
  taskId: taskId('\u0000\u00ff'.repeat(8)),
  source: clientId('Client|1'),
  metadata: { profiling: true, priority: -2147483648, streamOutput: true },
  functionId: object('f'),
  args: [
    { kind: 'object', id: object('\u00fe') },
    { kind: 'task', id: id('d') },
    { kind: 'inline', bytes: Buffer.from('argument') },
  ],
  needs: new Map<string, number | 'present'>([
    ['gpu', 'present'],
    ['memory', 64],
  ]),
  timeoutMs: 4294967295,
  attemptsMax: 65535,
};
const RESULT: TaskResult = {
  taskId: id('t'),
  outcome: 'failedWorkerDied',
  metadata: { durationS: 0.5, memoryPeakBytes: 2 ** 40, cpuS: 0.25 },
  objectIds: [object('r'), object('s')],
  inline: Buffer.from('error'),
};
const EXTRAS: EchoExtras = { features: 1, epoch: 'k3x', storePath: '/run/größe.sock', storeEpoch: '' };
const attempts = [
  { taskId: id('a'), attempt: 1 },
  { taskId: id('b'), attempt: 4294967295 },
];

/** One of every kind but the ones that are made of frames. */
const MESSAGES: readonly Message[] = [
  { kind: 'taskCancel', taskId: id('t'), force: true },
  { kind: 'taskCancel', taskId: id('t'), force: false },
  { kind: 'taskCancelConfirm', taskId: id('t'), confirm: 'cancelNotFound' },
  { kind: 'taskLog', taskId: id('t'), stream: 'stderr', content: 'héllo \u0000 😀\n' },
  {
    kind: 'graphTask',
    graph: { taskId: id('g'), source: clientId('Client|1'), targets: [id('t')], graph: [FULL_TASK] },
  },
  {
    kind: 'objectInstruction',
    instruction: 'create',
    user: peerId('Client|1'),
    objects: {
      ids: [object('o'), object('p')],
      types: ['serializer', 'object'],
      names: ['serializer', '<\u00e9>'],
    },
  },
  {
    kind: 'objectInstruction',
    instruction: 'delete',
    user: peerId(''),
    objects: { ids: [object('o')], types: [], names: [] },
  },
  { kind: 'clientHeartbeat', resource: { cpu: 1000, rssBytes: 2 ** 50 }, latencyUs: 12, features: 1 },
  { kind: 'clientHeartbeatEcho', storage: { host: '127.0.0.1', port: 65535 }, extras: EXTRAS },
  { kind: 'clientHeartbeatEcho', storage: { host: '', port: 0 }, extras: undefined },
  {
    kind: 'workerHeartbeat',
    agent: { cpu: 1, rssBytes: 2 },
    rssFreeBytes: 3,
    queueSize: 4,
    queuedTasks: 5,
    latencyUs: 6,
    taskLock: true,
    processors: [
      { pid: 7, initialized: true, hasTask: true, suspended: true, resource: { cpu: 8, rssBytes: 9 } },
    ],
    capabilities: new Map([['gpu', 'present']]),
    features: 1,
  },
  { kind: 'workerHeartbeatEcho', storage: { host: '::1', port: 1 }, extras: EXTRAS },
  { kind: 'disconnectRequest', worker: workerId('Worker|g-1-1|00') },
  { kind: 'disconnectResponse', worker: workerId('Worker|g-1-1|00') },
  { kind: 'clientDisconnect', type: 'shutdown' },
  { kind: 'clientShutdownResponse', accepted: true },
  { kind: 'informationRequest', request: Buffer.from('{"query":"status"}') },
  { kind: 'informationResponse', response: new Uint8Array(0) },
  {
    kind: 'adapterHeartbeat',
    groupsMax: 4,
    workersPerGroup: 2,
    capabilities: NO_CAPABILITIES,
    adapterId: adapterId('native-1'),
    groups: [
      { groupId: groupId('g-1-1'), state: 'pending', nativeId: '' },
      { groupId: groupId('g-1-2'), state: 'stopping', nativeId: '1234' },
    ],
    features: 1,
    offers: [
      {
        name: 'small',
        capabilities: new Map([['linux', 'present']]),
        dollarsPerHour: 0.04048,
        billedMinimumMs: 60_000,
      },
      { name: '', capabilities: NO_CAPABILITIES, dollarsPerHour: 0, billedMinimumMs: 0 },
    ],
    trouble: 'no subnet',
  },
  {
    kind: 'adapterHeartbeat',
    groupsMax: 4,
    workersPerGroup: 2,
    capabilities: NO_CAPABILITIES,
    adapterId: adapterId('native-1'),
    groups: [],
    features: 0,
    offers: [],
    trouble: '',
  },
  { kind: 'adapterHeartbeatEcho', extras: EXTRAS, registered: [groupId('g-1-1')] },
  {
    kind: 'adapterCommand',
    command: 'startWorkerGroup',
    groupId: groupId('g-1-3'),
    capabilities: NO_CAPABILITIES,
    epoch: 'e1',
  },
  {
    kind: 'adapterCommandResponse',
    command: 'none',
    groupId: groupId('g-1-3'),
    status: 'pending',
    workerIds: [workerId('Worker|g-1-3|00')],
    capabilities: new Map([['cpu', 4]]),
    failure: 'quota',
    reason: 'Kontingent erschöpft',
  },
  { kind: 'resultAck', tasks: attempts },
  { kind: 'takeBack', tasks: attempts },
  { kind: 'tasksReturned', returned: attempts, kept: [] },
  { kind: 'tasksHeld', tasks: [] },
  { kind: 'drain', action: 'callOff' },
  { kind: 'drainStatus', status: 'drained', reason: 'SIGTERM' },
];

const codeOf = (act: () => unknown): ProtocolErrorCode | undefined => {
  try {
    act();
  } catch (error) {
    if (error instanceof ProtocolError) return error.code;
    throw error;
  }
  return undefined;
};

describe('encodeMessage and decodeMessage', () => {
  it.each(MESSAGES.map((message) => [message.kind, message] as const))(
    '%s: what comes out is what went in',
    (kind, message) => {
      const frame = encodeMessage(message);
      expect(decodeMessage(frame)).toEqual(message);
      expect(peekKind(frame)).toBe(kind);
    },
  );

  it('read a message in the middle of a buffer, with slices that refer into it', () => {
    const frame = encodeTask(FULL_TASK);
    const buffer = Buffer.concat([Buffer.alloc(24, 1), frame, Buffer.alloc(8, 1)]);
    const message = decodeMessage(buffer, 24, 24 + frame.length);
    expect(message.kind === 'task' && message.task).toMatchObject({ start: 24, end: 24 + frame.length });
    expect(message.kind === 'task' && message.task.bytes).toBe(buffer);
    expect(encodeMessage(message)).toEqual(frame);
  });

  it('write a fresh buffer every time', () => {
    const message: Message = { kind: 'drain', action: 'drain' };
    const first = Buffer.from(encodeMessage(message));
    const sent = encodeMessage(message);
    encodeMessage({ kind: 'drain', action: 'callOff' });
    expect(Buffer.from(sent)).toEqual(first);
  });

  it('forward a frame with fields of a later release unchanged', () => {
    const frame = Buffer.from(encodeTask(FULL_TASK));
    const message = decodeMessage(frame);
    expect(encodeMessage(message)).toEqual(frame);
    expect(encodeMessage(message)).not.toBe(frame);
  });

  it('write measurements as whole numbers in range', () => {
    const heartbeat = (cpu: number, latencyUs: number): Message => ({
      kind: 'clientHeartbeat',
      resource: { cpu, rssBytes: 1.5 },
      latencyUs,
      features: 0,
    });
    expect(decodeMessage(encodeMessage(heartbeat(12.6, -3)))).toEqual({
      ...heartbeat(13, 0),
      resource: { cpu: 13, rssBytes: 2 },
    });
    expect(decodeMessage(encodeMessage(heartbeat(NaN, Infinity)))).toMatchObject({
      resource: { cpu: 0 },
      latencyUs: 4294967295,
    });
  });
});

describe('tasks', () => {
  it.each([
    ['own', OWN_TASK],
    ['full', FULL_TASK],
  ])('%s: what comes out is what went in', (_name, task) => {
    expect(decodeTask(encodeTask(task))).toEqual(task);
  });

  it('own frames leave out what is empty', () => {
    // 8 table, 8 root, 16 message, 48 task, 16 id, 32 function, 8 + 16 argument list, 8 argument.
    expect(encodeTask(OWN_TASK)).toHaveLength(160);
    expect(encodeTask({ ...OWN_TASK, timeoutMs: 1 })).toHaveLength(168);
  });

  it('heads hold what a scheduler needs', () => {
    const frame = encodeTask(FULL_TASK);
    expect(taskHead(frame, 0, frame.length)).toEqual({
      bytes: frame,
      start: 0,
      end: frame.length,
      taskId: FULL_TASK.taskId,
      source: FULL_TASK.source,
      functionId: FULL_TASK.functionId,
      priority: -2147483648,
      needs: FULL_TASK.needs,
      attemptsMax: 65535,
    });
  });

  it('heads of tasks with the same needs share one set, and of tasks without any the shared empty one', () => {
    const first = taskHead(encodeTask(FULL_TASK));
    expect(taskHead(encodeTask({ ...FULL_TASK, taskId: id('u') })).needs).toBe(first.needs);
    expect(taskHead(encodeTask(OWN_TASK)).needs).toBe(NO_CAPABILITIES);
  });

  it('malformed metadata is priority 0 to the scheduler and refused by the worker', () => {
    const frame = writeRoot('Message', {
      which: 'task',
      value: {
        taskId: id('t'),
        source: undefined,
        metadata: Buffer.from([1, 2, 3]),
        funcObjectId: '',
        functionArgs: undefined,
        capabilities: undefined,
        timeoutMs: 0,
        attemptsMax: 0,
      },
    });
    expect(taskHead(frame)).toMatchObject({ priority: 0, functionId: '' });
    expect(codeOf(() => decodeTask(frame))).toBe('fieldInvalid');
  });

  it('priorities of either sign survive', () => {
    for (const priority of [0, 1, -1, 2147483647, -2147483648]) {
      const metadata = { profiling: false, priority, streamOutput: false };
      expect(decodeTaskMetadata(encodeTaskMetadata(metadata))).toEqual(metadata);
    }
    expect(
      codeOf(() => encodeTaskMetadata({ profiling: false, priority: 2 ** 31, streamOutput: false })),
    ).toBe('valueRange');
  });

  it.each([
    ['attemptsMax', { ...OWN_TASK, attemptsMax: 65536 }],
    ['timeoutMs', { ...OWN_TASK, timeoutMs: 0.5 }],
    ['a quantity', { ...OWN_TASK, needs: new Map([['memory', 0.5]]) }],
    ['a source beyond bytes', { ...OWN_TASK, source: clientId('Client|€') }],
  ])('%s out of range is an error of the writer', (_name, task) => {
    expect(codeOf(() => encodeTask(task))).toBe('valueRange');
    // The builder is usable afterwards.
    expect(decodeTask(encodeTask(OWN_TASK))).toEqual(OWN_TASK);
  });
});

describe('task results', () => {
  it('what comes out is what went in', () => {
    expect(decodeTaskResult(encodeTaskResult(RESULT))).toEqual(RESULT);
    const bare: TaskResult = {
      ...RESULT,
      outcome: 'success',
      metadata: undefined,
      objectIds: [],
      inline: undefined,
    };
    expect(decodeTaskResult(encodeTaskResult(bare))).toEqual(bare);
  });

  it('heads hold what a scheduler needs', () => {
    const frame = encodeTaskResult(RESULT);
    expect(resultHead(frame, 0, frame.length)).toEqual({
      bytes: frame,
      start: 0,
      end: frame.length,
      taskId: RESULT.taskId,
      outcome: 'failedWorkerDied',
      durationMs: 500,
      objectIds: RESULT.objectIds,
    });
  });

  it.each([NaN, -1, Infinity])('a duration of %s is none', (durationS) => {
    const frame = encodeTaskResult({ ...RESULT, metadata: { durationS, memoryPeakBytes: 0, cpuS: 0 } });
    expect(resultHead(frame).durationMs).toBe(undefined);
  });
});

describe('batches', () => {
  const heads = [OWN_TASK, FULL_TASK].map((task) => taskHead(encodeTask(task)));

  it('hold frames unchanged, with what is beside them', () => {
    const sources = [clientId('Client|1'), clientId('Client|2')];
    const frame = encodeMessage({
      kind: 'taskBatch',
      tasks: heads,
      attempts: [1, 7],
      sources,
      sourceOf: [1, 0],
    });
    const message = decodeMessage(frame);
    if (message.kind !== 'taskBatch') throw new Error(message.kind);
    expect(message).toMatchObject({ attempts: [1, 7], sources, sourceOf: [1, 0] });
    expect(message.tasks.map(({ bytes, start, end }) => bytes.subarray(start, end))).toEqual(
      heads.map(({ bytes }) => bytes),
    );
    expect(message.tasks.map((task) => task.taskId)).toEqual([OWN_TASK.taskId, FULL_TASK.taskId]);
    for (const { bytes, start, end } of message.tasks) {
      expect(bytes).toBe(frame);
      expect(start % 8).toBe(0);
      expect(decodeTask(bytes, start, end).timeoutMs).toBe(start < end - 168 ? FULL_TASK.timeoutMs : 0);
    }
  });

  it('attempts that are all 0 take no bytes and come back', () => {
    const frame = encodeMessage({
      kind: 'taskBatch',
      tasks: heads,
      attempts: [0, 0],
      sources: [],
      sourceOf: [],
    });
    const length = heads.reduce((sum, { end }) => sum + end, 0);
    // 8 table, 8 root, 16 message, 32 batch, 16 list.
    expect(frame).toHaveLength(80 + length);
    expect(decodeMessage(frame)).toMatchObject({ attempts: [0, 0], sources: [], sourceOf: [] });
  });

  it('of results hold frames unchanged', () => {
    const results = [resultHead(encodeTaskResult(RESULT))];
    const message = decodeMessage(encodeMessage({ kind: 'taskResultBatch', results, attempts: [3] }));
    if (message.kind !== 'taskResultBatch') throw new Error(message.kind);
    expect(message.attempts).toEqual([3]);
    expect(message.results.map(({ bytes, start, end }) => decodeTaskResult(bytes, start, end))).toEqual([
      RESULT,
    ]);
  });

  it('hold frames of several segments', () => {
    const foreign = segmented(encodeTask(FULL_TASK));
    const head = taskHead(foreign);
    const message = decodeMessage(
      encodeMessage({
        kind: 'taskBatch',
        tasks: [head, ...heads],
        attempts: [1, 1, 1],
        sources: [],
        sourceOf: [],
      }),
    );
    expect(message.kind === 'taskBatch' && message.tasks.map((task) => task.taskId)).toEqual([
      FULL_TASK.taskId,
      OWN_TASK.taskId,
      FULL_TASK.taskId,
    ]);
  });

  it('whose lists do not fit are refused on both ends', () => {
    const batch = { kind: 'taskBatch', tasks: heads, attempts: [1], sources: [], sourceOf: [] } as const;
    expect(codeOf(() => encodeMessage(batch))).toBe('listLength');
    expect(codeOf(() => encodeMessage({ ...batch, attempts: [1, 1], sources: [clientId('c')] }))).toBe(
      'listLength',
    );
    const wire = (value: object): Uint8Array =>
      writeRoot('Message', {
        which: 'taskBatch',
        value: { tasks: heads, sources: undefined, sourceOf: undefined, ...value },
      });
    expect(codeOf(() => decodeMessage(wire({ attempts: [1] })))).toBe('listLength');
    expect(codeOf(() => decodeMessage(wire({ sourceOf: [0] })))).toBe('listLength');
    expect(codeOf(() => decodeMessage(wire({ sources: ['c'], sourceOf: [0, 1] })))).toBe('fieldInvalid');
    expect(codeOf(() => decodeMessage(wire({ attempts: [1, 1], sources: ['c'], sourceOf: [0, 0] })))).toBe(
      undefined,
    );
  });
});

/** The same message in two segments: the root pointer is a far pointer to a landing pad in the second. */
const segmented = (frame: Uint8Array): Uint8Array => {
  const words = Buffer.from(frame).subarray(8);
  const table = Buffer.alloc(16);
  table.writeUInt32LE(1, 0);
  table.writeUInt32LE(1, 4);
  table.writeUInt32LE(words.length / 8, 8);
  const far = Buffer.alloc(8);
  far.writeUInt32LE(2, 0);
  far.writeUInt32LE(1, 4);
  return Buffer.concat([table, far, words]);
};

describe('refusals', () => {
  const message = (which: string, value: object | undefined): Uint8Array =>
    writeRoot('Message', { which, value: value });

  it.each<[ProtocolErrorCode, string, () => unknown]>([
    ['frameMalformed', 'no bytes', () => decodeMessage(new Uint8Array(0))],
    ['frameMalformed', 'a frame cut short', () => decodeMessage(encodeTask(OWN_TASK).subarray(0, 96))],
    [
      'frameMalformed',
      'bytes beyond the message',
      () => decodeMessage(Buffer.concat([encodeTask(OWN_TASK), Buffer.alloc(8)])),
    ],
    ['frameMalformed', 'positions outside of the buffer', () => decodeMessage(new Uint8Array(16), 8, 32)],
    ['unhandledTag', 'messages of the monitor', () => decodeMessage(message('stateClient', {}))],
    [
      'idLength',
      'a task id of another length',
      () => decodeMessage(message('taskCancel', { taskId: 'x', flags: undefined })),
    ],
    ['fieldMissing', 'a message without content', () => decodeMessage(message('taskCancel', undefined))],
    ['fieldMissing', 'a task without content', () => decodeMessage(message('task', undefined))],
    ['fieldMissing', 'a result frame where a task is expected', () => decodeTask(encodeTaskResult(RESULT))],
    ['unknownEnum', 'a number beyond the enum', () => decodeMessage(message('drain', { action: 7 }))],
    [
      'unknownEnum',
      'a command that commands nothing',
      () =>
        decodeMessage(message('workerAdapterCommand', { workerGroupID: '', command: 2, capabilities: [] })),
    ],
  ])('%s: %s', (code, _what, act) => {
    expect(codeOf(act)).toBe(code);
  });

  it('unknownTag: a message of a later release', () => {
    const frame = Buffer.from(encodeMessage({ kind: 'drain', action: 'drain' }));
    frame.writeUInt16LE(999, 16);
    expect(codeOf(() => decodeMessage(frame))).toBe('unknownTag');
    expect(peekKind(frame)).toBe(undefined);
    expect(peekKind(new Uint8Array(3))).toBe(undefined);
  });

  it('every tag of the schema is either handled or refused as unhandled', () => {
    const unhandled = Object.entries(MessageTag)
      .filter(([which]) => codeOf(() => decodeMessage(message(which, undefined))) === 'unhandledTag')
      .map(([which]) => which);
    expect(unhandled).toEqual([
      'stateClient',
      'stateObject',
      'stateBalanceAdvice',
      'stateScheduler',
      'stateWorker',
      'stateTask',
      'stateGraphTask',
      'processorInitialized',
    ]);
  });
});

describe('stock size', () => {
  it('a frame without own fields is the stock frame, one with some is longer', () => {
    const echo = (extras: EchoExtras | undefined): Uint8Array =>
      encodeMessage({ kind: 'adapterHeartbeatEcho', extras, registered: [] });
    expect(Buffer.from(echo(undefined)).toString('hex', 24)).toBe('fcffffff00000000');
    expect(echo(EXTRAS).length).toBeGreaterThan(echo(undefined).length);
    expect(canonical(echo(undefined))).toHaveLength(echo(undefined).length - 8);
  });
});
