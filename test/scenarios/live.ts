/**
 * Peers that play themselves, for stories of many groups: adapters whose groups boot, workers that run tasks for as
 * long as their function takes, clients that acknowledge. In virtual time, and without a fault that nobody ordered.
 */
import { groupId, peerId, workerId } from '@muster/protocol/ids';
import type { Capabilities, GroupId } from '@muster/protocol/ids';
import type { GroupOffer, Message, TaskHead } from '@muster/protocol/messages';
import type { SchedulerEffect, SchedulerEvent } from '@muster/core/scheduler-types';
import { adapterBeat, caps, clientBeat, result, trimmed, workerBeat } from '../../packages/core/test/kit.ts';

const BEAT_MS = 2_000;
/** Of functions that no line of the script names. */
const TASK_MS = 100;

export interface LiveAdapterOptions {
  readonly max: number;
  readonly per: number;
  readonly bootsMs: number;
  readonly offers: readonly GroupOffer[];
}

interface LiveAdapter extends LiveAdapterOptions {
  readonly name: string;
  readonly groups: Map<
    GroupId,
    { readonly workers: LiveWorker[]; state: 'starting' | 'running' | 'stopping' }
  >;
  mood: 'works' | 'fails' | 'hangs' | 'dead';
}

interface LiveWorker {
  readonly id: string;
  readonly capabilities: Capabilities;
  readonly queue: { readonly task: TaskHead; readonly attempt: number }[];
  draining: boolean;
  gone: boolean;
  isRunning: boolean;
}

export class Live {
  readonly #queue: { readonly at: number; readonly run: () => readonly SchedulerEvent[] }[] = [];
  readonly #adapters = new Map<string, LiveAdapter>();
  readonly #workers = new Map<string, LiveWorker>();
  readonly #clients = new Set<string>();
  readonly #durations = new Map<string, number>();
  #now = 0;

  /** When the next one wants to say something. */
  next(): number | undefined {
    return this.#queue[0]?.at;
  }

  /** What is said now. */
  due(now: number): readonly SchedulerEvent[] {
    this.#now = now;
    const events: SchedulerEvent[] = [];
    while (this.#queue[0] !== undefined && this.#queue[0].at <= now)
      events.push(...(this.#queue.shift()?.run() ?? []));
    return events;
  }

  adapter(name: string, options: LiveAdapterOptions, now: number): readonly SchedulerEvent[] {
    this.#now = now;
    const adapter: LiveAdapter = { ...options, name, groups: new Map(), mood: 'works' };
    this.#adapters.set(name, adapter);
    this.#every(BEAT_MS, () => (adapter.mood === 'dead' ? [] : [beatOf(adapter)]));
    return [beatOf(adapter)];
  }

  client(name: string, now: number): readonly SchedulerEvent[] {
    this.#now = now;
    this.#clients.add(name);
    this.#every(10_000, () => [said(name, clientBeat())]);
    return [said(name, clientBeat())];
  }

  takes(fn: string, ms: number): void {
    this.#durations.set(fn, ms);
  }

  /** @returns whether there is such an adapter, and what it says at once. */
  mood(name: string, mood: string): readonly SchedulerEvent[] | undefined {
    const adapter = this.#adapters.get(name);
    if (adapter === undefined || !['works', 'fails', 'hangs', 'dead'].includes(mood)) return undefined;
    adapter.mood = mood as LiveAdapter['mood'];
    return mood === 'works' ? [beatOf(adapter)] : [];
  }

  /** A group dies with all its workers, and its adapter sees it. */
  kill(id: string): readonly SchedulerEvent[] {
    for (const adapter of this.#adapters.values()) {
      const group = adapter.groups.get(groupId(id));
      if (group === undefined) continue;
      adapter.groups.delete(groupId(id));
      for (const worker of group.workers) worker.gone = true;
      return [
        ...group.workers.map(({ id: peer }): SchedulerEvent => ({ kind: 'peerDown', peer: peerId(peer) })),
        beatOf(adapter),
      ];
    }
    return [];
  }

  /** @returns whether the effect is for one of these, and so needs no line of its own. */
  hear(effect: SchedulerEffect, now: number): boolean {
    this.#now = now;
    if (effect.kind !== 'send') return false;
    const adapter = this.#adapters.get(effect.to);
    const worker = this.#workers.get(effect.to);
    if (adapter !== undefined) this.#onAdapter(adapter, effect.message);
    else if (worker !== undefined) this.#onWorker(worker, effect.message);
    else if (this.#clients.has(effect.to)) this.#onClient(effect.to, effect.message);
    else return false;
    return true;
  }

  #at(at: number, run: () => readonly SchedulerEvent[]): void {
    let index = this.#queue.length;
    while (index > 0 && (this.#queue[index - 1]?.at ?? 0) > at) index--;
    this.#queue.splice(index, 0, { at, run });
  }

  #every(ms: number, run: () => readonly SchedulerEvent[]): void {
    this.#at(this.#now + ms, () => {
      this.#every(ms, run);
      return run();
    });
  }

  #onAdapter(adapter: LiveAdapter, message: Message): void {
    if (message.kind !== 'adapterCommand' || message.groupId === undefined || adapter.mood === 'dead') return;
    const { groupId: id } = message;
    if (message.command === 'shutdownWorkerGroup') return this.#stop(adapter, id);
    if (adapter.mood === 'fails') return this.#at(this.#now, () => [said(adapter.name, refusal(id))]);
    const offer = adapter.offers.find(({ capabilities }) =>
      [...message.capabilities.keys()].every((name) => capabilities.has(name)),
    );
    const group = { workers: [] as LiveWorker[], state: 'starting' as 'starting' | 'running' | 'stopping' };
    adapter.groups.set(id, group);
    if (adapter.mood === 'hangs') return;
    this.#at(this.#now + adapter.bootsMs, () => {
      if (adapter.groups.get(id) !== group || group.state !== 'starting') return [];
      group.state = 'running';
      for (let i = 1; i <= adapter.per; i++) group.workers.push(this.#boot(id, i, offer));
      return group.workers.map((one) => said(one.id, beatOfWorker(one)));
    });
  }

  #boot(id: GroupId, index: number, offer: GroupOffer | undefined): LiveWorker {
    const worker: LiveWorker = {
      id: `Worker|${id}|${String(index).padStart(32, '0')}`,
      capabilities: offer?.capabilities ?? new Map(),
      queue: [],
      draining: false,
      gone: false,
      isRunning: false,
    };
    this.#workers.set(worker.id, worker);
    this.#every(10_000, () => (worker.gone ? [] : [said(worker.id, beatOfWorker(worker))]));
    return worker;
  }

  #stop(adapter: LiveAdapter, id: GroupId): void {
    const group = adapter.groups.get(id);
    if (group !== undefined) group.state = 'stopping';
    this.#at(this.#now + 100, () => {
      adapter.groups.delete(id);
      const gone = (group?.workers ?? []).filter((one) => !one.gone);
      for (const worker of gone) worker.gone = true;
      return [
        ...gone.map((one) => said(one.id, { kind: 'disconnectRequest', worker: workerId(one.id) })),
        beatOf(adapter),
      ];
    });
  }

  #onWorker(worker: LiveWorker, message: Message): void {
    if (worker.gone) return;
    if (message.kind === 'taskBatch') {
      message.tasks.forEach((task, i) => worker.queue.push({ task, attempt: message.attempts[i] ?? 1 }));
      this.#run(worker);
    } else if (message.kind === 'drain') {
      worker.draining = message.action === 'drain';
      if (worker.draining && worker.queue.length === 0) this.#at(this.#now, () => [drained(worker)]);
    } else if (message.kind === 'takeBack') {
      const [running, ...rest] = worker.queue;
      const asked = new Set<string>(message.tasks.map(({ taskId }) => taskId));
      const returned = rest.filter(({ task }) => asked.has(task.taskId));
      worker.queue.splice(0, worker.queue.length, ...(running === undefined ? [] : [running]));
      worker.queue.push(...rest.filter(({ task }) => !asked.has(task.taskId)));
      const back = returned.map(({ task, attempt }) => ({ taskId: task.taskId, attempt }));
      this.#at(this.#now, () => [said(worker.id, { kind: 'tasksReturned', returned: back, kept: [] })]);
    }
  }

  #run(worker: LiveWorker): void {
    const [next] = worker.queue;
    if (next === undefined || worker.isRunning) return;
    worker.isRunning = true;
    const ms = this.#durations.get(trimmed(next.task.functionId)) ?? TASK_MS;
    this.#at(this.#now + ms, () => {
      if (worker.gone) return [];
      worker.isRunning = false;
      worker.queue.shift();
      this.#run(worker);
      const done = result(trimmed(next.task.taskId), { ms });
      const results: Message = { kind: 'taskResultBatch', results: [done], attempts: [next.attempt] };
      const isDrained = worker.draining && worker.queue.length === 0;
      return [said(worker.id, results), ...(isDrained ? [drained(worker)] : [])];
    });
  }

  #onClient(name: string, message: Message): void {
    if (message.kind !== 'taskResultBatch') return;
    const tasks = message.results.map(({ taskId }, i) => ({ taskId, attempt: message.attempts[i] ?? 1 }));
    this.#at(this.#now, () => [said(name, { kind: 'resultAck', tasks })]);
  }
}

const said = (from: string, message: Message): SchedulerEvent => ({
  kind: 'message',
  from: peerId(from),
  message,
});

const drained = (worker: LiveWorker): SchedulerEvent =>
  said(worker.id, { kind: 'drainStatus', status: 'drained', reason: '' });

const beatOfWorker = (worker: LiveWorker): Message => ({
  ...(workerBeat({ running: worker.isRunning }) as Extract<Message, { kind: 'workerHeartbeat' }>),
  queuedTasks: Math.max(0, worker.queue.length - 1),
  capabilities: worker.capabilities,
});

const beatOf = (adapter: LiveAdapter): SchedulerEvent =>
  said(adapter.name, {
    ...adapterBeat(adapter.name, {
      groupsMax: adapter.max,
      workersPerGroup: adapter.per,
      groups: [...adapter.groups].map(([id, { state }]) => ({ groupId: id, state, nativeId: '' })),
      offers: adapter.offers,
    }),
    capabilities: adapter.offers[0]?.capabilities ?? new Map(),
  });

const refusal = (id: GroupId): Message => ({
  kind: 'adapterCommandResponse',
  command: 'startWorkerGroup',
  groupId: id,
  status: 'workerGroupTooMuch',
  workerIds: [],
  capabilities: new Map(),
  failure: 'capacity',
  reason: 'the provider has no room',
});

/** `cpu:0.04,cpu+gpu:1.2:60000`: names, dollars per hour, billed minimum in ms. */
export const offersOf = (text: string): readonly GroupOffer[] =>
  text
    .split(',')
    .filter((one) => one !== '')
    .map((one) => {
      const [names = '', dollars = '0', minimum = '0'] = one.split(':');
      return {
        name: names,
        capabilities: caps(names),
        dollarsPerHour: Number(dollars),
        billedMinimumMs: Number(minimum),
      };
    });
