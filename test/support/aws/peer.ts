/**
 * An AWS account on loopback, for the real SDKs: ECS with Fargate, and of IAM, STS, CloudWatch Logs, EC2, Service
 * Quotas, Secrets Manager and Parameter Store what a setup and an adapter use.
 */
import type { Clock } from '@muster/runtime/clock';
import type { Account } from './account.ts';
import { openAccount } from './account.ts';
import type { Network, NetworkSpec } from './ec2/network.ts';
import { reclaim } from './ecs/lifecycle.ts';
import type { EcsQuotas, EcsTimings, Range } from './ecs/settings.ts';
import type { Capacity, Ecs, TaskRecord } from './ecs/state.ts';
import type { Fault, FaultRule, SetFault } from './faults.ts';
import { faultsOf } from './faults.ts';
import type { RoleSpec, Roles } from './iam/roles.ts';
import { furnish } from './inside.ts';
import type { Inside } from './inside.ts';
import type { AccessKey, Identities } from './identity.ts';
import { linkLocal } from './link-local.ts';
import type { Logs } from './logs/store.ts';
import type { Meter, Prices } from './meter.ts';
import type { PolicyDocument } from './policy.ts';
import type { RequestLog } from './request-log.ts';
import { requestBook } from './request-log.ts';
import type { Secrets } from './secrets/store.ts';
import type { Behaviour } from './tasks/simulated.ts';
import type { ContainerLaunch, TaskRunner } from './tasks/runner.ts';
import { dispatch } from './wire/dispatch.ts';
import { openHttp } from './wire/http.ts';

export interface AwsPeerOptions {
  readonly clock: Clock;
  /** Everything random repeats with it. Default 1. */
  readonly seed?: number;
  /** Default `us-east-1`; others show other partitions. */
  readonly region?: string;
  /** Default `123456789012`. */
  readonly accountId?: string;
  /** The time of day at the clock's zero, in milliseconds since 1970. Default: now is now. */
  readonly epochMs?: number;
  /** Default: simulated, and each runs until it is stopped. */
  readonly tasks?: 'simulated' | TaskRunner;
  /** How simulated containers behave; may be changed later. */
  readonly behave?: (launch: ContainerLaunch) => Behaviour;
  readonly timings?: Partial<EcsTimings>;
  readonly quotas?: Partial<EcsQuotas>;
  readonly prices?: Prices;
  readonly network?: NetworkSpec;
  /** Roles that are there, and seen, from the start. */
  readonly roles?: readonly RoleSpec[];
  /** Whether ECS has been used in the account before. Default true. */
  readonly hasServiceLinkedRole?: boolean;
  /** Until other services see a new role. Default 0 to 10 s. */
  readonly iamPropagationMs?: Range;
  /** Part of the stop time-outs of containers that is waited, for runs in real time. Default 1. */
  readonly stopTimeoutFactor?: number;
  readonly faults?: readonly FaultRule[];
  /** PEM; absent: plain HTTP. */
  readonly tls?: { readonly key: string; readonly cert: string };
}

/** A task as it truly is, whatever reads show. */
export interface TaskTruth {
  readonly taskArn: string;
  readonly startedBy: string | undefined;
  readonly family: string;
  readonly lastStatus: string;
  readonly desiredStatus: string;
  readonly stopCode: string | undefined;
  readonly stoppedReason: string | undefined;
  readonly isSpot: boolean;
  readonly vcpus: number;
  readonly createdAt: number;
  /** Of its first container. */
  readonly environment: Readonly<Record<string, string>>;
}

/** What a caller of the account is given, for its environment. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface AwsPeer {
  readonly url: string;
  readonly account: Account;
  /** Keys of a user that may do everything. */
  readonly credentials: Credentials;
  /** What a process needs to meet this account instead of AWS. */
  readonly env: Readonly<Record<string, string>>;
  /**
   * What a process needs that finds its credentials where it runs: on an instance, or in a container, with that role.
   * One instance role at a time.
   */
  hostEnv(kind: 'instance' | 'container', roleName: string): Readonly<Record<string, string>>;
  readonly log: RequestLog;
  readonly meter: Meter;
  readonly ecs: Ecs;
  readonly network: Network;
  readonly roles: Roles;
  readonly logs: Logs;
  readonly secrets: Secrets;
  readonly identities: Identities;
  /** Everything that has not been forgotten: stopped tasks are, an hour later. */
  tasks(): readonly TaskTruth[];
  /** Tasks that have not ended: what costs money. */
  liveTasks(): readonly TaskTruth[];
  setFault(rule: FaultRule | Fault): SetFault;
  clearFaults(): void;
  /** A user with a key that may do what the policies say; `undefined`: everything. */
  addUser(name: string, policies?: readonly PolicyDocument[]): Credentials;
  setQuotas(quotas: Partial<EcsQuotas>): void;
  /** Why Fargate has no room for a task, as it is told; undefined: it has. */
  setCapacity(why: (wanted: Capacity) => string | undefined): void;
  /** Why an accepted task never pulls its image (`stoppedReason`), or 'stuck'. */
  setStartTrouble(why: (task: TaskTruth) => string | undefined): void;
  setBehaviour(behave: (launch: ContainerLaunch) => Behaviour): void;
  /** Fargate takes Spot tasks back: all, or one. @returns how many. */
  reclaimSpot(taskArn?: string): number;
  /** How far the account's time of day for signatures is from this machine's. */
  setSkew(ms: number): void;
  /** @throws when the peer itself made a mistake, such as an answer that AWS's model does not allow. */
  close(): Promise<void>;
}

export const ADMIN_KEY: Credentials = {
  accessKeyId: 'AKIAPEERADMIN0000001',
  secretAccessKey: 'peer/secret+of+the+administrator/000001',
};

const truthOf = (record: TaskRecord): TaskTruth => ({
  taskArn: record.arn,
  startedBy: record.task.startedBy,
  family: record.definition.family,
  lastStatus: record.task.lastStatus ?? '',
  desiredStatus: record.task.desiredStatus ?? '',
  stopCode: record.task.stopCode,
  stoppedReason: record.task.stoppedReason,
  isSpot: record.isSpot,
  vcpus: record.cpu / 1_024,
  createdAt: record.createdAt,
  environment: [...record.environments.values()][0] ?? {},
});

const userKey = (
  account: Account,
  name: string,
  { accessKeyId, secretAccessKey }: Credentials,
  policies: readonly PolicyDocument[] | undefined,
): AccessKey => ({
  id: accessKeyId,
  secret: secretAccessKey,
  principal: {
    arn: account.arn('iam', `user/${name}`),
    userId: `AIDA${accessKeyId.slice(4)}`,
    policies: () => policies,
  },
});

const isRule = (fault: FaultRule | Fault): fault is FaultRule => 'fault' in fault;

const commonEnv = (url: string, region: string): Readonly<Record<string, string>> => ({
  AWS_ENDPOINT_URL: url,
  AWS_REGION: region,
  AWS_DEFAULT_REGION: region,
  // Nothing of a real account may slip in from files.
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
});

const keyEnv = ({ accessKeyId, secretAccessKey }: Credentials): Readonly<Record<string, string>> => ({
  AWS_ACCESS_KEY_ID: accessKeyId,
  AWS_SECRET_ACCESS_KEY: secretAccessKey,
});

const userBook = (inside: Inside): AwsPeer['addUser'] => {
  const random = inside.account.random('users');
  inside.identities.add(userKey(inside.account, 'administrator', ADMIN_KEY, undefined));
  return (name, policies) => {
    const credentials: Credentials = {
      accessKeyId: `AKIA${random.hex(16).toUpperCase()}`,
      secretAccessKey: random.hex(40),
    };
    inside.identities.add(userKey(inside.account, name, credentials, policies));
    return credentials;
  };
};

const reclaimSpot = (ecs: Ecs, taskArn: string | undefined): number => {
  const found = [...ecs.tasks.values()].filter(
    (record) =>
      record.isSpot &&
      record.task.desiredStatus === 'RUNNING' &&
      (taskArn === undefined || record.arn === taskArn),
  );
  for (const record of found) reclaim(ecs, record);
  return found.length;
};

const UUID = [8, 12, 16, 20, 32];

/** A new, empty account. Listens on loopback until it is closed. */
export const startAwsPeer = async (options: AwsPeerOptions): Promise<AwsPeer> => {
  const region = options.region ?? 'us-east-1';
  const account = openAccount({
    clock: options.clock,
    seed: options.seed ?? 1,
    accountId: options.accountId ?? '123456789012',
    region,
    epochMs: options.epochMs ?? Date.now() - options.clock.now(),
  });
  const inside = furnish(options, account);
  const { ecs } = inside;
  const faults = faultsOf(account.random('faults'));
  for (const rule of options.faults ?? []) faults.set(rule);
  const log = requestBook();
  const bugs: string[] = [];
  const requestIds = account.random('requests');
  const addUser = userBook(inside);
  let skewMs = 0;
  let instanceRole: string | undefined;
  // Callers sign with the time of this machine, whatever clock the account lives by.
  const signingTime = (): Date => new Date(Date.now() + skewMs);
  const nextRequestId = (): string => {
    const hex = requestIds.hex(32);
    return UUID.map((end, index) => hex.slice(UUID[index - 1] ?? 0, end)).join('-');
  };
  const front = {
    account,
    services: inside.services,
    identities: inside.identities,
    faults,
    buckets: inside.buckets,
    log,
    signingTime,
    bugs,
    nextRequestId,
  };
  const http = await openHttp({
    tls: options.tls,
    agenda: account.agenda,
    date: signingTime,
    dispatch: (request) => dispatch(front, request),
    linkLocal: linkLocal(inside.sessions, ecs, () => instanceRole),
  });
  ecs.metadataUrl = http.url;
  const tasks = (): readonly TaskTruth[] => [...ecs.tasks.values()].map(truthOf);
  return {
    url: http.url,
    account,
    credentials: ADMIN_KEY,
    env: { ...commonEnv(http.url, region), ...keyEnv(ADMIN_KEY), AWS_EC2_METADATA_DISABLED: 'true' },
    hostEnv: (kind, roleName) => {
      if (kind === 'instance') instanceRole = roleName;
      return {
        ...commonEnv(http.url, region),
        ...(kind === 'instance'
          ? { AWS_EC2_METADATA_SERVICE_ENDPOINT: http.url }
          : { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${http.url}/v2/credentials/role/${roleName}` }),
      };
    },
    log,
    meter: inside.meter,
    ecs,
    network: inside.network,
    roles: inside.roles,
    logs: inside.logs,
    secrets: inside.secrets,
    identities: inside.identities,
    tasks,
    liveTasks: () => tasks().filter(({ lastStatus }) => lastStatus !== 'STOPPED'),
    setFault: (fault) => faults.set(isRule(fault) ? fault : { fault }),
    clearFaults: () => faults.clear(),
    addUser,
    setQuotas: (quotas) => void (ecs.quotas = { ...ecs.quotas, ...quotas }),
    setCapacity: (why) => void (ecs.capacity = why),
    setStartTrouble: (why) => void (ecs.startTrouble = (record) => why(truthOf(record))),
    setBehaviour: inside.setBehaviour,
    reclaimSpot: (taskArn) => reclaimSpot(ecs, taskArn),
    setSkew: (ms) => void (skewMs = ms),
    close: async () => {
      await http.close();
      await inside.runner.close?.();
      account.agenda.close();
      if (bugs.length > 0) throw new Error(`the AWS peer itself was wrong:\n${bugs.join('\n')}`);
    },
  };
};
