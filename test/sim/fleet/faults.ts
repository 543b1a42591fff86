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
    if (fleet.clients.length > 1 && random.chance(0.5)) fleet.clients.pop()?.die();
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

/** Spreads the seed's faults over the storm. Some seeds know few kinds, so that these meet each other often. */
export const storm = (fleet: Fleet): void => {
  const random = new Random(fleet.scenario.seed * 13 + 5);
  const { faults, stormMs, stockFaults } = fleet.scenario;
  const names = Object.keys(FAULTS).filter(() => random.chance(0.6));
  fleet.network.weather.spikeMs = random.pick([0, 200, 2_000]) ?? 0;
  fleet.network.weather.repeat = random.pick([0, 0.05]) ?? 0;
  fleet.processorFaults.startFails = random.pick([0, 0, 0.1]) ?? 0;
  for (let at = 0; at < faults; at++) {
    const name = random.pick(names.length > 0 ? names : Object.keys(FAULTS)) ?? 'cut';
    fleet.world.at(random.int(500, stormMs), () => {
      fleet.world.say('storm', name);
      fleet.ledger.coverage.count(`fault ${name}`);
      if (stockFaults && (name === 'cut' || name === 'partition' || name === 'full'))
        fleet.stockDisturbed = true;
      FAULTS[name]?.(fleet, random);
    });
  }
};

export const heal = (fleet: Fleet): void => {
  fleet.world.say('storm', 'is over');
  fleet.isCalm = true;
  fleet.processorFaults.startFails = 0;
  fleet.network.heal();
  fleet.scheduler.start();
  for (const adapter of fleet.adapters) {
    calm(adapter);
    adapter.start();
  }
};
