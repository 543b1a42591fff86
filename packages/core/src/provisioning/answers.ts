/** What the scheduler is told about groups, in the words that it understands. */
import type { GroupId } from '@muster/protocol/ids';
import type { AdapterCommandResponse, CommandStatus, FailureKind } from '@muster/protocol/messages';
import { later, response, send } from './state.ts';
import type { State, Wanted } from './state.ts';

/** A stock scheduler that hears nothing for longer orders one more group. */
const STOCK_ANSWER_MS = 5_000;
const ANSWERS_MAX = 1_024;

/** Promises an answer to a command; `message` is already known or comes by {@link settleStart}. */
export const owe = (
  state: State,
  groupId: GroupId | undefined,
  message: AdapterCommandResponse | undefined,
): void => {
  if (
    message === undefined &&
    state.answers.some((one) => one.groupId === groupId && one.message === undefined)
  )
    return;
  state.answers.push({ groupId, message, latestAt: later(state.now, STOCK_ANSWER_MS) });
};

/** Gives the outcome of a start to whoever waits for it. @returns whether anybody did. */
export const settleStart = (state: State, groupId: GroupId, message: AdapterCommandResponse): boolean => {
  let waited = false;
  for (const answer of state.answers) {
    if (answer.groupId !== groupId || answer.message !== undefined) continue;
    answer.message = message;
    waited = true;
  }
  return waited;
};

export const started = (state: State, group: Wanted): AdapterCommandResponse =>
  response(state, { command: 'startWorkerGroup', groupId: group.groupId, status: 'success', of: group });

/** Status of a group that nobody asked about; stock schedulers have no ear for it. */
export const tell = (
  state: State,
  groupId: GroupId,
  status: CommandStatus,
  failure: FailureKind,
  reason: string,
): void => {
  if (state.speaks === 'own')
    send(state, response(state, { command: 'none', groupId, status, failure, reason }));
};

/** The scheduler of ours renews a start's deadline for each of these. Called with every regular heartbeat. */
export const tellPending = (state: State): void => {
  for (const group of state.wanted.values()) {
    if (isUp(state, group) || state.now - group.acceptedAt < state.config.heartbeatMs) continue;
    tell(state, group.groupId, 'pending', 'none', group.detail);
  }
};

/** Whether a group has come up, by the provider's word or by its workers'. */
export const isUp = (state: State, group: Wanted): boolean =>
  group.cameUp ||
  state.registered.has(group.groupId) ||
  (trustsProvider(state) && group.phase.name === 'held' && group.phase.instance.state === 'running');

const trustsProvider = ({ config, speaks }: State): boolean =>
  config.upBy !== 'workers' || speaks === 'stock';

/** A stock scheduler forgets groups when it restarts or loses us; this is how it learns of them again. */
export const reannounce = (state: State): void => {
  for (const group of state.wanted.values())
    if (group.phase.name === 'held') send(state, started(state, group));
};

/** Sends what is known: to a stock scheduler strictly in the order of its commands, since it has no other way to match. */
export const flushAnswers = (state: State): void => {
  const keep: State['answers'] = [];
  for (const answer of state.answers) {
    if (answer.message === undefined && state.speaks !== 'own' && isLate(state, answer)) {
      const group = answer.groupId === undefined ? undefined : state.wanted.get(answer.groupId);
      if (group !== undefined) answer.message = started(state, group);
    }
    const blocked = state.speaks !== 'own' && keep.length > 0;
    if (answer.message === undefined || blocked) keep.push(answer);
    else send(state, answer.message);
  }
  state.answers.splice(0, state.answers.length, ...keep);
};

const isLate = (state: State, answer: State['answers'][number]): boolean =>
  answer.latestAt <= state.now || state.answers.length > ANSWERS_MAX;
