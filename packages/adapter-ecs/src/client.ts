/** The SDK's client: loaded when it is first needed, and made anew when its credentials have gone bad. */
import { readFileSync } from 'node:fs';
import type { AgentOptions } from 'node:https';
import type * as EcsSdk from '@aws-sdk/client-ecs';
import type { ECSClient, ECSClientConfig } from '@aws-sdk/client-ecs';
import { instant } from '@muster/protocol/ids';
import type { Clock } from '@muster/runtime/clock';
import { proxyAgent, proxyFor } from './proxy.ts';

export type Sdk = typeof EcsSdk;

export interface ClientOptions {
  /** Undefined: what the SDK finds in AWS_REGION or the profile. */
  readonly region: string | undefined;
  /** Assumed with the credentials of the default chain; undefined: those are used as they are. */
  readonly roleArn: string | undefined;
  /** Where HTTPS_PROXY, NO_PROXY and AWS_CA_BUNDLE are read. The SDK itself reads the process's environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface Client {
  get(): Promise<{ readonly sdk: Sdk; readonly client: ECSClient }>;
  /** '' where none is set. */
  region(): Promise<string>;
  /**
   * Looks for credentials anew, at most once in a while.
   * @returns whether the next call will use what was found.
   */
  renew(): boolean;
  close(): void;
}

/** More sockets than calls at once, so that a stop never waits for one. */
const SOCKETS_MAX = 256;
const CONNECT_TIMEOUT_MS = 3_000;
const REQUEST_TIMEOUT_MS = 20_000;
/** Between two searches for credentials: a role that is gone is not asked for with every call. */
const RENEW_GAP_MS = 5_000;
/** Longer than any call. */
const LINGER_MS = 30_000;

export const ecsClient = (options: ClientOptions, clock: Clock): Client => {
  let made: Promise<{ readonly sdk: Sdk; readonly client: ECSClient }> | undefined;
  let renewedAt = -Infinity;
  const destroy = (old: typeof made): void =>
    void old?.then(
      ({ client }) => client.destroy(),
      () => undefined,
    );
  const close = (): void => {
    destroy(made);
    made = undefined;
  };
  const get = (): ReturnType<Client['get']> => {
    made ??= make(options).catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
  return {
    get,
    region: async () => {
      const { client } = await get();
      return client.config.region().catch(() => '');
    },
    renew: () => {
      if (clock.now() - renewedAt < RENEW_GAP_MS) return false;
      renewedAt = clock.now();
      // Other calls may still wait for its answers: to break them off would leave launches in doubt.
      const old = made;
      clock.wakeAt(instant(clock.now() + LINGER_MS), () => destroy(old));
      made = undefined;
      return true;
    },
    close,
  };
};

const make = async (options: ClientOptions): Promise<{ readonly sdk: Sdk; readonly client: ECSClient }> => {
  // It would be printed in the middle of the log; the version that we need is said by package.json.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  const sdk = await import('@aws-sdk/client-ecs');
  return { sdk, client: new sdk.ECSClient(await clientConfig(options)) };
};

const clientConfig = async ({ region, roleArn, env }: ClientOptions): Promise<ECSClientConfig> => {
  const requestHandler = {
    connectionTimeout: CONNECT_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    throwOnRequestTimeout: true,
    httpAgent: { keepAlive: true, maxSockets: SOCKETS_MAX },
    httpsAgent: httpsAgent(env),
  };
  const { fromNodeProviderChain, fromTemporaryCredentials } = await import('@aws-sdk/credential-providers');
  const clientConfig = { requestHandler, ...(region === undefined ? {} : { region }) };
  // Files are read again: a rotated key is found without a restart.
  const own = fromNodeProviderChain({ ignoreCache: true, clientConfig });
  return {
    ...(region === undefined ? {} : { region }),
    // One attempt: the adapter repeats by itself, with the same token and within its own buckets.
    maxAttempts: 1,
    requestHandler,
    credentials:
      roleArn === undefined
        ? own
        : fromTemporaryCredentials({
            masterCredentials: own,
            params: { RoleArn: roleArn, RoleSessionName: 'muster-adapter-ecs' },
            clientConfig,
          }),
  };
};

const httpsAgent = (
  env: Readonly<Record<string, string | undefined>>,
): AgentOptions | ReturnType<typeof proxyAgent> => {
  const bundle = env['AWS_CA_BUNDLE'];
  const trust: AgentOptions = bundle === undefined || bundle === '' ? {} : { ca: readFileSync(bundle) };
  const base: AgentOptions = { keepAlive: true, maxSockets: SOCKETS_MAX, ...trust };
  return proxyFor(env) === undefined ? base : proxyAgent(base, env);
};
