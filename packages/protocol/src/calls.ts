/**
 * What a task of ours says: conventions between client and worker on top of the Task frame. The scheduler
 * reads none of it.
 *
 * - Function task: `functionId` is the SHA-256 of a function object, the UTF-8 JSON of {@link FunctionObject};
 *   that object names the module object (the bundled ES module; its id is the SHA-256 of its bytes) and the
 *   export. `args` holds exactly one argument: the encoded value (values.ts), inline or in an object.
 *   The argument may refer to objects that the client put (values.ts, ObjectRef): `valueReferences(bytes)` lists
 *   them without decoding. The processor fetches each, decodes it (it holds an encoded value without references
 *   of its own), and decodes the argument with `{ references }`; a reference that is not in the store is an
 *   ObjectLostError. A referenced value is read-only by contract, so a processor may keep it decoded and hand
 *   the same instance to later tasks.
 * - A task function is called as `export(argument, context: TaskContext)`.
 * - Command task: `functionId` is COMMAND_FUNCTION; the one argument is an encoded {@link CommandSpec}; the
 *   result is an encoded {@link CommandResult}. A command that exits non-zero is a *successful* task whose
 *   result says so.
 * - Failure: `outcome` failed or failedWorkerDied and an encoded Error inline; its `code` is a
 *   {@link TaskErrorCode} where the failure is Muster's, absent where user code threw.
 */
export interface FunctionObject {
  readonly muster: 'function/1';
  /** Hex of the module object's id. */
  readonly module: string;
  readonly export: string;
}

/** Second parameter of a task function. */
export interface TaskContext {
  /** Aborted when the task is canceled, times out or its worker must stop; the process is killed soon after. */
  readonly signal: AbortSignal;
  /** One line to the client's log of this task, formatted as console.log would. */
  readonly log: (...parts: unknown[]) => void;
}

/** Bytes that travel inside the value, or an object in the store (hex id) for larger ones. */
export type Payload = { readonly bytes: Uint8Array } | { readonly object: string };

export interface CommandSpec {
  /** Program and arguments; no shell is ever involved. */
  readonly argv: readonly string[];
  /** Added to the worker's own environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Absolute; undefined: a fresh empty directory that is removed afterwards. */
  readonly cwd: string | undefined;
  readonly stdin: Payload | undefined;
  /** Relative path inside the working directory → content. */
  readonly filesIn: ReadonlyMap<string, Payload>;
  /** Relative paths to read back after the command ended; missing ones are left out of the result. */
  readonly filesOut: readonly string[];
  /** Bytes of stdout and of stderr kept in the result; what is beyond is cut and flagged. */
  readonly outputBytesMax: number;
}

export interface CommandResult {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  readonly truncated: boolean;
  readonly filesOut: ReadonlyMap<string, Payload>;
  /** Wall time of the program, in milliseconds. */
  readonly durationMs?: number;
}

export type TaskErrorCode =
  /** Bytes of an argument, function or result are gone and nobody put them again. */
  | 'ObjectLostError'
  | 'TaskTimeoutError'
  /** The processor exited, was killed or ran out of memory while it ran the task. */
  | 'ProcessorDiedError'
  /** Lost with its worker more often than `attemptsMax` allows. */
  | 'WorkerLostError'
  | 'TaskCanceledError'
  /** The function object, module or export cannot be loaded, or the program cannot be started. */
  | 'TaskInvalidError'
  /** The result is not a value that can travel. */
  | 'ResultInvalidError';

/** Largest argument or result that travels inside its frame. */
export const INLINE_BYTES_MAX: number = 16 * 1024;

/** Environment of a worker host, set by whoever launches it (adapters, people). */
export const WORKER_ENV = {
  /** Scheduler address the worker can reach. */
  scheduler: 'MUSTER_SCHEDULER',
  groupId: 'MUSTER_GROUP_ID',
  /** Comma-separated identities; their number is the number of workers of the group. */
  workerIds: 'MUSTER_WORKER_IDS',
  /** `name` or `name=quantity`, comma-separated. */
  capabilities: 'MUSTER_CAPABILITIES',
  /** Mark of the adapter instance that owns the group. */
  owner: 'MUSTER_OWNER',
  deathTimeoutMs: 'MUSTER_DEATH_TIMEOUT_MS',
  lifetimeMaxMs: 'MUSTER_LIFETIME_MAX_MS',
  /** Grace between SIGTERM and SIGKILL of user code, and bound of a drain on SIGTERM. */
  graceMs: 'MUSTER_GRACE_MS',
  /** Memory limit of one processor with its children. */
  processorMemoryBytesMax: 'MUSTER_PROCESSOR_MEMORY_BYTES_MAX',
} as const;
