/**
 * Golden vectors: whole frames as the stock schema compiler lays them out, checked against real peers of
 * OpenGRIS Scaler 1.15.0. Each is decoded to the message it stands for and encoded back byte for byte.
 */
import { describe, expect, it } from 'vitest';
import {
  decodeMessage,
  decodeTask,
  decodeTaskResult,
  encodeMessage,
  encodeTask,
  encodeTaskResult,
  ProtocolError,
} from './codec.ts';
import {
  decodeResultMetadata,
  decodeTaskMetadata,
  encodeResultMetadata,
  encodeTaskMetadata,
} from './codec/metadata.ts';
import { ObjectRequestHeaderType, ObjectResponseHeaderType } from './generated/object_storage.ts';
import { adapterId, clientId, groupId, NO_CAPABILITIES, objectId, taskId, workerId } from './ids.ts';
import type { Message, Task, TaskResult } from './messages.ts';
import {
  decodeObjectId,
  decodeObjectRequest,
  decodeObjectResponse,
  encodeObjectId,
  encodeObjectRequest,
  encodeObjectResponse,
  OBJECT_REQUEST,
  OBJECT_RESPONSE,
} from './object-storage.ts';

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(/\s/g, ''), 'hex');
const hexOf = (frame: Uint8Array): string => Buffer.from(frame).toString('hex');

const VECTORS: readonly (readonly [name: string, hex: string, message: Message])[] = [
  [
    'adapter heartbeat',
    `00000000090000000000000001000100 19000000000000000000000001000100 04000000010000000100000017000000
     0400000001000100 ffffffffffffffff 01000000220000006770750000000000`,
    {
      kind: 'adapterHeartbeat',
      groupsMax: 4,
      workersPerGroup: 1,
      capabilities: new Map([['gpu', 'present']]),
      adapterId: undefined,
      groups: undefined,
      features: 0,
      offers: [],
      trouble: '',
    },
  ],
  [
    'adapter heartbeat echo',
    '00000000030000000000000001000100 1a00000000000000fcffffff00000000',
    { kind: 'adapterHeartbeatEcho', extras: undefined, registered: [] },
  ],
  [
    'start command without id',
    `00000000070000000000000001000100 1b000000000000000000000001000200 00000000000000000500000002000000
     01000000070000000000000001000100`,
    {
      kind: 'adapterCommand',
      command: 'startWorkerGroup',
      groupId: undefined,
      capabilities: NO_CAPABILITIES,
      epoch: '',
    },
  ],
  [
    'shutdown command',
    `00000000080000000000000001000100 1b000000000000000000000001000200 01000000000000000500000042000000
     05000000070000006e61746976652d30 0000000001000100`,
    {
      kind: 'adapterCommand',
      command: 'shutdownWorkerGroup',
      groupId: groupId('native-0'),
      capabilities: NO_CAPABILITIES,
      epoch: '',
    },
  ],
  [
    'command response',
    `000000000c0000000000000001000100 1c000000000000000000000001000300 00000500000000000900000042000000
     090000000e0000001100000007000000 6e61746976652d30010000005a000000 576f726b65727c417c30300000000000
     0000000001000100`,
    {
      kind: 'adapterCommandResponse',
      command: 'startWorkerGroup',
      groupId: groupId('native-0'),
      status: 'success',
      workerIds: [workerId('Worker|A|00')],
      capabilities: NO_CAPABILITIES,
      failure: 'none',
      reason: '',
    },
  ],
  [
    'client heartbeat',
    `00000000070000000000000001000100 07000000000000000000000001000100 07000000000000000000000002000000
     0500000000000000e803000000000000`,
    { kind: 'clientHeartbeat', resource: { cpu: 5, rssBytes: 1000 }, latencyUs: 7, features: 0 },
  ],
  [
    'client heartbeat echo',
    `00000000080000000000000001000100 08000000000000000000000000000100 00000000010001002a09000000000000
     01000000520000003132372e302e302e 3100000000000000`,
    { kind: 'clientHeartbeatEcho', storage: { host: '127.0.0.1', port: 2346 }, extras: undefined },
  ],
  [
    'worker heartbeat',
    `00000000110000000000000001000100 09000000000000000000000003000300 0020000000000000e803000002000000
     03000000010000000800000002000000 0d000000170000001d00000007000000 0a000000000000000010000000000000
     04000000010001004d00000001000000 00000000020000000100000000000000 02000000000000000000000001000100`,
    {
      kind: 'workerHeartbeat',
      agent: { cpu: 10, rssBytes: 4096 },
      rssFreeBytes: 8192,
      queueSize: 1000,
      queuedTasks: 2,
      latencyUs: 3,
      taskLock: true,
      processors: [
        { pid: 77, initialized: true, hasTask: false, suspended: false, resource: { cpu: 1, rssBytes: 2 } },
      ],
      capabilities: NO_CAPABILITIES,
      features: 0,
    },
  ],
  [
    'heartbeat of a later release’s manager, whose id is in our slot',
    `00000000080000000000000001000100 19000000000000000000000001000200 04000000000000000500000007000000
     05000000220000000000000001000100 776d2d3100000000`,
    {
      kind: 'adapterHeartbeat',
      groupsMax: 4,
      workersPerGroup: 0,
      capabilities: NO_CAPABILITIES,
      adapterId: adapterId('wm-1'),
      groups: undefined,
      features: 0,
      offers: [],
      trouble: '',
    },
  ],
];

const TASK =
  bytes(`000000001a0000000000000001000100 00000000000000000000000000000600 1500000082000000190000004a000000
  1d000000320000001d00000002010000 29000000170000004100000007000000 30313233343536373839616263646566
  436c69656e747c303000000000000000 00000000000000004646464646464646 46464646464646466666666666666666
  66666666666666660400000001000100 01000000000000000100000002010000 41414141414141414141414141414141
  61616161616161616161616161616161 0000000001000100`);
const TASK_VALUE: Task = {
  taskId: taskId('0123456789abcdef'),
  source: clientId('Client|00'),
  metadata: { profiling: false, priority: 0, streamOutput: false },
  functionId: objectId('F'.repeat(16) + 'f'.repeat(16)),
  args: [{ kind: 'object', id: objectId('A'.repeat(16) + 'a'.repeat(16)) }],
  needs: NO_CAPABILITIES,
  timeoutMs: 0,
  attemptsMax: 0,
};

const RESULT =
  bytes(`000000000e0000000000000001000100 03000000000000000000000001000300 00000000000000000900000082000000
  0d00000002000000090000000e000000 30313233343536373839616263646566 01000000020100005252525252525252
  52525252525252527272727272727272 7272727272727272`);
const RESULT_VALUE: TaskResult = {
  taskId: taskId('0123456789abcdef'),
  outcome: 'success',
  metadata: undefined,
  objectIds: [objectId('R'.repeat(16) + 'r'.repeat(16))],
  inline: undefined,
};

describe('golden vectors', () => {
  it.each(VECTORS)('%s: decodes to its message', (_name, hex, message) => {
    expect(decodeMessage(bytes(hex))).toEqual(message);
  });

  it.each(VECTORS)('%s: encodes to its bytes', (_name, hex, message) => {
    expect(hexOf(encodeMessage(message))).toBe(hexOf(bytes(hex)));
  });

  it('task: both ways, whole and as a head', () => {
    expect(decodeTask(TASK)).toEqual(TASK_VALUE);
    expect(hexOf(encodeTask(TASK_VALUE))).toBe(hexOf(TASK));
    const message = decodeMessage(TASK);
    expect(message).toEqual({
      kind: 'task',
      task: {
        bytes: TASK,
        start: 0,
        end: TASK.length,
        taskId: TASK_VALUE.taskId,
        source: TASK_VALUE.source,
        functionId: TASK_VALUE.functionId,
        priority: 0,
        needs: NO_CAPABILITIES,
        attemptsMax: 0,
      },
    });
    expect(hexOf(encodeMessage(message))).toBe(hexOf(TASK));
  });

  it('task result: both ways, whole and as a head', () => {
    expect(decodeTaskResult(RESULT)).toEqual(RESULT_VALUE);
    expect(hexOf(encodeTaskResult(RESULT_VALUE))).toBe(hexOf(RESULT));
    const message = decodeMessage(RESULT);
    expect(message).toEqual({
      kind: 'taskResult',
      result: {
        bytes: RESULT,
        start: 0,
        end: RESULT.length,
        taskId: RESULT_VALUE.taskId,
        outcome: 'success',
        durationMs: undefined,
        objectIds: RESULT_VALUE.objectIds,
      },
    });
    expect(hexOf(encodeMessage(message))).toBe(hexOf(RESULT));
  });

  it('command of a later release, whose layout is another: refused', () => {
    const command =
      bytes(`00000000080000000000000001000100 1b000000000000000000000000000100 01000000170000000400000001000100
      03000000000000000100000007000000 0000000001000100`);
    expect(() => decodeMessage(command)).toThrow(ProtocolError);
  });

  it('metadata blobs: both ways', () => {
    const task = { profiling: true, priority: 0, streamOutput: false };
    expect(hexOf(encodeTaskMetadata(task))).toBe('010000000000');
    expect(decodeTaskMetadata(bytes('010000000000'))).toEqual(task);
    const result = { durationS: 1.5, memoryPeakBytes: 4096, cpuS: 0.25 };
    expect(hexOf(encodeResultMetadata(result))).toBe('3fc0000000000000000010003e800000');
    expect(decodeResultMetadata(bytes('3fc0000000000000000010003e800000'))).toEqual(result);
  });
});

describe('golden vectors of the object store', () => {
  const id = objectId(String.fromCharCode(...Array.from({ length: 32 }, (_, i) => i)));
  const header = (length: string): Buffer =>
    bytes(`00000000090000000000000003000100 ${length}000000000000000100000000000000 00000000000000000000000004000000
      07060504030201000f0e0d0c0b0a0908 17161514131211101f1e1d1c1b1a1918`);

  it('request header: both ways', () => {
    const request = { id, payloadLength: 5, requestId: 1, type: OBJECT_REQUEST.setObject };
    expect(decodeObjectRequest(header('05'))).toEqual(request);
    expect(hexOf(encodeObjectRequest(request))).toBe(hexOf(header('05')));
  });

  it('response header: both ways', () => {
    const response = { id, payloadLength: 0, responseId: 1, type: OBJECT_RESPONSE.setOK };
    expect(decodeObjectResponse(header('00'))).toEqual(response);
    expect(hexOf(encodeObjectResponse(response))).toBe(hexOf(header('00')));
  });

  it('object id alone: both ways', () => {
    const frame = bytes(`00000000050000000000000004000000 07060504030201000f0e0d0c0b0a0908
      17161514131211101f1e1d1c1b1a1918`);
    expect(decodeObjectId(frame)).toBe(id);
    expect(hexOf(encodeObjectId(id))).toBe(hexOf(frame));
  });

  it('stock type numbers are those of the schema', () => {
    expect(OBJECT_REQUEST).toMatchObject(ObjectRequestHeaderType);
    expect(OBJECT_RESPONSE).toMatchObject(ObjectResponseHeaderType);
  });

  it('a get without limit reads as Infinity and is written as 2^64-1', () => {
    const frame = encodeObjectRequest({ id, payloadLength: Infinity, requestId: 2n ** 63n, type: 1 });
    expect(hexOf(frame.subarray(16, 24))).toBe('ffffffffffffffff');
    expect(decodeObjectRequest(frame)).toEqual({
      id,
      payloadLength: Infinity,
      requestId: 2n ** 63n,
      type: 1,
    });
  });
});
