/** From options to a connected client. */
import { randomBytes } from 'node:crypto';
import { instant, peerId } from '@muster/protocol/ids';
import type { Clock } from '@muster/runtime/clock';
import type { Transport } from '@muster/runtime/transport';
import { InProcess } from '../in-process/in-process.ts';
import { Fleet } from '../session/fleet.ts';
import { Session } from '../session/session.ts';
import type { OpenStore } from '../session/store-link.ts';
import { findScheduler } from './address.ts';
import { Client } from './client.ts';
import { connectionLines, type OnConnection } from './connection.ts';
import { ConnectError } from './errors.ts';
import { refuseUnknownKeys } from './keys.ts';

/** Options of `connect()`. A key that is none of these is a RangeError. */
export interface ConnectOptions {
  /** `tcp://host:port` or `ipc:///path`. Default: `MUSTER_SCHEDULER`, else the running `muster up` of this user. */
  readonly address?: string;
  /** How long to wait for the scheduler's first answer, in milliseconds. Default 5,000. */
  readonly connectTimeoutMs?: number;
  /** Silence of the scheduler, in milliseconds, after which unfinished tasks end in SchedulerUnreachableError. Default 60,000. */
  readonly schedulerTimeoutMs?: number;
  /** Bytes of arguments in memory at which maps stop taking items. Default 256 MiB. */
  readonly argumentBytesMax?: number;
  /** Called when the scheduler is lost and when it is back. Default: writes one line on stderr each. */
  readonly onConnection?: OnConnection;
  /** Runs tasks in this process, one after the other, without a scheduler: for the debugger. Not with `address`. Default false. */
  readonly inProcess?: boolean;
}

const KEYS = {
  address: true,
  connectTimeoutMs: true,
  schedulerTimeoutMs: true,
  argumentBytesMax: true,
  onConnection: true,
  inProcess: true,
} as const satisfies Record<keyof ConnectOptions, true>;

/** What the outside world is made of. */
export interface World {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly openStore: OpenStore;
}

const CONNECT_TIMEOUT_MS_DEFAULT = 5_000;
const SCHEDULER_TIMEOUT_MS_DEFAULT = 60_000;
const ARGUMENT_BYTES_MAX_DEFAULT = 256 * 1024 * 1024;

/** @throws ConnectError; RangeError for options that do not exist or contradict each other. */
export const connectIn = async (world: () => Promise<World>, options: ConnectOptions): Promise<Client> => {
  refuseUnknownKeys(options, KEYS, 'connect()');
  if (options.inProcess === true && options.address !== undefined) {
    throw new RangeError(
      `connect() takes an address or inProcess: true, not both: in process there is no scheduler at ${options.address}`,
    );
  }
  const limits = { argumentBytesMax: options.argumentBytesMax ?? ARGUMENT_BYTES_MAX_DEFAULT };
  if (options.inProcess === true) return new Client(new InProcess(), limits);
  const address = findScheduler(options.address);
  const { transport, clock, openStore } = await world();
  const identity = peerId(`Client|${randomBytes(16).toString('hex')}`);
  const connection = await transport.connect(address, { identity }).catch((cause: unknown) => {
    throw new ConnectError(
      'invalidAddress',
      `${address} cannot be connected to: ${cause instanceof Error ? cause.message : String(cause)}`,
      cause,
    );
  });
  const schedulerTimeoutMs = options.schedulerTimeoutMs ?? SCHEDULER_TIMEOUT_MS_DEFAULT;
  const onConnection = options.onConnection ?? connectionLines((line) => void process.stderr.write(line));
  const session = new Session({
    connection,
    clock,
    openStore,
    address,
    schedulerTimeoutMs,
    onConnection,
  });
  const refusal = await greeted(
    session,
    clock,
    address,
    options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS_DEFAULT,
  );
  if (refusal === undefined) return new Client(new Fleet(session), limits);
  await session.close();
  throw refusal;
};

const greeted = (
  session: Session,
  clock: Clock,
  address: string,
  timeoutMs: number,
): Promise<ConnectError | undefined> =>
  new Promise((resolve) => {
    const late = clock.wakeAt(instant(clock.now() + timeoutMs), () => {
      const fix =
        'Is it running? Start one with "muster up", or name another: connect({ address }) or MUSTER_SCHEDULER';
      resolve(
        new ConnectError(
          'unreachable',
          `no scheduler answers at ${address} (waited ${timeoutMs / 1_000} s). ${fix}`,
        ),
      );
    });
    void session.greeting.then((refusal) => {
      late.cancel();
      resolve(refusal);
    });
  });
