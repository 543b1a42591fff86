/** What goes wrong, and when. After {@link heal} nothing does any more, and everybody who crashed is back. */
import type { SimAdapter } from './adapter.ts';
import type { Fleet } from './fleet.ts';
import type { Link } from './network.ts';
import { Random } from './random.ts';
import type { WorkerHost } from './worker.ts';

type Fault = (fleet: Fleet, random: Random) => void;

const linkToHurt = (fleet: Fleet, random: Random): Link | undefined => {
  const links = [...fleet.network.links.values()].filter((link) => fleet.scenario.stockFaults || !link.stock);
  return random.pick(links);
};

const hostToHurt = (fleet: Fleet, random: Random): WorkerHost | undefined =>
  random.pick(fleet.adapters.flatMap(({ provider }) => provider.alive.flatMap((group) => group.host ?? [])));

const adapterToHurt = (fleet: Fleet, random: Random): SimAdapter | undefined => random.pick(fleet.adapters);

const later = (fleet: Fleet, ms: number, run: () => void): void => fleet.world.after(ms, run);

const SLEEPS_MS = [1_000, 30_000] as const;

const FAULTS: Readonly<Record<string, Fault>> = {
  cut: (fleet, random) => {
    const link = linkToHurt(fleet, random);
    if (link !== undefined) fleet.network.cut(link, random.skewed(10, 30_000));
  },
  partition: (fleet, random) => {
    const link = linkToHurt(fleet, random);
    if (link === undefined) return;
    const ms = random.skewed(1_000, 40_000);
    fleet.network.freeze(link, ms);
    if (random.chance(0.5)) later(fleet, ms - 1, () => fleet.network.cut(link, 10));
  },
  silenceClient: (fleet, random) => {
    const client = random.pick(fleet.clients);
    if (client !== undefined) fleet.network.cut(client.link, random.int(2_000, 30_000));
  },
  full: (fleet, random) => {
    const link = linkToHurt(fleet, random);
    if (link !== undefined) link.fullUntil = fleet.world.now + random.int(50, 5_000);
  },
  crashScheduler: (fleet, random) => {
    fleet.scheduler.crash();
    later(fleet, random.skewed(50, 20_000), () => fleet.scheduler.start());
  },
  crashAdapter: (fleet, random) => {
    const adapter = adapterToHurt(fleet, random);
    adapter?.crash();
    later(fleet, random.skewed(50, 40_000), () => adapter?.start());
  },
  endAdapter: (fleet, random) => {
    const adapter = adapterToHurt(fleet, random);
    if (adapter === undefined) return;
    adapter.shutdown(random.pick(['leave', 'leave', 'drain', 'stop'] as const) ?? 'leave', 15_000);
    later(fleet, random.int(1_000, 60_000), () => adapter.start());
  },
  loseGroup: (fleet, random) => {
    const provider = adapterToHurt(fleet, random)?.provider;
    const group = random.pick(provider?.alive ?? []);
    if (provider !== undefined && group !== undefined)
      provider.lose(group, random.chance(0.5) ? 'lost' : 'vanished');
  },
  reclaim: (fleet, random) => {
    const provider = adapterToHurt(fleet, random)?.provider;
    const group = random.pick(provider?.alive ?? []);
    if (provider !== undefined && group !== undefined) provider.reclaim(group, random.int(2_000, 30_000));
  },
  killWorker: (fleet, random) => random.pick(hostToHurt(fleet, random)?.workers ?? [])?.kill('lost'),
  killProcessor: (fleet, random) =>
    random.pick(hostToHurt(fleet, random)?.workers ?? [])?.processor.die('it crashed'),
  stallHost: (fleet, random) => hostToHurt(fleet, random)?.stall(random.skewed(500, 40_000)),
  stallAdapter: (fleet, random) => adapterToHurt(fleet, random)?.process?.stall(random.skewed(500, 30_000)),
  stallScheduler: (fleet, random) => fleet.scheduler.process?.stall(random.skewed(200, 20_000)),
  badStarts: (fleet, random) => {
    const faults = adapterToHurt(fleet, random)?.provider.faults;
    if (faults === undefined) return;
    faults.startFails = random.next();
    later(fleet, random.int(5_000, 30_000), () => (faults.startFails = 0));
  },
  stuckStarts: (fleet, random) => {
    const faults = adapterToHurt(fleet, random)?.provider.faults;
    if (faults === undefined) return;
    faults.startStuck = random.next();
    later(fleet, random.int(5_000, 30_000), () => (faults.startStuck = 0));
  },
  diskFull: (fleet, random) => {
    const adapter = adapterToHurt(fleet, random);
    if (adapter === undefined) return;
    adapter.diskFails = random.chance(0.5) ? 1 : random.next();
    later(fleet, random.int(2_000, 30_000), () => (adapter.diskFails = 0));
  },
  clockJump: (fleet, random) => {
    const hosts = fleet.adapters.flatMap(({ provider }) =>
      provider.alive.flatMap((group) => group.host ?? []),
    );
    const workers = hosts.flatMap((host) => host.workers.map((worker) => worker.process));
    const adapters = fleet.adapters.map((adapter) => adapter.process);
    const all = [
      fleet.scheduler.process,
      ...adapters,
      ...workers,
      ...fleet.clients.map((one) => one.process),
    ];
    const process = random.pick(all);
    const ms = random.skewed(100, 60_000);
    process?.jump(ms);
    if (process === fleet.scheduler.process) fleet.leapMs += ms;
  },
  /** The machine sleeps, with everybody on it: a closed lid, a paused virtual machine. */
  sleep: (fleet, random) => {
    const ms = random.skewed(...SLEEPS_MS);
    fleet.scheduler.process?.stall(ms);
    for (const { process } of [...fleet.adapters, ...fleet.clients]) process?.stall(ms);
    for (const adapter of fleet.adapters) for (const group of adapter.provider.alive) group.host?.stall(ms);
  },
  badProvider: (fleet, random) => {
    const adapter = adapterToHurt(fleet, random);
    if (adapter === undefined) return;
    const { faults } = adapter.provider;
    faults.listFails = random.next();
    faults.stopFails = random.next();
    faults.slow = random.next() * 0.5;
    adapter.diskFails = random.next() * 0.3;
    later(fleet, random.int(5_000, 30_000), () => calm(adapter));
  },
  killClient: (fleet, random) => {
    // The first one stays, to tell what became of its tasks.
    if (fleet.clients.length < 2) return;
    fleet.clients.pop()?.die();
    // And another one comes, who knows nothing of it.
    if (random.chance(0.5)) later(fleet, random.int(100, 10_000), () => fleet.newClient());
  },
  cancel: (fleet, random) => {
    fleet.stockClient.cancelSome();
    const client = random.pick(fleet.clients);
    for (let times = random.int(1, 10); times > 0; times--) {
      const id = client?.anyOpen();
      if (id !== undefined) client?.cancel(id);
    }
  },
  drainGroup: (fleet, random) => {
    const group = random.pick(fleet.adapters.flatMap(({ provider }) => provider.alive));
    if (group !== undefined) fleet.scheduler.operate({ action: 'drainGroup', groupId: group.id });
  },
  store: (fleet, random) => {
    fleet.scheduler.store('down');
    later(fleet, random.int(100, 5_000), () => fleet.scheduler.store('up'));
  },
};

const calm = (adapter: SimAdapter): void => {
  Object.assign(adapter.provider.faults, {
    startFails: 0,
    startStuck: 0,
    listFails: 0,
    stopFails: 0,
    slow: 0,
  });
  adapter.diskFails = 0;
};

export const FAULT_NAMES: readonly string[] = Object.keys(FAULTS);

/** Faults that reach stock peers only where the seed says so. */
const ON_LINKS: ReadonlySet<string> = new Set(['cut', 'partition', 'full', 'sleep']);

export const strike = (fleet: Fleet, name: string, seed: number): void => {
  fleet.world.say('storm', name);
  fleet.ledger.coverage.count(`fault ${name}`);
  if (fleet.scenario.stockFaults && ON_LINKS.has(name)) fleet.stockDisturbed = true;
  FAULTS[name]?.(fleet, new Random(seed));
};

export const heal = (fleet: Fleet): void => {
  fleet.world.say('storm', 'is over');
  fleet.isCalm = true;
  fleet.processorFaults.startFails = 0;
  fleet.network.heal();
  fleet.scheduler.start();
  fleet.island?.heal();
  for (const adapter of fleet.adapters) {
    calm(adapter);
    adapter.start();
  }
};
