/**
 * The world around a scheduler: one client that submits, adapters with their providers, workers. It hands the production
 * scheduler what happens, in steps of whole milliseconds, and does what the scheduler decides. Frames need no time, but an
 * answer to what the scheduler said reaches it a millisecond later.
 */
import { InvariantError } from '@muster/core/machine';
import { createScheduler } from '@muster/core/scheduler';
import type { Scheduler } from '@muster/core/scheduler';
import type { SchedulerConfig, SchedulerEffect, SchedulerEvent } from '@muster/core/scheduler-types';
import { instant, NO_CAPABILITIES, objectId, peerId } from '@muster/protocol/ids';
import type { Capabilities, ObjectId, PeerId } from '@muster/protocol/ids';
import { FEATURES } from '@muster/protocol/messages';
import type { Message, TaskAttempt, TaskHead } from '@muster/protocol/messages';
import type { AdapterSpec } from '../adapter.ts';
import { capabilitiesOf } from '../needs.ts';
import type { Tasks } from '../tasks.ts';
import { ModelAdapter } from './adapter.ts';
import { Books } from './books.ts';
import { DecisionLog } from './decisions.ts';
import { Agenda } from './heap.ts';
import { Provider } from './provider.ts';
import type { Happening } from './provider.ts';
import { taskIdOf } from './task-ids.ts';
import type { ModelWorker, Surroundings } from './worker.ts';

const CLIENT = peerId('client:simulated');
const NO_BYTES = new Uint8Array(0);
const NO_RESOURCE = { cpu: 0, rssBytes: 0 };
/** Nothing began, ended or came up for this long, and no task is to come: nothing ever will. */
const STUCK_MS = 3_600_000;
/** After the last task: a fleet that has not gone by then stays. */
const TAIL_MAX_MS = 900_000;
/** More steps at one instant are a loop. */
const STEPS_AT_ONCE_MAX = 100_000;

export interface WorldSpec {
  readonly tasks: Tasks;
  readonly adapters: readonly AdapterSpec[];
  readonly scheduler: SchedulerConfig;
  readonly seed: number;
}

export class World {
  readonly books: Books;
  readonly providers: readonly Provider[];
  readonly decisions: DecisionLog;
  readonly scheduler: Scheduler;
  nowMs = 0;
  steps = 0;
  readonly #tasks: Tasks;
  readonly #agenda = new Agenda<Happening>();
  readonly #adapters = new Map<PeerId, ModelAdapter>();
  readonly #workers = new Map<PeerId, ModelWorker>();
  readonly #kinds: readonly { readonly functionId: ObjectId; readonly needs: Capabilities }[];
  #inbox: SchedulerEvent[] = [];
  /** The scheduler must be told what is in the inbox; acknowledgements alone can wait. */
  #isUrgent = true;
  #acks: TaskAttempt[] = [];
  #stepsAtOnce = 0;

  constructor(spec: WorldSpec) {
    this.#tasks = spec.tasks;
    this.books = new Books(spec.tasks);
    this.decisions = new DecisionLog();
    const around: Surroundings = {
      books: this.books,
      planEnd: (worker, atMs) => this.#agenda.plan(atMs, { kind: 'end', worker }),
      say: (worker, message) => {
        this.#hear(worker.id, message);
        if (message.kind === 'disconnectRequest') this.#workers.delete(worker.id);
      },
    };
    this.providers = spec.adapters.map((one) => new Provider(one, spec.seed, this.#agenda, around));
    for (const provider of this.providers) {
      const adapter = new ModelAdapter(provider, spec.seed, spec.scheduler.compat);
      this.#adapters.set(adapter.peer, adapter);
    }
    this.#kinds = spec.tasks.kinds.map((kind) => ({
      functionId: objectId(kind.functionName.slice(0, 32).padEnd(32, ' ')),
      needs: kind.needs.length === 0 ? NO_CAPABILITIES : capabilitiesOf(kind.needs),
    }));
    this.scheduler = createScheduler(spec.scheduler, instant(0));
    this.#hear(CLIENT, { kind: 'clientHeartbeat', resource: NO_RESOURCE, latencyUs: 0, features: FEATURES });
  }

  /** All tasks are over and the fleet is gone or will not go, or nothing will ever happen again. */
  get isOver(): boolean {
    const { books } = this;
    if (books.submitted < this.#tasks.count) return false;
    if (books.over === books.submitted)
      return (
        (books.groups === 0 && !this.#isUrgent) || this.nowMs - Math.max(books.lastEndMs, 0) >= TAIL_MAX_MS
      );
    return books.running === 0 && this.nowMs - Math.max(books.progressMs, this.#lastSubmitMs) >= STUCK_MS;
  }

  get #lastSubmitMs(): number {
    return this.#tasks.submittedMs[this.#tasks.count - 1] ?? 0;
  }

  /** Moves on to the next thing that happens. */
  step(): void {
    const atMs = this.#nextMs();
    this.#stepsAtOnce = atMs > this.nowMs ? 0 : this.#stepsAtOnce + 1;
    if (this.#stepsAtOnce > STEPS_AT_ONCE_MAX) throw new InvariantError(`time stands still at ${atMs} ms`);
    this.books.pass(this.nowMs, atMs);
    this.nowMs = atMs;
    this.steps++;
    this.#happen();
    this.#submit();
    for (const adapter of this.#adapters.values()) if (adapter.dueMs <= atMs) this.#run(adapter);
    if (this.#acks.length > 0) {
      this.#hear(CLIENT, { kind: 'resultAck', tasks: this.#acks });
      this.#acks = [];
    }
    const events: readonly SchedulerEvent[] = this.#inbox.length > 0 ? this.#inbox : [{ kind: 'deadline' }];
    this.#inbox = [];
    this.#isUrgent = false;
    for (const effect of this.scheduler.step(events, instant(atMs))) this.#apply(effect);
    for (const adapter of this.#adapters.values()) if (adapter.dueMs === 0) this.#run(adapter);
    this.#restAdapters();
  }

  /** The books at the end. */
  close(): void {
    for (const provider of this.providers) provider.close(this.nowMs);
    const paidMs = this.providers.reduce(
      (sum, { totals, spec }) => sum + totals.groupMs * spec.workersPerGroup,
      0,
    );
    this.books.check(paidMs);
  }

  #nextMs(): number {
    let nextMs = this.#isUrgent ? this.nowMs + 1 : Infinity;
    if (this.steps === 0) nextMs = 0;
    nextMs = Math.min(nextMs, this.#agenda.nextMs, this.#tasks.submittedMs[this.books.submitted] ?? Infinity);
    nextMs = Math.min(nextMs, this.scheduler.nextDeadline() ?? Infinity);
    for (const adapter of this.#adapters.values()) nextMs = Math.min(nextMs, adapter.dueMs);
    return Math.max(this.nowMs, Math.ceil(nextMs));
  }

  #happen(): void {
    for (let next = this.#agenda.take(this.nowMs); next !== undefined; next = this.#agenda.take(this.nowMs)) {
      if (next.kind === 'end') next.worker.onEndDue(this.nowMs);
      else if (next.kind === 'up') {
        for (const worker of next.group.provider.up(next.group, this.nowMs)) {
          this.#workers.set(worker.id, worker);
          worker.register(next.group.intent.capabilities);
        }
      } else next.group.provider[next.kind](next.group, this.nowMs);
    }
  }

  #submit(): void {
    const { submittedMs, kindOf, count } = this.#tasks;
    const tasks: TaskHead[] = [];
    const attempts: number[] = [];
    for (
      let task = this.books.submitted;
      task < count && (submittedMs[task] ?? Infinity) <= this.nowMs;
      task++
    ) {
      const kind = this.#kinds[kindOf[task] ?? 0];
      if (kind === undefined) throw new InvariantError(`task ${task} is of no kind`);
      tasks.push({
        bytes: NO_BYTES,
        start: 0,
        end: 0,
        taskId: taskIdOf(task),
        source: undefined,
        functionId: kind.functionId,
        priority: 0,
        needs: kind.needs,
        attemptsMax: 0,
      });
      attempts.push(0);
    }
    if (tasks.length === 0) return;
    this.books.submitted += tasks.length;
    this.books.queued += tasks.length;
    this.#hear(CLIENT, { kind: 'taskBatch', tasks, attempts, sources: [], sourceOf: [] });
  }

  #hear(from: PeerId, message: Message): void {
    this.#inbox.push({ kind: 'message', from, message });
    this.#isUrgent = true;
  }

  #run(adapter: ModelAdapter): void {
    for (const message of adapter.run(this.nowMs)) this.#hear(adapter.peer, message);
  }

  #apply(effect: SchedulerEffect): void {
    if (effect.kind === 'note') return this.decisions.onNote(effect, this.nowMs);
    if (effect.kind !== 'send') return;
    const { to, message } = effect;
    if (to === CLIENT) return this.#onClientMessage(message);
    const worker = this.#workers.get(to);
    if (worker !== undefined) return worker.onMessage(message, this.nowMs);
    this.#adapters.get(to)?.tell(message);
  }

  #onClientMessage(message: Message): void {
    if (message.kind !== 'taskResultBatch') return;
    message.results.forEach(({ taskId, outcome }, index) => {
      if (outcome === 'success') this.books.succeeded++;
      else {
        this.books.failed++;
        this.books.queued--;
      }
      this.#acks.push({ taskId, attempt: message.attempts[index] ?? 0 });
    });
  }

  /** While there is neither work nor a fleet, heartbeats say nothing new: they are left out until work comes. */
  #restAdapters(): void {
    const { books } = this;
    if (this.#isUrgent || books.over < books.submitted || books.submitted === this.#tasks.count) return;
    const nextMs = this.#tasks.submittedMs[books.submitted] ?? 0;
    for (const adapter of this.#adapters.values()) if (adapter.isQuiet) adapter.sleepUntil(nextMs);
  }
}
