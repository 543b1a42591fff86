/**
 * The scheduler process: one loop around `core/scheduler`, one switch over its effects. Everything that
 * decides is in the core; everything here moves bytes.
 */
import { randomBytes } from 'node:crypto';
import { never, type Note } from '@muster/core/machine';
import { createScheduler, type Scheduler } from '@muster/core/scheduler';
import type {
  ObjectStoreState,
  SchedulerConfig,
  SchedulerEffect,
  SchedulerEvent,
  SchedulerStatus,
} from '@muster/core/scheduler-types';
import { encodeMessage } from '@muster/protocol/codec';
import { peerId, showId, type PeerId } from '@muster/protocol/ids';
import type { Message } from '@muster/protocol/messages';
import type { Clock } from '@muster/runtime/clock';
import { drive, type Drive } from '@muster/runtime/drive';
import type { Listener, Transport, TransportEvent } from '@muster/runtime/transport';
import { checkBindAddresses } from './addresses.ts';
import { createFrameReader, type BadFrame, type Query } from './frames.ts';
import { createLimiter, type Limiter } from './limiter.ts';
import { answerQuery, type QuerySource } from './queries.ts';
import type { Recorder } from './recorder.ts';
import type { StoreLink } from './store-link.ts';

export interface SchedulerShellConfig {
  /** `tcp://HOST:PORT`, `ipc://PATH`; port 0 lets the system choose. */
  readonly addresses: readonly string[];
  /** Bind addresses that other machines can reach. */
  readonly insecure: boolean;
  /** Everything the machine is told but its epoch, which is fresh for each start. */
  readonly machine: Omit<SchedulerConfig, 'epoch'>;
}

export interface SchedulerPorts {
  readonly transport: Transport;
  readonly clock: Clock;
  /** Decisions and refusals, one call each. Must not throw. */
  readonly log: (note: Note) => void;
  /** Called once the scheduler listens, with the addresses really bound. */
  readonly openStore: (bound: readonly string[]) => Promise<StoreLink>;
  /** Identity of this process run, `[0-9a-z]+`. Default: random. */
  readonly epoch?: string;
  /** Keeps what the machine is fed. Closed at the end, also of a start that fails. Default: nothing is kept. */
  readonly recorder?: Recorder | undefined;
}

/** Why a scheduler ended. `bug` carries what was thrown: the process logs it and ends with an error. */
export type SchedulerEnd =
  { readonly kind: 'exit'; readonly reason: string } | { readonly kind: 'bug'; readonly bug: unknown };

export interface RunningScheduler extends AsyncDisposable {
  readonly addresses: readonly string[];
  readonly epoch: string;
  store(): ObjectStoreState;
  status(): SchedulerStatus;
  /** Drains every group and ends when the last one is gone, or after `withinMs`. */
  shutdown(withinMs: number): void;
  /** Ends now; groups and tasks are left as they are. Any number of times. */
  stop(): Promise<void>;
  /** Resolves when everything is closed, whoever ended it. Never rejects. */
  readonly ended: Promise<SchedulerEnd>;
}

const NO_STORE: ObjectStoreState = { address: { host: '127.0.0.1', port: 0 }, path: '', epoch: '' };

const freshEpoch = (): string => BigInt(`0x${randomBytes(8).toString('hex')}`).toString(36);

/**
 * Binds, starts the object store and serves. Rejects with an AddressError, a TransportError (`EADDRINUSE` …) or
 * what `openStore` rejects with; nothing is left open then.
 */
export const startScheduler = async (
  config: SchedulerShellConfig,
  ports: SchedulerPorts,
): Promise<RunningScheduler> => {
  try {
    return await start(config, ports);
  } catch (error) {
    await ports.recorder?.close();
    throw error;
  }
};

const start = async (config: SchedulerShellConfig, ports: SchedulerPorts): Promise<RunningScheduler> => {
  checkBindAddresses(config.addresses, config.insecure);
  const epoch = ports.epoch ?? freshEpoch();
  const listener = await ports.transport.listen(config.addresses, {
    identity: peerId(`${process.pid}|scheduler|${epoch}`),
  });
  let store: StoreLink;
  try {
    store = await ports.openStore(listener.addresses);
  } catch (error) {
    await listener.close();
    throw error;
  }
  const now = ports.clock.now();
  const machineConfig = { ...config.machine, epoch };
  const machine = createScheduler(machineConfig, now);
  const driven = ports.recorder?.attach(machine, machineConfig, now) ?? machine;
  return serve(driven, epoch, listener, store, ports, config.machine.protected);
};

const serve = (
  machine: Scheduler,
  epoch: string,
  listener: Listener,
  store: StoreLink,
  ports: SchedulerPorts,
  isProtected: boolean,
): RunningScheduler => {
  let storeState = NO_STORE;
  let ending: Promise<void> | undefined;
  let markEnded: (end: SchedulerEnd) => void;
  const ended = new Promise<SchedulerEnd>((resolve) => (markEnded = resolve));

  const end = (why: SchedulerEnd): Promise<void> => {
    ending ??= (async (): Promise<void> => {
      loop.stop();
      limiter.stop();
      const closed = await Promise.allSettled([
        listener.close(),
        store.close(why.kind === 'bug' ? 'release' : 'stop'),
        ports.recorder?.close(),
      ]);
      for (const one of closed)
        if (one.status === 'rejected') note('warn', 'scheduler.closeFailed', { error: String(one.reason) });
      markEnded(why);
    })();
    return ending;
  };
  const note = (level: Note['level'], event: string, fields: Note['fields']): void =>
    ports.log({ kind: 'note', level, event, fields });

  const limiter = createLimiter(ports.clock);
  const send = (to: PeerId, message: Message): void => {
    if (listener.trySend(to, encodeMessage(message)) === 'full')
      loop.feed([{ kind: 'undelivered', peer: to, message, why: 'full' }]);
  };
  const hands: Hands = { send, store, log: ports.log, end };
  const loop: Drive<SchedulerEvent> = drive<SchedulerEvent, SchedulerEffect>(
    machine,
    ports.clock,
    { kind: 'deadline' },
    (effects) => effects.forEach((effect) => carryOut(effect, hands)),
    (bug) => void end({ kind: 'bug', bug }),
  );

  store.onState((state) => {
    storeState = state;
    loop.feed([{ kind: 'objectStore', state }]);
  });
  listener.onTurn(createTurnHandler({ machine, loop, ports, isProtected, send, note, limiter }));
  note('info', 'scheduler.listening', { addresses: listener.addresses.join(' '), epoch });
  return {
    addresses: listener.addresses,
    epoch,
    store: () => storeState,
    status: () => machine.status(ports.clock.now()),
    shutdown: (withinMs) => loop.feed([{ kind: 'operator', request: { action: 'shutdown', withinMs } }]),
    stop: () => end({ kind: 'exit', reason: 'stopped' }),
    ended,
    [Symbol.asyncDispose]: () => end({ kind: 'exit', reason: 'stopped' }),
  };
};

interface Hands {
  send(to: PeerId, message: Message): void;
  readonly store: StoreLink;
  log(note: Note): void;
  end(why: SchedulerEnd): Promise<void>;
}

/** The one switch over effects. */
const carryOut = (effect: SchedulerEffect, hands: Hands): void => {
  switch (effect.kind) {
    case 'send':
      return hands.send(effect.to, effect.message);
    case 'deleteObjects':
      return hands.store.delete(effect.ids);
    case 'note':
      return hands.log(effect);
    case 'exit':
      return void hands.end({ kind: 'exit', reason: effect.reason });
    default:
      never(effect);
  }
};

interface TurnHandlerParts {
  readonly machine: Scheduler;
  readonly loop: Drive<SchedulerEvent>;
  readonly ports: SchedulerPorts;
  readonly isProtected: boolean;
  send(to: PeerId, message: Message): void;
  note(level: Note['level'], event: string, fields: Note['fields']): void;
  readonly limiter: Limiter;
}

const PEER_SHOWN_MAX = 64;

/** A peer names itself, with as many bytes as it likes. */
const showPeer = (peer: PeerId): string => {
  const shown = showId(peer);
  return shown.length <= PEER_SHOWN_MAX ? shown : `${shown.slice(0, PEER_SHOWN_MAX)}…`;
};

/** Reads a turn, feeds its events at once, then answers the operators' questions about the state after it. */
const createTurnHandler = ({
  machine,
  loop,
  ports,
  isProtected,
  send,
  note,
  limiter,
}: TurnHandlerParts): ((turn: readonly TransportEvent[]) => void) => {
  const reader = createFrameReader();
  const answer = ({ from, request }: Query, source: QuerySource): void => {
    const { answer: body, operate } = answerQuery(request, source, isProtected);
    send(from, { kind: 'informationResponse', response: new TextEncoder().encode(JSON.stringify(body)) });
    if (operate === undefined) return;
    note('info', 'operator.asked', { peer: showPeer(from), action: operate.action });
    loop.feed([{ kind: 'operator', request: operate }]);
  };
  const reject = ({ from, code, bytes, error }: BadFrame): void =>
    limiter.admit(`${from} ${code}`, (times) =>
      note('warn', 'frame.dropped', { peer: showPeer(from), code, bytes, error, times }),
    );
  return (turn) => {
    const events: SchedulerEvent[] = [];
    const queries: Query[] = [];
    reader.read(turn, {
      event: (event, frame) => {
        events.push(event);
        if (frame !== undefined) ports.recorder?.arrived(event, frame);
      },
      query: (query) => void queries.push(query),
      bad: reject,
    });
    if (events.length > 0) loop.feed(events);
    if (queries.length === 0) return;
    // Many questions in one turn cost one look at the state.
    let seen: SchedulerStatus | undefined;
    const source: QuerySource = {
      status: () => (seen ??= machine.status(ports.clock.now())),
      explain: (query) => machine.explain(query, ports.clock.now()),
    };
    for (const query of queries) answer(query, source);
  };
};
