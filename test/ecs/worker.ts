/** A worker of a Fargate task: registers under the ids of its environment, runs a task at a time, drains, and ends when told. */
import { decodeMessage, encodeMessage, encodeTaskResult, resultHead } from '@muster/protocol/codec';
import { instant, workerId } from '@muster/protocol/ids';
import type { WorkerId } from '@muster/protocol/ids';
import { FEATURES } from '@muster/protocol/messages';
import type { Message, TaskAttempt } from '@muster/protocol/messages';
import type { Clock } from '@muster/runtime/clock';
import type { Connection, Transport } from '@muster/runtime/transport';

const HEARTBEAT_MS = 2_000;
const NOTHING = { cpu: 0, rssBytes: 0 };

export class StubWorker {
  readonly groupId: string;
  readonly #clock: Clock;
  readonly #taskMs: number;
  readonly #onEnd: (code: number) => void;
  readonly #capabilities: ReadonlyMap<string, number | 'present'>;
  #connection: Connection | undefined;
  #held: TaskAttempt[] = [];
  #isDraining = false;
  #isTerminated = false;
  #isOver = false;

  constructor(
    transport: Transport,
    clock: Clock,
    environment: Readonly<Record<string, string>>,
    taskMs: number,
    onEnd: (code: number) => void,
  ) {
    this.#clock = clock;
    this.#taskMs = taskMs;
    this.#onEnd = onEnd;
    this.groupId = environment['MUSTER_GROUP_ID'] ?? '';
    const names = (environment['MUSTER_CAPABILITIES'] ?? '').split(',').filter((name) => name !== '');
    this.#capabilities = new Map(names.map((name) => [name.replace(/=.*/, ''), 'present' as const]));
    const id: WorkerId = workerId((environment['MUSTER_WORKER_IDS'] ?? '').split(',')[0] ?? '');
    void transport.connect(environment['MUSTER_SCHEDULER'] ?? '', { identity: id }).then((connection) => {
      if (this.#isOver) return void connection.close();
      this.#connection = connection;
      connection.onTurn((turn) => {
        for (const event of turn) if (event.kind === 'frame') this.#hear(decodeMessage(event.frame.slice()));
      });
      this.#beat();
    });
  }

  /** SIGTERM: what runs is finished, and then it ends. */
  terminate(): void {
    this.#isTerminated = true;
    this.#isDraining = true;
    this.#say({ kind: 'drainStatus', status: 'draining', reason: 'SIGTERM' });
    this.#giveBack();
    this.#drained();
  }

  /** SIGKILL, or its own end. */
  end(code: number): void {
    if (this.#isOver) return;
    this.#isOver = true;
    void this.#connection?.close();
    this.#onEnd(code);
  }

  #after(ms: number, work: () => void): void {
    this.#clock.wakeAt(instant(this.#clock.now() + ms), () => {
      if (!this.#isOver) work();
    });
  }

  #beat(): void {
    this.#say({
      kind: 'workerHeartbeat',
      agent: NOTHING,
      rssFreeBytes: 0,
      queueSize: 1_000,
      queuedTasks: Math.max(0, this.#held.length - 1),
      latencyUs: 0,
      taskLock: !this.#isDraining,
      processors: [
        { pid: 1, initialized: true, hasTask: this.#held.length > 0, suspended: false, resource: NOTHING },
      ],
      capabilities: this.#capabilities,
      features: FEATURES,
    });
    this.#after(HEARTBEAT_MS, () => this.#beat());
  }

  #say(message: Message): void {
    if (!this.#isOver) this.#connection?.trySend(encodeMessage(message));
  }

  #hear(message: Message): void {
    if (message.kind === 'taskBatch') {
      const isIdle = this.#held.length === 0;
      message.tasks.forEach(({ taskId }, at) =>
        this.#held.push({ taskId, attempt: message.attempts[at] ?? 1 }),
      );
      if (isIdle) this.#run();
      if (this.#isDraining) this.#giveBack();
    } else if (message.kind === 'takeBack') this.#giveBack(message.tasks);
    else if (message.kind === 'drain') {
      this.#isDraining = message.action === 'drain' || this.#isTerminated;
      if (this.#isDraining) this.#giveBack();
      this.#drained();
    }
  }

  /** Everything but the one that runs. */
  #giveBack(asked: readonly TaskAttempt[] = this.#held.slice(1)): void {
    const waiting = new Map(this.#held.slice(1).map((one) => [one.taskId, one]));
    const returned = asked.filter(({ taskId }) => waiting.has(taskId));
    const kept = asked.filter(({ taskId }) => !waiting.has(taskId));
    const gone = new Set(returned.map(({ taskId }) => taskId));
    this.#held = this.#held.filter(({ taskId }, at) => at === 0 || !gone.has(taskId));
    if (asked.length > 0) this.#say({ kind: 'tasksReturned', returned, kept });
  }

  #run(): void {
    const [task] = this.#held;
    if (task === undefined) return this.#drained();
    this.#after(this.#taskMs, () => {
      this.#held.shift();
      const frame = encodeTaskResult({
        taskId: task.taskId,
        outcome: 'success',
        metadata: { durationS: this.#taskMs / 1000, memoryPeakBytes: 0, cpuS: 0 },
        objectIds: [],
        inline: new Uint8Array(1),
      });
      this.#say({ kind: 'taskResultBatch', results: [resultHead(frame)], attempts: [task.attempt] });
      this.#run();
    });
  }

  #drained(): void {
    if (!this.#isDraining || this.#held.length > 0) return;
    this.#say({ kind: 'drainStatus', status: 'drained', reason: 'nothing is held' });
    if (this.#isTerminated) this.#after(500, () => this.end(0));
  }
}
