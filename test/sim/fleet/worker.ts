/** A worker host as the production one: one connection, one worker machine and one processor for each worker. */
import { createWorker } from '@muster/core/worker';
import type {
  HeldResult,
  OfferedTask,
  WorkerConfig,
  WorkerEffect,
  WorkerEvent,
} from '@muster/core/worker-types';
import { encodeTaskResult } from '@muster/protocol/codec';
import type { Capabilities, WorkerId } from '@muster/protocol/ids';
import { FEATURES } from '@muster/protocol/messages';
import type { Message, TaskHead, TaskResultHead } from '@muster/protocol/messages';
import { drive } from '@muster/runtime/drive';
import type { Drive } from '@muster/runtime/drive';
import type { SimTask } from './book.ts';
import type { Hub } from './hub.ts';
import { watched } from './machine.ts';
import type { DealerEvent, Link } from './network.ts';
import { Processor } from './processor.ts';
import { sayMessage, sayNote } from './words.ts';
import { Process } from './world.ts';

const NO_RESOURCE = { cpu: 0, rssBytes: 0 };
const QUEUE_SIZE = 1000;
const NO_BYTES = new Uint8Array(8);

export class SimWorker {
  readonly id: WorkerId;
  readonly process: Process;
  readonly link: Link;
  readonly processor: Processor;
  readonly #hub: Hub;
  readonly #loop: Drive<WorkerEvent>;
  readonly #capabilities: Capabilities;
  readonly #onEnd: () => void;

  constructor(hub: Hub, id: WorkerId, config: WorkerConfig, capabilities: Capabilities, onEnd: () => void) {
    this.id = id;
    this.#hub = hub;
    this.#capabilities = capabilities;
    this.#onEnd = onEnd;
    this.process = new Process(hub.world, id, hub.random.int(0, 1_000_000));
    const { clock } = this.process;
    const bornAt = clock.now();
    const machine = watched(id, () => createWorker(config, bornAt), hub.watch);
    this.#loop = drive(machine, clock, { kind: 'deadline' }, (effects) => {
      for (const effect of effects) this.#apply(effect);
    });
    this.processor = new Processor(this.process, hub.book, hub.random, hub.processorFaults, (event) =>
      this.#loop.feed([event]),
    );
    this.link = hub.network.connect(id, this.process, false, (turn) =>
      this.#loop.feed(turn.map((one) => this.#eventOf(one))),
    );
  }

  /** The task that a stop right now would cut short. */
  get running(): SimTask | undefined {
    return this.process.alive ? this.processor.running : undefined;
  }

  feed(event: WorkerEvent): void {
    if (this.process.alive) this.process.after(0, () => this.#loop.feed([event]));
  }

  /** At once, nothing is flushed. */
  kill(how: 'lost' | 'vanished'): void {
    if (!this.process.alive) return;
    this.process.alive = false;
    this.#loop.stop();
    this.#hub.network.close(this.link, how);
    this.#onEnd();
  }

  #eventOf(event: DealerEvent): WorkerEvent {
    if (event.kind !== 'message') return { kind: 'connection', state: event.kind };
    const { message } = event;
    if (message.kind === 'task') return { kind: 'tasks', tasks: [this.#offered(message.task, 0)] };
    if (message.kind !== 'taskBatch') return { kind: 'message', message };
    return {
      kind: 'tasks',
      tasks: message.tasks.map((head, at) => this.#offered(head, message.attempts[at] ?? 0)),
    };
  }

  #offered(head: TaskHead, attempt: number): OfferedTask {
    const { taskId, priority, functionId, bytes, start, end } = head;
    const timeoutMs = this.#hub.book.tasks.get(taskId)?.timeoutMs ?? 0;
    return {
      taskId,
      attempt,
      priority,
      functionId,
      timeoutMs,
      streamOutput: false,
      frame: { bytes, start, end },
    };
  }

  #apply(effect: WorkerEffect): void {
    switch (effect.kind) {
      case 'send':
        return this.#say(effect.message);
      case 'results':
        return this.#sayResults(effect.results, effect.batched);
      case 'heartbeat':
        return this.#heartbeat(effect.queued, effect.running, effect.accepting);
      case 'startProcessor':
        return this.processor.start();
      case 'execute':
        return this.processor.execute(effect.runs);
      case 'recall':
        return this.processor.recall();
      case 'stopRun':
        return this.processor.stopRun(effect.run, effect.how);
      case 'killProcessor':
        return this.processor.die('killed');
      case 'exit':
        return this.#exit(effect.reason);
      case 'note':
        this.#hub.world.say(this.id, () => sayNote(effect));
        return this.#hub.ledger.onWorkerNote(effect);
    }
  }

  #exit(reason: string): void {
    this.#hub.world.say(this.id, `exit ${reason}`);
    this.#hub.ledger.onWorkerExit(this, reason);
    this.process.alive = false;
    this.#loop.stop();
    this.#hub.network.close(this.link, 'flush');
    this.#onEnd();
  }

  #say(message: Message): void {
    this.#hub.world.say(this.id, () => sayMessage(message));
    this.#hub.network.say(this.link, message);
  }

  #sayResults(held: readonly HeldResult[], batched: boolean): void {
    const results = held.map((one) => this.#headOf(one));
    if (!batched) for (const result of results) this.#say({ kind: 'taskResult', result });
    else this.#say({ kind: 'taskResultBatch', results, attempts: held.map((one) => one.attempt) });
  }

  #headOf({ taskId, outcome, durationS, cpuS, memoryPeakBytes, body }: HeldResult): TaskResultHead {
    const inline = body.kind === 'value' ? body.inline : NO_BYTES;
    const bytes = this.#hub.network.weather.codec
      ? encodeTaskResult({
          taskId,
          outcome,
          metadata: { durationS, cpuS, memoryPeakBytes },
          objectIds: [],
          inline,
        })
      : NO_BYTES;
    return {
      bytes,
      start: 0,
      end: bytes.length,
      taskId,
      outcome,
      durationMs: durationS * 1000,
      objectIds: [],
    };
  }

  #heartbeat(queuedTasks: number, hasTask: boolean, taskLock: boolean): void {
    const status = { pid: 1, initialized: true, hasTask, suspended: false, resource: NO_RESOURCE };
    this.#say({
      kind: 'workerHeartbeat',
      agent: NO_RESOURCE,
      rssFreeBytes: 0,
      queueSize: QUEUE_SIZE,
      queuedTasks,
      latencyUs: 0,
      taskLock,
      processors: this.processor.phase === 'none' ? [] : [status],
      capabilities: this.#capabilities,
      features: FEATURES,
    });
  }
}

/** The process of one worker group. */
export class WorkerHost {
  readonly workers: readonly SimWorker[];
  readonly bornAt: number;
  #left: number;

  constructor(
    hub: Hub,
    ids: readonly WorkerId[],
    config: Omit<WorkerConfig, 'workerId'>,
    capabilities: Capabilities,
    onEnd: () => void,
  ) {
    this.#left = ids.length;
    this.bornAt = hub.world.now;
    const ended = (): void => {
      if (--this.#left === 0) onEnd();
    };
    this.workers = ids.map((id) => new SimWorker(hub, id, { ...config, workerId: id }, capabilities, ended));
  }

  get running(): readonly SimTask[] {
    return this.workers.flatMap((worker) => worker.running ?? []);
  }

  /** SIGTERM. */
  term(reason: string): void {
    for (const worker of this.workers) worker.feed({ kind: 'stop', reason });
  }

  kill(how: 'lost' | 'vanished'): void {
    for (const worker of this.workers) worker.kill(how);
  }

  stall(ms: number): void {
    for (const worker of this.workers) worker.process.stall(ms);
  }
}
