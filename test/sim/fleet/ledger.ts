/** Watches what everybody says, keeps count of the transitions, and knows when a promise is broken. */
import type { Note } from '@muster/core/machine';
import type { GroupId, PeerId, TaskId } from '@muster/protocol/ids';
import type { AdapterCommandResponse, Message } from '@muster/protocol/messages';
import type { SimTask, TaskEnd } from './book.ts';
import { Flapping } from './flapping.ts';
import type { Fleet } from './fleet.ts';
import type { Watcher } from './hub.ts';
import { checkNoRunaway } from './runaway.ts';
import { Limits } from './limits.ts';
import type { ProviderGroup } from './provider.ts';
import type { StockAdapter } from './stock.ts';
import { Coverage } from './tables.ts';
import type { Transition } from './tables.ts';
import type { SimWorker } from './worker.ts';
import { Violation } from './world.ts';

type Phase = 'requested' | 'running' | 'draining' | 'stopping';
type Place = 'assigned' | 'canceling';

const DRAIN_TRANSITIONS: Readonly<Record<string, Transition>> = {
  scaleDown: 'running → draining: scale-down',
  operator: 'running → draining: operator',
  worker: 'running → draining: its workers drain',
};

export class Ledger implements Watcher {
  readonly coverage = new Coverage();
  readonly #fleet: Fleet;
  readonly #flapping: Flapping;
  readonly #limits: Limits;
  #groups = new Map<string, Phase>();
  #causes = new Map<string, string>();
  /** Groups whose latest order to stop came from scaling alone. */
  readonly #voluntary = new Set<string>();
  /** Why each group was last ordered to stop. */
  readonly #reasons = new Map<string, string>();
  /** Workers that the scheduler believes to be gone. */
  #lost = new Set<string>();
  /** Adapters that the scheduler does not hear: what starts there is no capacity to it. */
  #silent = new Set<string>();
  #places = new Map<TaskId, Place>();
  #results = new Map<string, Map<TaskId, string>>();
  /** Their clients asked to cancel them. Stock workers are also sent a cancel to move a task. */
  readonly #unwished = new Set<TaskId>();
  /** Groups whose adapter said that they will not start, and when. */
  readonly failedStarts = new Map<string, number>();
  /** Groups of stock adapters that nobody can name any more: the hole that the stock wire leaves. */
  readonly stockGroups = new Set<GroupId>();

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
    this.#flapping = new Flapping(fleet);
    this.#limits = new Limits(fleet);
  }

  /** `compat=stock` stops what runs, as the stock system does. */
  get #keepsPromises(): boolean {
    return this.#fleet.scenario.scheduler.compat === 'own';
  }

  onSchedulerStart(epoch: string): void {
    this.#groups = new Map();
    this.#causes = new Map();
    this.#lost = new Set();
    this.#silent = new Set();
    this.#places = new Map();
    this.#results = new Map();
    // What a former scheduler ordered may reach its adapter after workers have begun tasks of the next one.
    this.#voluntary.clear();
    this.failedStarts.clear();
    this.#flapping.onSchedulerStart();
    this.#limits.onSchedulerStart();
    this.#fleet.world.say(epoch, 'starts');
  }

  onSchedulerNote(_epoch: string, { event, fields }: Note): void {
    this.coverage.count(`note ${event}`);
    const group = String(fields['group'] ?? '');
    const reason = String(fields['reason'] ?? '');
    if (event.startsWith('group.')) return this.#onGroupNote(event, group, reason, fields);
    switch (event) {
      case 'scaling.decided':
        this.#countDecision(fields);
        this.#flapping.onDecided(fields);
        this.#limits.onDecided(fields, this.#silent);
        return this.#onDecided(fields);
      case 'scaling.held':
        return this.#countDecision(fields);
      case 'adapter.backoff':
        return this.#limits.onBackoff(fields);
      case 'adapter.lost':
        this.#flapping.onAdapterLost(String(fields['adapter']));
        return void this.#silent.add(String(fields['adapter']));
      case 'adapter.back':
        return void this.#silent.delete(String(fields['adapter']));
      case 'worker.registered':
        return void this.#lost.delete(String(fields['worker']));
      case 'worker.lost':
        return void this.#lost.add(String(fields['worker']));
      case 'client.gone':
        return void this.#results.delete(String(fields['client']));
      case 'task.requeued':
        return this.coverage.took('assigned → waiting: worker lost');
      case 'task.failed.lost':
        return this.coverage.took('assigned → finished: too many losses');
      case 'task.recovered':
        return this.coverage.took('– → assigned: recovered');
      case 'tasks.undelivered':
        return this.coverage.took('assigned → waiting: undelivered');
      default:
        return;
    }
  }

  #onGroupNote(event: string, group: string, reason: string, fields: Note['fields']): void {
    const before = this.#groups.get(group);
    const enter = (phase: Phase | undefined, transition: Transition | undefined): void => {
      if (phase === undefined) this.#groups.delete(group);
      else this.#groups.set(group, phase);
      if (transition !== undefined) this.coverage.took(transition);
    };
    switch (event) {
      case 'group.requested':
        this.#limits.onRequested(group, String(fields['adapter']));
        return enter('requested', '– → requested: wanted');
      case 'group.adopted':
        this.failedStarts.delete(group);
        this.#flapping.onAdopted(group);
        this.#limits.onKnown(group, String(fields['adapter']));
        if (fields['phase'] === 'stopping') return enter('stopping', '– → stopping: adopted while it stops');
        return enter('requested', '– → requested: adopted');
      case 'group.running':
        this.#flapping.onGroupRunning(String(fields['adapter']), group, Number(fields['afterMs']));
        return enter('running', 'requested → running: first worker');
      case 'group.draining':
        if (fields['cause'] === 'scaleDown') {
          this.#checkIdle(group);
          this.#limits.onLetGo(group, String(fields['adapter']));
        }
        this.#causes.set(group, String(fields['cause']));
        return enter('draining', DRAIN_TRANSITIONS[String(fields['cause'])]);
      case 'group.drain.timeout':
        // What was called off may be chosen again at once: it is idle.
        if (fields['cause'] === 'scaleDown') return enter('running', 'draining → running: called off');
        this.#checkPhase(group, 'stopping');
        return this.coverage.took('draining → stopping: drain deadline');
      case 'group.start.timeout':
        return this.coverage.took('requested → stopping: start deadline');
      case 'group.stop.timeout':
        return this.coverage.took('stopping → stopping: stop deadline');
      case 'group.stopping':
        return this.#onStopping(group, before, reason);
      case 'group.gone':
        return enter(undefined, goneTransition(before, reason));
      default:
        return;
    }
  }

  /** Answers of a stock adapter do not say to what: only one start may wait for one. */
  #checkStockStarts(adapter: string): void {
    const groups = this.#fleet.scheduler.status()?.groups ?? [];
    const nameless = groups.filter((one) => one.adapter === adapter && /^g-e\d+-/.test(one.id));
    if (nameless.length > 1)
      throw new Violation('wire', `${nameless.length} starts are in flight at ${adapter}`);
  }

  /** Where a deadline leads, by the group table. */
  #checkPhase(group: string, phase: Phase): void {
    const found = this.#fleet.scheduler.status()?.groups.find((one) => one.id === group)?.phase;
    if (found !== undefined && found !== phase)
      throw new Violation('P5', `${group} is ${found} after its deadline, not ${phase}`);
  }

  /** Scale-down chooses idle groups only. */
  #checkIdle(group: string): void {
    const held = this.#fleet.scheduler.status()?.groups.find((one) => one.id === group)?.held ?? 0;
    if (held > 0 && this.#keepsPromises)
      throw new Violation('P4', `scale-down chose ${group}, which holds ${held} tasks`);
  }

  /** Rules and limits by name, without their numbers. */
  #countDecision(fields: Note['fields']): void {
    this.coverage.count(`rule ${String(fields['policy'])} ${String(fields['rule'])}`);
    const limit = String(fields['limit'] ?? '').split(/[:=]/)[0] ?? '';
    if (limit !== '') this.coverage.count(`limit ${limit.replace(/\d+/g, 'n')}`);
  }

  /** The caps hold for the scheduler, too, and it starts no more than the tasks need. */
  #onDecided(fields: Note['fields']): void {
    const adapter = String(fields['adapter']);
    const from = Number(fields['from']);
    const to = Number(fields['to']);
    const { adapters, scheduler } = this.#fleet;
    const decided = adapters.find((one) => one.config.adapterId === adapter);
    const status = scheduler.status();
    if (decided === undefined || status === undefined || to <= from) return;
    if (to > decided.config.caps.groupsMax)
      throw new Violation('P3', `${to} groups are wanted of ${adapter}`);
    const heard = adapters.filter(({ config }) => !this.#silent.has(config.adapterId));
    // Floors are kept whatever there is to do.
    if (/^(min|warm)_groups/.test(String(fields['limit'] ?? ''))) return;
    checkNoRunaway(this.#fleet, heard, status, adapter);
  }

  #onStopping(group: string, before: Phase | undefined, reason: string): void {
    this.#groups.set(group, 'stopping');
    const voluntary =
      before === 'running'
        ? reason !== 'it has had no live worker for too long'
        : reason === 'drained' && this.#causes.get(group) === 'scaleDown';
    if (voluntary) this.#voluntary.add(group);
    this.#reasons.set(group, reason);
    if (before === 'draining' && reason === 'drained') this.coverage.took('draining → stopping: drained');
    if (before === 'running' && !voluntary) this.coverage.took('running → stopping: no live worker');
  }

  onAdapterNote(_adapter: string, { event }: Note): void {
    this.coverage.count(`adapter ${event}`);
  }

  onWorkerNote({ event }: Note): void {
    this.coverage.count(`worker ${event}`);
  }

  onWorkerExit(worker: SimWorker, reason: string): void {
    this.coverage.count(`exit ${reason.replace(/\d+/g, 'n')}`);
    // What it runs now is cut, and nothing but time, an operator or the provider may do that.
    this.#fleet.world.say(worker.id, `leaves ${worker.running?.id ?? 'nothing'}`);
  }

  onHeard(from: PeerId, message: Message): void {
    if (message.kind === 'resultAck') this.coverage.took('finished → gone: acknowledged');
    else if (message.kind === 'taskResultBatch') this.#limits.onResult(from);
    else if (message.kind === 'taskCancel') this.#unwished.add(message.taskId);
    else if (message.kind === 'tasksReturned' && message.returned.length > 0)
      this.coverage.took('assigned → waiting: given back');
    else if (message.kind === 'adapterCommandResponse') this.#onAnswer(message);
    else if (message.kind === 'tasksHeld' && message.tasks.length > 0)
      this.coverage.count(`held ${from.slice(0, 6)}`);
  }

  #onAnswer({ command, status, failure, groupId }: AdapterCommandResponse): void {
    this.coverage.count(`answer ${status} ${failure}`);
    if (
      command !== 'startWorkerGroup' ||
      groupId === undefined ||
      status === 'success' ||
      status === 'pending'
    )
      return;
    this.failedStarts.set(groupId, this.#fleet.world.now);
  }

  onSaid(_epoch: string, to: PeerId, message: Message): void {
    switch (message.kind) {
      case 'task':
        return this.#onAssigned(message.task.taskId);
      case 'taskBatch':
        for (const { taskId } of message.tasks) this.#onAssigned(taskId);
        return;
      case 'taskCancel':
        if (this.#places.get(message.taskId) !== 'assigned' || !this.#unwished.has(message.taskId)) return;
        this.#places.set(message.taskId, 'canceling');
        return this.coverage.took('assigned → canceling');
      case 'adapterCommand':
        if (message.groupId === undefined) this.#checkStockStarts(to);
        return;
      case 'taskCancelConfirm':
        return this.#onConfirmed(message.taskId, message.confirm);
      case 'taskResult':
        return this.#onResult(to, message.result.taskId, message.result.outcome);
      case 'taskResultBatch':
        return message.results.forEach(({ taskId, outcome }, at) =>
          this.#onResult(to, taskId, `${outcome} of attempt ${message.attempts[at] ?? 0}`),
        );
      default:
        return;
    }
  }

  #onAssigned(id: TaskId): void {
    this.#places.set(id, 'assigned');
    this.coverage.took('waiting → assigned');
  }

  #onConfirmed(id: TaskId, confirm: string): void {
    const place = this.#places.get(id);
    if (confirm === 'canceled') {
      this.coverage.took(place === 'canceling' ? 'canceling → canceled' : 'waiting → canceled');
      this.#places.delete(id);
    } else if (confirm === 'cancelFailed' && place === 'canceling') {
      this.coverage.took('canceling → assigned: cancel failed');
      this.#places.set(id, 'assigned');
    }
  }

  /** One scheduler gives one client one result of a task, however often it is sent (P1). */
  #onResult(client: string, id: TaskId, result: string): void {
    let results = this.#results.get(client);
    if (results === undefined) this.#results.set(client, (results = new Map()));
    const before = results.get(id);
    if (before !== undefined && before !== result)
      throw new Violation('P1', `${id} ended twice: ${before}, and ${result}`);
    if (before === undefined)
      this.coverage.took(
        this.#places.get(id) === 'canceling' ? 'canceling → finished: result' : 'assigned → finished: result',
      );
    results.set(id, result);
    this.#places.delete(id);
  }

  onTaskEnd(task: SimTask, end: TaskEnd): void {
    if (task.end !== undefined)
      throw new Violation('P1', `${task.id} ended as ${task.end}, and then as ${end}`);
    if (end === 'success' && task.outcome === 'failed')
      throw new Violation('P1', `${task.id} cannot succeed`);
    task.end = end;
    this.coverage.count(`end ${end}`);
  }

  /** P4: what scaling stops runs nothing that anybody waits for. @param why what the adapter says */
  onProviderStop(group: ProviderGroup, why: string): void {
    const { id } = group;
    const cut = (group.host?.workers ?? []).filter((worker) => {
      const task = worker.running;
      return task !== undefined && this.#fleet.book.isWanted(task.id) && !this.#lost.has(worker.id);
    });
    if (cut.length === 0) return;
    const isAsked = why === 'asked by the scheduler';
    this.coverage.count(`cut: ${why}${isAsked ? `: ${this.#reasons.get(id) ?? 'without a decision'}` : ''}`);
    if (isAsked && this.#keepsPromises && (this.#voluntary.has(id) || !this.#reasons.has(id)))
      throw new Violation('P4', `scale-down stops ${id} while ${cut[0]?.running?.id ?? ''} runs there`);
  }

  onStockStart(adapter: StockAdapter, id: GroupId): void {
    this.stockGroups.add(id);
    this.#fleet.world.say(adapter.process.name, `started ${id}`);
  }

  onStockStop(id: GroupId, running: SimTask | undefined): void {
    if (running === undefined || !this.#fleet.book.isWanted(running.id)) return;
    const reason = this.#reasons.get(id) ?? 'nobody ordered it';
    this.coverage.count(`cut (stock): ${reason}`);
    if (this.#voluntary.has(id) && this.#fleet.isStockCertain && this.#keepsPromises)
      throw new Violation('P4', `scale-down stops the stock group ${id} while ${running.id} runs there`);
  }
}

const goneTransition = (before: Phase | undefined, reason: string): Transition | undefined => {
  if (before === 'requested')
    return reason === 'it ended while it started'
      ? 'requested → gone: ended while it started'
      : reason.startsWith('start failed')
        ? 'requested → gone: start failed'
        : undefined;
  if (before === 'running')
    return reason === 'its adapter no longer lists it' ? 'running → gone: not listed' : undefined;
  return before === 'stopping' ? 'stopping → gone: stopped' : undefined;
};
