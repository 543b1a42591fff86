/** The services of a peer, put together around one account. */
import type { Account } from './account.ts';
import { ec2Service } from './ec2/ec2.ts';
import type { Network } from './ec2/network.ts';
import { defaultNetwork, networkOf } from './ec2/network.ts';
import { ecsService, openEcs } from './ecs/ecs.ts';
import { GROWN_QUOTAS, USUAL_TIMINGS } from './ecs/settings.ts';
import type { Ecs } from './ecs/state.ts';
import { iamService } from './iam/iam.ts';
import type { Roles } from './iam/roles.ts';
import { SERVICE_LINKED_ECS, openRoles } from './iam/roles.ts';
import type { Identities } from './identity.ts';
import { identities } from './identity.ts';
import { logsService } from './logs/logs.ts';
import type { Logs } from './logs/store.ts';
import type { Meter } from './meter.ts';
import { PRICES, meterOf } from './meter.ts';
import { neighboursOf } from './neighbours.ts';
import type { AwsPeerOptions } from './peer.ts';
import { quotasService } from './quotas/quotas.ts';
import { parameterService, secretsManagerService } from './secrets/services.ts';
import type { Secrets } from './secrets/store.ts';
import { openSecrets } from './secrets/store.ts';
import type { Service } from './service.ts';
import type { Sessions } from './sts/session.ts';
import { stsService } from './sts/sts.ts';
import type { ContainerLaunch, TaskRunner } from './tasks/runner.ts';
import type { Behaviour } from './tasks/simulated.ts';
import { simulatedRunner } from './tasks/simulated.ts';
import type { Buckets } from './throttle.ts';
import { bucketsOf } from './throttle.ts';

export interface Inside {
  readonly account: Account;
  readonly ecs: Ecs;
  readonly roles: Roles;
  readonly logs: Logs;
  readonly secrets: Secrets;
  readonly identities: Identities;
  readonly meter: Meter;
  readonly network: Network;
  readonly services: ReadonlyMap<Service['name'], Service>;
  readonly runner: TaskRunner;
  readonly sessions: Sessions;
  readonly buckets: Buckets;
  setBehaviour(behave: (launch: ContainerLaunch) => Behaviour): void;
}

export const furnish = (options: AwsPeerOptions, account: Account): Inside => {
  const roles = openRoles(account);
  for (const role of options.roles ?? []) roles.create(role, 0);
  if (options.hasServiceLinkedRole !== false) roles.create(SERVICE_LINKED_ECS, 0);
  const logs: Logs = { account, groups: new Map() };
  const secrets = openSecrets(account);
  const known = identities();
  const network = networkOf(options.network ?? defaultNetwork(account.region));
  const meter = meterOf(() => account.now(), options.prices ?? PRICES);
  let behave = options.behave ?? ((): Behaviour => ({}));
  const runner =
    options.tasks === undefined || options.tasks === 'simulated'
      ? simulatedRunner(account.agenda, (launch) => behave(launch))
      : options.tasks;
  const buckets = bucketsOf(() => account.now());
  const ecs = openEcs({
    account,
    timings: { ...USUAL_TIMINGS, ...options.timings },
    quotas: { ...GROWN_QUOTAS, ...options.quotas },
    network,
    meter,
    buckets,
    runner,
    neighbours: neighboursOf(account, roles, logs, secrets),
    stopTimeoutFactor: options.stopTimeoutFactor ?? 1,
  });
  const propagationMs = options.iamPropagationMs ?? [0, 10_000];
  const sessions: Sessions = { account, roles, identities: known, random: account.random('sts') };
  const all: readonly Service[] = [
    ecsService(ecs),
    iamService({ account, roles, identities: known, propagationMs }),
    stsService(sessions),
    logsService(logs),
    ec2Service({ account, network }),
    quotasService(account, ecs),
    secretsManagerService(secrets),
    parameterService(secrets),
  ];
  return {
    account,
    ecs,
    roles,
    logs,
    secrets,
    identities: known,
    meter,
    network,
    runner,
    sessions,
    buckets,
    services: new Map(all.map((service) => [service.name, service])),
    setBehaviour: (next) => void (behave = next),
  };
};
