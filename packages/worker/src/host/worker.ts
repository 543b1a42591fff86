/** The shell of one worker: its connection, its machine, its processor; one loop and one switch over effects. */
import { never } from '@muster/core/machine';
import { createWorker } from '@muster/core/worker';
import type { WorkerConfig, WorkerEffect, WorkerEvent } from '@muster/core/worker-types';
import { decodeMessage, encodeMessage, ProtocolError } from '@muster/protocol/codec';
import type { Capabilities } from '@muster/protocol/ids';
import { FEATURES } from '@muster/protocol/messages';
import type { Message } from '@muster/protocol/messages';
import type { Clock } from '@muster/runtime/clock';
import { drive } from '@muster/runtime/drive';
import type { Drive } from '@muster/runtime/drive';
import { noteLogger } from '@muster/runtime/log';
import type { Log } from '@muster/runtime/log';
import type { Connection, TransportEvent } from '@muster/runtime/transport';
import { createMemoryWatch } from './memory-watch.ts';
import type { MemoryWatch } from './memory-watch.ts';
import type { PortEvents, ProcessorPort } from './port.ts';
import { createResources, freeBytes } from './resources.ts';
import type { Resources } from './resources.ts';
import { resultFrames } from './results.ts';
import { offeredTasks } from './tasks.ts';

/** What a stock scheduler is told; ours goes by measured service time. */
const QUEUE_SIZE = 1000;

export interface WorkerParts {
  readonly config: WorkerConfig;
  readonly capabilities: Capabilities;
  readonly connection: Connection;
  readonly clock: Clock;
  readonly log: Log;
  readonly createPort: (events: PortEvents) => ProcessorPort;
  /** A bug of ours in the machine: the host ends. */
  readonly onBug: (bug: unknown) => void;
}

export interface WorkerEnd {
  readonly reason: string;
  /** Nothing was cut short. */
  readonly clean: boolean;
}

export class WorkerShell {
  readonly #parts: WorkerParts;
  readonly #loop: Drive<WorkerEvent>;
  readonly #port: ProcessorPort;
  readonly #memory: MemoryWatch;
  readonly #resources: Resources = createResources();
  readonly #onNote: ReturnType<typeof noteLogger>;
  #running = false;
  #heartbeatAtMs = 0;
  #latencyUs = 0;
  #resolveEnd: (end: WorkerEnd) => void = () => undefined;
  /** After its last effect: the processor is gone, the connection flushed and closed. Never rejects. */
  readonly ended: Promise<WorkerEnd>;

  constructor(parts: WorkerParts) {
    const { config, connection, clock } = parts;
    this.#parts = parts;
    this.#onNote = noteLogger(parts.log);
    this.ended = new Promise((resolve) => (this.#resolveEnd = resolve));
    this.#port = parts.createPort({
      onEvents: (events) => this.#loop.feed(events),
      // Lines that do not fit are lost: nobody's result waits for them.
      onLog: (taskId, stream, content) =>
        void connection.trySend(encodeMessage({ kind: 'taskLog', taskId, stream, content })),
    });
    this.#memory = createMemoryWatch({
      read: () => this.#port.memoryBytes(),
      isRunning: () => this.#running,
      bytesMax: config.processorMemoryBytesMax,
      onSample: (rssBytes) => this.#loop.feed([{ kind: 'memory', rssBytes }]),
    });
    const machine = createWorker(config, clock.now());
    this.#loop = drive(machine, clock, { kind: 'deadline' }, (effects) => this.#apply(effects), parts.onBug);
    connection.onTurn((turn) => this.#loop.feed(turn.flatMap((event) => this.#toEvents(event))));
  }

  feed(event: WorkerEvent): void {
    this.#loop.feed([event]);
  }

  /** Synchronously, for the last moments of the process. */
  killNow(): void {
    this.#port.kill();
  }

  #apply(effects: readonly WorkerEffect[]): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case 'send':
          this.#send(effect.message);
          break;
        case 'results':
          for (const frame of resultFrames(effect.results, effect.batched))
            this.#sendFrame(frame, 'taskResultBatch');
          break;
        case 'heartbeat':
          this.#heartbeat(effect);
          break;
        case 'execute':
          this.#running = true;
          this.#memory.onRunning();
          this.#port.execute(effect.runs);
          break;
        case 'exit':
          this.#parts.log.info('worker.exit', { reason: effect.reason, clean: effect.clean });
          void this.#end(effect);
          return;
        case 'note':
          this.#onNote(effect);
          break;
        case 'startProcessor':
        case 'recall':
        case 'stopRun':
        case 'killProcessor':
          this.#toPort(effect);
          break;
        default:
          never(effect);
      }
    }
  }

  #toPort(
    effect: WorkerEffect & { readonly kind: 'startProcessor' | 'recall' | 'stopRun' | 'killProcessor' },
  ): void {
    if (effect.kind === 'startProcessor') this.#port.start();
    else if (effect.kind === 'recall') this.#port.recall();
    else if (effect.kind === 'stopRun') this.#port.stopRun(effect.run, effect.how);
    else this.#port.kill();
  }

  #heartbeat({ queued, running, accepting }: WorkerEffect & { readonly kind: 'heartbeat' }): void {
    this.#running = running;
    if (!running) this.#memory.look();
    this.#heartbeatAtMs = performance.now();
    const { pid } = this.#port;
    const processor = { initialized: true, hasTask: running, suspended: false };
    this.#send({
      kind: 'workerHeartbeat',
      agent: this.#resources.own(),
      rssFreeBytes: freeBytes(),
      queueSize: QUEUE_SIZE,
      queuedTasks: queued,
      latencyUs: this.#latencyUs,
      taskLock: accepting,
      processors:
        pid === undefined
          ? []
          : [{ pid, ...processor, resource: this.#resources.processor(pid, this.#memory.rssBytes) }],
      capabilities: this.#parts.capabilities,
      features: FEATURES,
    });
  }

  async #end({ reason, clean }: WorkerEnd): Promise<void> {
    this.#loop.stop();
    this.#memory.stop();
    const graceMs = clean ? 0 : this.#parts.config.killGraceMs;
    await Promise.all([this.#port.close(graceMs), this.#parts.connection.close()]);
    this.#resolveEnd({ reason, clean });
  }

  #send(message: Message): void {
    this.#sendFrame(encodeMessage(message), message.kind);
  }

  /** What does not fit is lost: results are sent again, everything else is asked for again. */
  #sendFrame(frame: Uint8Array, kind: string): void {
    if (this.#parts.connection.trySend(frame) === 'full') this.#parts.log.warn('worker.send.full', { kind });
  }

  #toEvents(event: TransportEvent): readonly WorkerEvent[] {
    if (event.kind === 'peerUp') return [{ kind: 'connection', state: 'up' }];
    if (event.kind === 'peerDown') return [{ kind: 'connection', state: 'down' }];
    if (event.kind !== 'frame') return []; // undelivered: sent again by deadline, or after the reconnect
    try {
      return [this.#onMessage(event.frame, decodeMessage(event.frame))];
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#parts.log.warn('worker.frame.invalid', { code: error.code, bytes: event.frame.byteLength });
      return [];
    }
  }

  #onMessage(frame: Uint8Array, message: Message): WorkerEvent {
    if (message.kind === 'task') return { kind: 'tasks', tasks: offeredTasks(frame, [message.task], [0]) };
    if (message.kind === 'taskBatch')
      return { kind: 'tasks', tasks: offeredTasks(frame, message.tasks, message.attempts) };
    if (message.kind === 'workerHeartbeatEcho') {
      this.#latencyUs = Math.min(0xffffffff, Math.round((performance.now() - this.#heartbeatAtMs) * 500));
      const { host, port } = message.storage;
      const path = message.extras?.storePath ?? '';
      if (host !== '' || path !== '') this.#port.setStore({ path, host, port });
    }
    return { kind: 'message', message };
  }
}
