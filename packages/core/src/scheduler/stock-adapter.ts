/**
 * Everything that is different with an adapter of the stock system: it mints group ids itself, lists nothing,
 * answers without saying to what, and its workers do not name their group.
 *
 * S1 At most one start is in flight for each stock adapter; the next answer to a start names it.
 * S2 An answer that names a group which nobody asked for any more gets a shutdown.
 * S3 A worker joins the group whose answer named it, else the oldest group of a stock adapter that still lacks
 *    workers: by arrival.
 * S4 A group is stopped only when its workers hold nothing; 'not found' means forget it.
 * S5 When several groups lacked workers, or a worker that was started by hand came between, which worker is
 *    whose is a guess. Guessed groups are stopped when no stock task is left at all: else the one that is stopped
 *    might be the one that works. One that seems to have no worker is not stopped before either, up to a limit.
 *    A group that is not `guessed` has only workers that the answer named, or every stock worker without a group
 *    came before it was asked for. It becomes a guess when that ends, never by being looked at.
 *
 * One hole stays: when the answer to a start is lost, nobody can name that group, so nobody can stop it; its
 * workers show up as workers without a group.
 */
import { groupId, NO_CAPABILITIES, workerId } from '@muster/protocol/ids';
import type { GroupId, Instant, WorkerId } from '@muster/protocol/ids';
import type { AdapterCommandResponse, Message } from '@muster/protocol/messages';
import type { Adapter } from './adapter.ts';
import type { Group } from './group.ts';
import type { SchedulerState } from './state.ts';
import type { Worker } from './worker.ts';

export const startCommand = (state: SchedulerState, group: Group): Message => ({
  kind: 'adapterCommand',
  command: 'startWorkerGroup',
  groupId: group.adapter.own ? group.id : undefined,
  capabilities: group.capabilities,
  epoch: epochFor(state, group.adapter),
});

/** Ends a group; only ours can tell it from what a former scheduler ordered. */
export const stopCommand = (state: SchedulerState, adapter: Adapter, id: GroupId): Message => ({
  kind: 'adapterCommand',
  command: 'shutdownWorkerGroup',
  groupId: id,
  capabilities: NO_CAPABILITIES,
  epoch: epochFor(state, adapter),
});

const epochFor = (state: SchedulerState, adapter: Adapter): string => (adapter.own ? state.config.epoch : '');

/** No answer has named it, so no command can. */
export const isNameless = (group: Group): boolean => group.adapter.starting === group;

export type StockAnswer =
  | {
      readonly kind: 'started';
      readonly group: Group;
      readonly id: GroupId;
      readonly workers: readonly WorkerId[];
    }
  | { readonly kind: 'startFailed'; readonly group: Group }
  | { readonly kind: 'stopped'; readonly group: Group }
  | { readonly kind: 'notFound'; readonly group: Group }
  /** S2 */
  | { readonly kind: 'unwanted'; readonly id: GroupId }
  | { readonly kind: 'ignored'; readonly why: string };

/** What an answer of a stock adapter means, by sender and order, because it carries nothing else. */
export const readAnswer = (
  state: SchedulerState,
  adapter: Adapter,
  response: AdapterCommandResponse,
): StockAnswer => {
  const { groupId: id, status, command } = response;
  if (command === 'startWorkerGroup') {
    const group = adapter.starting;
    if (status === 'success' && id !== undefined) {
      const known = state.groups.get(id);
      if (known !== undefined) return { kind: 'ignored', why: 'it names a group that is known' };
      return group === undefined
        ? { kind: 'unwanted', id }
        : { kind: 'started', group, id, workers: response.workerIds.map((worker) => workerId(worker)) };
    }
    return group === undefined
      ? { kind: 'ignored', why: 'no start is in flight' }
      : { kind: 'startFailed', group };
  }
  const group = id === undefined ? undefined : state.groups.get(id);
  if (group === undefined || group.adapter !== adapter) return { kind: 'ignored', why: 'unknown group' };
  if (status === 'success' || status === 'workerGroupShutdown') return { kind: 'stopped', group };
  return status === 'workerGroupIDNotFound' ? { kind: 'notFound', group } : { kind: 'ignored', why: status };
};

/** The group goes by its real name from here on. */
export const nameGroup = (
  state: SchedulerState,
  group: Group,
  id: GroupId,
  workers: readonly WorkerId[],
): void => {
  state.groups.delete(group.id);
  group.id = groupId(id);
  group.life.id = group.id;
  state.groups.set(group.id, group);
  group.adapter.starting = undefined;
  group.announced = new Set<string>(workers);
  if (group.state.phase === 'requested') group.state.confirmed = true;
};

/** S3. A group is a guess when the worker might as well have been another one's (S5). */
export const attributeByArrival = (state: SchedulerState, worker: Worker): Group | undefined => {
  if (worker.own || state.adapters.size === 0) return undefined;
  const candidates: Group[] = [];
  for (const group of state.groups.values()) {
    if (group.adapter.own) continue;
    if (group.announced.has(worker.id)) return group;
    const lacks = group.workers.size < group.adapter.workersPerGroup;
    if (lacks && (group.phase === 'requested' || group.phase === 'running')) candidates.push(group);
  }
  if (candidates.length > 1) for (const group of candidates) group.guessed = true;
  return candidates.find((group) => !isNameless(group));
};

/** Workers without a group that arrived after this start was sent: they are taken for its. */
export const arrivedSince = (state: SchedulerState, group: Group): readonly Worker[] => {
  if (group.state.phase !== 'requested') return [];
  const { sentAt } = group.state;
  const missing = group.adapter.workersPerGroup - group.workers.size;
  const found: Worker[] = [];
  for (const worker of state.stockStrays) {
    if (found.length >= missing) break;
    if (group.announced.has(worker.id) || worker.registeredAt >= sentAt) found.push(worker);
  }
  return found;
};

export interface Stoppable {
  readonly group: Group;
  readonly idleSince: Instant | undefined;
}

/** S5. Which of these idle groups of a stock adapter may be stopped, longest idle first. Changes nothing. */
export const stoppable = (state: SchedulerState, idle: Iterable<Group>): readonly Stoppable[] => {
  const may: Stoppable[] = [];
  let guessed: { readonly idleSince: Instant | undefined } | 'busy' | undefined;
  for (const group of idle) {
    if (!group.guessed) may.push({ group, idleSince: group.idleSince });
    else {
      guessed ??= guessedIdle(state);
      if (guessed !== 'busy') may.push({ group, idleSince: guessed.idleSince });
    }
  }
  return may.sort((one, other) => (one.idleSince ?? 0) - (other.idleSince ?? 0));
};

/** Since when none of the guessed groups has worked. */
const guessedIdle = (state: SchedulerState): { readonly idleSince: Instant | undefined } | 'busy' => {
  if (state.stock.tasks > 0) return 'busy';
  let idleSince: Instant | undefined;
  for (const group of state.groups.values()) {
    if (!group.guessed || group.phase !== 'running') continue;
    if (group.idleSince === undefined) return 'busy';
    idleSince = latest(idleSince, group.idleSince);
  }
  return { idleSince };
};

/** S5. A stock worker has no group: it may be any of theirs that were asked for before it came. */
export const doubtAll = (state: SchedulerState, stray: Worker): void => {
  for (const group of state.groups.values()) if (mayBelongTo(stray, group)) group.guessed = true;
};

/** S5. The group is new, has got its name, or other workers than before. */
export const doubt = (state: SchedulerState, group: Group): void => {
  if (isDoubtful(state, group)) group.guessed = true;
};

export const isDoubtful = (state: SchedulerState, group: Group): boolean => {
  if (group.adapter.own) return false;
  for (const worker of state.stockStrays) if (mayBelongTo(worker, group)) return true;
  return false;
};

const mayBelongTo = (stray: Worker, group: Group): boolean =>
  !group.adapter.own && stray.registeredAt >= group.bornAt && !isNamedInFull(group);

/** S5. How much longer a group that seems to have no worker is kept: its worker may pass for another group's, and work. */
export const doubtMs = (state: SchedulerState, group: Group): number => {
  const seemsEmpty = group.phase === 'requested' || group.phase === 'running';
  if (!group.guessed || !seemsEmpty || !mayWorkUnknown(state)) return 0;
  const left = group.since + state.config.pendingTimeoutMs - state.now;
  return left <= 0 ? 0 : Math.min(left, state.config.startTimeoutMs);
};

/** Whether a worker runs something whose group is a guess, or not known. */
const mayWorkUnknown = (state: SchedulerState): boolean => {
  if (state.stock.tasks === 0) return false;
  for (const worker of state.stockStrays) if (worker.holds.length > 0) return true;
  for (const group of state.groups.values()) if (group.guessed && group.busy > 0) return true;
  return false;
};

/** All its workers are those that the answer to its start named. */
const isNamedInFull = (group: Group): boolean => {
  for (const worker of group.workers) if (!group.announced.has(worker.id)) return false;
  return group.workers.size > 0;
};

const latest = (one: Instant | undefined, other: Instant): Instant =>
  one === undefined || one < other ? other : one;
