/**
 * Words of messages.ts ↔ enum numbers of the wire. A word without a number and a number without a word both
 * fail to compile; a number that only the peer knows is a ProtocolError, never a cast.
 */
import { ProtocolError } from '../errors.ts';
import { ObjectMetadataContentType, TaskCancelConfirmType, TaskResultType } from '../generated/common.ts';
import {
  ClientDisconnectType,
  DrainAction,
  DrainStatusPhase,
  ObjectInstructionType,
  TaskArgumentType,
  TaskLogStream,
  WorkerAdapterCommandResponseFailureKind,
  WorkerAdapterCommandResponseStatus,
  WorkerAdapterCommandType,
  WorkerAdapterHeartbeatGroupStatusState,
} from '../generated/message.ts';
import type {
  AdapterCommandResponse,
  CancelConfirm,
  CommandStatus,
  FailureKind,
  GroupState,
  Message,
  ObjectType,
  TaskArgument,
  TaskOutcome,
} from '../messages.ts';

export interface Coupling<Word extends string> {
  toWire(word: Word): number;
  /** Throws ProtocolError 'unknownEnum'. */
  fromWire(number: number): Word;
}

/** Resolves to a property that no table has as long as some wire number is left without a word. */
type Covers<Wire extends number, Table> = [Exclude<Wire, Table[keyof Table]>] extends [never]
  ? unknown
  : { readonly uncovered: Exclude<Wire, Table[keyof Table]> };

const couple =
  <Word extends string, Wire extends number>(name: string) =>
  <const Table extends Readonly<Record<Word, Wire>>>(table: Table & Covers<Wire, Table>): Coupling<Word> => {
    const entries = Object.entries(table) as [Word, Wire][];
    const words = new Map<number, Word>(entries.map(([word, number]) => [number, word]));
    return {
      toWire: (word) => table[word],
      fromWire: (number) => {
        const word = words.get(number);
        if (word === undefined) throw new ProtocolError('unknownEnum', `${name} ${number}`);
        return word;
      },
    };
  };

export const taskOutcome: Coupling<TaskOutcome> = couple<TaskOutcome, TaskResultType>('task result type')({
  success: TaskResultType.success,
  failed: TaskResultType.failed,
  failedWorkerDied: TaskResultType.failedWorkerDied,
});

export const cancelConfirm: Coupling<CancelConfirm> = couple<CancelConfirm, TaskCancelConfirmType>(
  'cancel confirm',
)({
  canceled: TaskCancelConfirmType.canceled,
  cancelFailed: TaskCancelConfirmType.cancelFailed,
  cancelNotFound: TaskCancelConfirmType.cancelNotFound,
});

export const argumentKind: Coupling<TaskArgument['kind']> = couple<TaskArgument['kind'], TaskArgumentType>(
  'argument type',
)({
  task: TaskArgumentType.task,
  object: TaskArgumentType.objectID,
  inline: TaskArgumentType.inline,
});

type LogStream = Extract<Message, { kind: 'taskLog' }>['stream'];
export const logStream: Coupling<LogStream> = couple<LogStream, TaskLogStream>('log stream')({
  stdout: TaskLogStream.stdout,
  stderr: TaskLogStream.stderr,
});

type Instruction = Extract<Message, { kind: 'objectInstruction' }>['instruction'];
export const instruction: Coupling<Instruction> = couple<Instruction, ObjectInstructionType>(
  'object instruction',
)({
  create: ObjectInstructionType.create,
  delete: ObjectInstructionType.delete,
  clear: ObjectInstructionType.clear,
});

export const objectType: Coupling<ObjectType> = couple<ObjectType, ObjectMetadataContentType>('object type')({
  serializer: ObjectMetadataContentType.serializer,
  object: ObjectMetadataContentType.object,
});

type DisconnectType = Extract<Message, { kind: 'clientDisconnect' }>['type'];
export const disconnectType: Coupling<DisconnectType> = couple<DisconnectType, ClientDisconnectType>(
  'disconnect type',
)({
  disconnect: ClientDisconnectType.disconnect,
  shutdown: ClientDisconnectType.shutdown,
});

export const groupState: Coupling<GroupState> = couple<GroupState, WorkerAdapterHeartbeatGroupStatusState>(
  'group state',
)({
  pending: WorkerAdapterHeartbeatGroupStatusState.pending,
  starting: WorkerAdapterHeartbeatGroupStatusState.starting,
  running: WorkerAdapterHeartbeatGroupStatusState.running,
  stopping: WorkerAdapterHeartbeatGroupStatusState.stopping,
});

type AnyCommand = AdapterCommandResponse['command'];
export const adapterCommand: Coupling<AnyCommand> = couple<AnyCommand, WorkerAdapterCommandType>(
  'adapter command',
)({
  startWorkerGroup: WorkerAdapterCommandType.startWorkerGroup,
  shutdownWorkerGroup: WorkerAdapterCommandType.shutdownWorkerGroup,
  none: WorkerAdapterCommandType.none,
});

export const commandStatus: Coupling<CommandStatus> = couple<
  CommandStatus,
  WorkerAdapterCommandResponseStatus
>('command status')({
  workerGroupIDNotSpecified: WorkerAdapterCommandResponseStatus.workerGroupIDNotSpecified,
  workerGroupIDNotFound: WorkerAdapterCommandResponseStatus.workerGroupIDNotFound,
  workerGroupShutdown: WorkerAdapterCommandResponseStatus.workerGroupShutdown,
  unknownAction: WorkerAdapterCommandResponseStatus.unknownAction,
  workerGroupTooMuch: WorkerAdapterCommandResponseStatus.workerGroupTooMuch,
  success: WorkerAdapterCommandResponseStatus.success,
  pending: WorkerAdapterCommandResponseStatus.pending,
});

export const failureKind: Coupling<FailureKind> = couple<
  FailureKind,
  WorkerAdapterCommandResponseFailureKind
>('failure kind')({
  none: WorkerAdapterCommandResponseFailureKind.none,
  capacity: WorkerAdapterCommandResponseFailureKind.capacity,
  quota: WorkerAdapterCommandResponseFailureKind.quota,
  unauthorized: WorkerAdapterCommandResponseFailureKind.unauthorized,
  invalid: WorkerAdapterCommandResponseFailureKind.invalid,
  throttled: WorkerAdapterCommandResponseFailureKind.throttled,
  unknown: WorkerAdapterCommandResponseFailureKind.unknown,
});

type Action = Extract<Message, { kind: 'drain' }>['action'];
export const drainAction: Coupling<Action> = couple<Action, DrainAction>('drain action')({
  drain: DrainAction.drain,
  callOff: DrainAction.callOff,
});

type Phase = Extract<Message, { kind: 'drainStatus' }>['status'];
export const drainPhase: Coupling<Phase> = couple<Phase, DrainStatusPhase>('drain status')({
  draining: DrainStatusPhase.draining,
  drained: DrainStatusPhase.drained,
});
