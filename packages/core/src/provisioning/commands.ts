/** What the scheduler says. Nothing of it is trusted: not the ids, not the numbers, not the order. */
import { groupId as toGroupId } from '@muster/protocol/ids';
import type { Capabilities, GroupId } from '@muster/protocol/ids';
import type { GroupOffer, Message } from '@muster/protocol/messages';
import { flushAnswers, owe, reannounce, started } from './answers.ts';
import { accept, leave, refused } from './groups.ts';
import { later, note, response } from './state.ts';
import type { CommandMessage, State } from './state.ts';
import type { StartFailureKind } from './backoff.ts';
import type { AdapterMachineConfig } from './types.ts';

/** A group id becomes part of environment variables, file names and worker ids. */
const GROUP_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
/** Commands that wait for the first listing, and how long. */
const DEFERRED_MAX = 256;
const DEFERRED_MS = 10_000;

export const onMessage = (state: State, message: Message): void => {
  if (message.kind === 'adapterHeartbeatEcho') return onEcho(state, message);
  if (message.kind === 'adapterCommand') return onCommand(state, message);
  if (message.kind === 'informationResponse') return;
  note(state, 'debug', 'adapter.message.unexpected', { message: message.kind });
};

const onEcho = (state: State, echo: Extract<Message, { kind: 'adapterHeartbeatEcho' }>): void => {
  const speaks = (echo.extras?.features ?? 0) > 0 ? 'own' : 'stock';
  if (speaks !== state.speaks) {
    note(state, 'info', 'adapter.scheduler', { speaks });
    state.speaks = speaks;
    if (speaks === 'stock') reannounce(state);
  }
  state.epoch = echo.extras?.epoch ?? '';
  state.echoedAt = state.now;
  state.registered = new Set(echo.registered);
};

const onCommand = (state: State, command: CommandMessage): void => {
  if (state.adoptUntil !== undefined) return obey(state, command);
  if (state.deferred.length < DEFERRED_MAX)
    state.deferred.push({ command, latestAt: later(state.now, DEFERRED_MS) });
  else refuse(state, command, 'throttled', 'too many commands before the first listing');
};

/** Commands wait until the provider has told what exists: caps cannot be judged, nor groups adopted, before. */
export const obeyDeferred = (state: State): void => {
  const ready = state.adoptUntil !== undefined;
  const keep: State['deferred'] = [];
  for (const one of state.deferred) {
    if (ready) obey(state, one.command);
    else if (one.latestAt <= state.now)
      refuse(state, one.command, 'unknown', `the provider cannot be listed: ${state.listTrouble}`);
    else keep.push(one);
  }
  state.deferred.splice(0, state.deferred.length, ...keep);
};

const obey = (state: State, command: CommandMessage): void => {
  if (command.command === 'startWorkerGroup') onStart(state, command);
  else onShutdown(state, command);
};

const onStart = (state: State, command: CommandMessage): void => {
  const asked = command.groupId;
  const known = asked === undefined ? undefined : state.wanted.get(asked);
  if (known !== undefined) {
    owe(state, known.groupId, known.phase.name === 'held' ? started(state, known) : undefined);
    return;
  }
  const offered = offerFor(state.config, command.capabilities);
  const objection = objectionTo(state, asked, command.capabilities, offered);
  if (objection !== undefined) return refuse(state, command, objection.kind, objection.reason);
  const id = asked ?? toGroupId(`${state.config.provider}-${state.config.mintHex()}`);
  const group = accept(state, id, offered ?? state.config.capabilities);
  owe(state, group.groupId, undefined);
};

interface Objection {
  readonly kind: StartFailureKind;
  readonly reason: string;
}

const objectionTo = (
  state: State,
  asked: GroupId | undefined,
  needs: Capabilities,
  offered: Capabilities | undefined,
): Objection | undefined => {
  if (asked !== undefined && !GROUP_ID.test(asked)) return { kind: 'invalid', reason: 'malformed group id' };
  if (
    asked !== undefined &&
    (state.leaving.has(asked) || (state.ended.get(asked)?.how ?? 'failed') !== 'failed')
  )
    return { kind: 'invalid', reason: 'this group has ended; a new one needs a new id' };
  if (offered === undefined) return { kind: 'invalid', reason: whatIsMissing(state.config, needs) };
  if (state.mode.name !== 'serving') return { kind: 'quota', reason: 'the adapter is shutting down' };
  const full = state.ledger.refusal(state.wanted.size + state.leaving.size, state.now);
  if (full !== undefined) return { kind: 'quota', reason: full };
  if (state.hold !== undefined && state.hold.until > state.now)
    return { kind: state.hold.kind, reason: state.hold.detail };
  return undefined;
};

/** What a group for these needs will offer: the cheapest kind that has every name. */
const offerFor = (config: AdapterMachineConfig, needs: Capabilities): Capabilities | undefined => {
  let best: GroupOffer | undefined;
  for (const offer of offersOf(config)) {
    if (![...needs.keys()].every((name) => offer.capabilities.has(name))) continue;
    if (best === undefined || offer.dollarsPerHour < best.dollarsPerHour) best = offer;
  }
  return best?.capabilities;
};

const offersOf = (config: AdapterMachineConfig): readonly GroupOffer[] =>
  config.offers === undefined || config.offers.length === 0
    ? [{ name: '', capabilities: config.capabilities, dollarsPerHour: 0, billedMinimumMs: 0 }]
    : config.offers;

const whatIsMissing = (config: AdapterMachineConfig, needs: Capabilities): string => {
  const names = [...needs.keys()];
  const nowhere = names.find((name) => !offersOf(config).some((offer) => offer.capabilities.has(name)));
  return nowhere === undefined
    ? `this adapter does not offer ${names.map((name) => `'${name}'`).join(' and ')} together`
    : `this adapter does not offer '${nowhere}'`;
};

const refuse = (state: State, command: CommandMessage, kind: StartFailureKind, reason: string): void => {
  const { command: what, groupId } = command;
  note(state, 'debug', 'group.refused', { group: groupId ?? '', command: what, failure: kind, reason });
  if (what === 'startWorkerGroup') owe(state, groupId, refused(state, groupId, kind, reason));
  else
    owe(
      state,
      groupId,
      response(state, { command: what, groupId, status: 'workerGroupIDNotFound', failure: kind, reason }),
    );
  flushAnswers(state);
};

/** Regular heartbeats without an echo after which nobody knows whether the scheduler process is still the same. */
const ECHOES_MISSED_MAX = 3;

/**
 * Whether a stop is of the scheduler that is there now. One that was ordered by a former process may lie in the queue of an
 * adapter that stood still, and its group works for the next one. Nothing is lost: who wants a stop repeats it.
 */
const isOfNow = (state: State, { epoch }: CommandMessage): boolean => {
  if (epoch === '') return true;
  return epoch === state.epoch && state.now - state.echoedAt <= ECHOES_MISSED_MAX * state.config.heartbeatMs;
};

/** Answered at once: from here on the group is not wanted, and that is enough for it to be stopped, however long it takes. */
const onShutdown = (state: State, command: CommandMessage): void => {
  const { groupId } = command;
  if (!isOfNow(state, command)) {
    return note(state, 'warn', 'group.stop.outdated', { group: groupId ?? '', epoch: command.epoch });
  }
  const group = groupId === undefined ? undefined : state.wanted.get(groupId);
  if (group !== undefined) leave(state, group, 'asked by the scheduler');
  const heardOf =
    groupId !== undefined && (group !== undefined || state.leaving.has(groupId) || state.ended.has(groupId));
  const missing = groupId === undefined ? 'workerGroupIDNotSpecified' : 'workerGroupIDNotFound';
  owe(
    state,
    groupId,
    response(state, { command: 'shutdownWorkerGroup', groupId, status: heardOf ? 'success' : missing }),
  );
};
