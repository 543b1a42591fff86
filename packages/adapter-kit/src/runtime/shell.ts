/** Carries out what the adapter machine decides: one `switch` over its effects. */
import type { AdapterEffect, AdapterEvent, Intent } from '@muster/core/provisioning';
import { never } from '@muster/core/machine';
import type { Note } from '@muster/core/machine';
import { decodeMessage, encodeMessage } from '@muster/protocol/codec';
import type { GroupId } from '@muster/protocol/ids';
import type { Message } from '@muster/protocol/messages';
import type { Connection, TransportEvent } from '@muster/runtime/transport';
import type { Intents } from './intents.ts';
import type { ProviderCalls } from './provider-calls.ts';

export interface Shell {
  readonly log: (note: Note) => void;
  readonly connection: Connection;
  readonly intents: Intents;
  readonly calls: ProviderCalls;
  readonly feed: (event: AdapterEvent) => void;
  readonly onExit: (left: readonly GroupId[]) => void;
}

export const applyEffect = (shell: Shell, effect: AdapterEffect): void => {
  switch (effect.kind) {
    case 'note':
      return shell.log(effect);
    case 'send':
      return sendMessage(shell, effect.message);
    case 'list':
      return shell.calls.list(effect.call);
    case 'start':
      return launch(shell, effect.call, effect.intents);
    case 'stop':
      return shell.calls.stop(effect.call, effect.groupIds, effect.reason);
    case 'abort':
      return shell.calls.abort(effect.call);
    case 'holdIntent':
      return void record(shell, 'hold', () => shell.intents.hold(effect.groupId));
    case 'leaveIntent':
      return void record(shell, 'leave', () => shell.intents.leave(effect.groupId));
    case 'closeIntent':
      return void record(shell, 'close', () => shell.intents.close(effect.groupId));
    case 'exit':
      return shell.onExit(effect.left);
    default:
      return never(effect);
  }
};

/** The intent first, then the call; without the one there is no other. */
const launch = (shell: Shell, call: number, intents: readonly Intent[]): void => {
  if (record(shell, 'open', () => shell.intents.open(intents))) return shell.calls.start(call, intents);
  const detail = 'the intent could not be recorded';
  const failures = intents.map(({ groupId }) => ({ groupId, kind: 'throttled' as const, detail }));
  shell.feed({ kind: 'startDone', call, started: [], failures });
};

/** A full disk must not end the adapter: the groups are still to be looked after. */
export const record = (shell: Pick<Shell, 'log'>, what: string, work: () => void): boolean => {
  try {
    work();
    return true;
  } catch (error) {
    shell.log(noteOf('error', 'adapter.intents.failed', { what, detail: String(error) }));
    return false;
  }
};

const sendMessage = (shell: Shell, message: Message): void => {
  const fate = shell.connection.trySend(encodeMessage(message));
  if (fate === 'full') shell.log(noteOf('debug', 'adapter.send.full', { message: message.kind }));
};

/** What the network delivered, as events; nothing a peer sends ends the adapter. */
export const eventsOf = (event: TransportEvent, log: (note: Note) => void): readonly AdapterEvent[] => {
  switch (event.kind) {
    case 'frame': {
      const message = decoded(event.frame, log);
      return message === undefined ? [] : [{ kind: 'message', message }];
    }
    case 'peerUp':
      return [{ kind: 'connection', state: 'up' }];
    case 'peerDown':
      return [{ kind: 'connection', state: 'down' }];
    case 'undelivered':
      // The next heartbeat says everything again.
      return [];
    default:
      return never(event);
  }
};

const decoded = (frame: Uint8Array, log: (note: Note) => void): Message | undefined => {
  try {
    return decodeMessage(frame);
  } catch (error) {
    log(noteOf('warn', 'adapter.frame.undecodable', { bytes: frame.byteLength, detail: String(error) }));
    return undefined;
  }
};

export const noteOf = (level: Note['level'], event: string, fields: Note['fields']): Note => ({
  kind: 'note',
  event,
  level,
  fields,
});
