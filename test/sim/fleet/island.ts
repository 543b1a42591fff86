/**
 * A second fleet in the same storm: our adapter and our workers under a scheduler of the stock system. It has a network,
 * a client and a provider of its own, and no more promises than the stock wire can keep.
 */
import type { Capabilities } from '@muster/protocol/ids';
import { SimAdapter } from './adapter.ts';
import { Book } from './book.ts';
import type { Fleet } from './fleet.ts';
import type { Hub, Watcher } from './hub.ts';
import type { Watch } from './machine.ts';
import { Network } from './network.ts';
import type { ProcessorFaults } from './processor.ts';
import { Provider } from './provider.ts';
import { Random } from './random.ts';
import type { AdapterScenario } from './scenario.ts';
import { StockClient } from './stock.ts';
import { StockScheduler } from './stock-scheduler.ts';
import type { Coverage } from './tables.ts';
import type { World } from './world.ts';

const PATIENCE_MS = 180_000;

export interface IslandScenario {
  readonly scaling: 'vanilla' | 'capability';
  readonly adapter: AdapterScenario;
  /** What its tasks need, each as often as the others. */
  readonly needs: readonly Capabilities[];
}

export class Island implements Hub {
  readonly world: World;
  readonly random: Random;
  readonly network: Network;
  readonly book: Book;
  readonly watch: Watch;
  readonly ledger: Watcher;
  readonly processorFaults: ProcessorFaults = { startFails: 0 };
  readonly adapter: SimAdapter;
  readonly client: StockClient;
  readonly scenario: IslandScenario;
  readonly #fleet: Fleet;
  #scheduler: StockScheduler;
  #runs = 1;
  /** A stock scheduler never hears of the end of a group that it did not order: that one counts for ever. */
  #stuck = false;

  constructor(fleet: Fleet, scenario: IslandScenario) {
    this.#fleet = fleet;
    this.scenario = scenario;
    this.world = fleet.world;
    this.random = new Random(fleet.scenario.seed * 11 + 7);
    this.watch = fleet.watch;
    const codec = fleet.network.weather.codec;
    this.book = new Book(codec);
    this.network = new Network(fleet.world, this.random.fork(), {
      codec,
      spikeMs: 0,
      repeat: 0,
      drop: 0,
      reorder: 0,
    });
    this.ledger = islandLedger(fleet.ledger.coverage);
    this.#scheduler = new StockScheduler(this, 'stock#1', scenario.scaling);
    const faults = { startFails: 0, startStuck: 0, listFails: 0, stopFails: 0, slow: 0 };
    const provider = new Provider(this, scenario.adapter.provider, faults);
    this.adapter = new SimAdapter(this, scenario.adapter.config, provider);
    this.client = new StockClient(this, 'island-client');
  }

  get isCalm(): boolean {
    return this.#fleet.isCalm;
  }

  submit(random: Random, tasks: number): void {
    this.client.submit(
      Array.from({ length: tasks }, () =>
        this.book.open({
          client: this.client.id,
          own: false,
          durationMs: random.skewed(1, this.#fleet.scenario.taskMs),
          outcome: random.chance(0.1) ? 'failed' : 'success',
          timeoutMs: 0,
          stubborn: false,
          priority: 0,
          needs: random.pick(this.scenario.needs) ?? new Map<string, number>(),
          fn: 0,
        }),
      ),
    );
  }

  /** One of the things that go wrong here. */
  strike(random: Random): void {
    const what = random.pick([
      'crash',
      'cut',
      'loseGroup',
      'badStarts',
      'stuckStarts',
      'crashAdapter',
      'stall',
    ] as const);
    this.ledger.coverage.count(`fault island: ${what ?? ''}`);
    const { provider } = this.adapter;
    const later = (ms: number, run: () => void): void => this.world.after(ms, run);
    switch (what) {
      case 'crash':
        return this.#crashScheduler();
      case 'cut':
        return this.adapter.link === undefined
          ? undefined
          : this.network.cut(this.adapter.link, random.skewed(10, 30_000));
      case 'loseGroup': {
        const group = random.pick(provider.alive);
        this.#stuck = true;
        if (group !== undefined) provider.lose(group, random.chance(0.5) ? 'lost' : 'vanished');
        return;
      }
      case 'badStarts':
        provider.faults.startFails = random.next();
        return later(random.int(5_000, 30_000), () => (provider.faults.startFails = 0));
      case 'stuckStarts':
        this.#stuck = true;
        provider.faults.startStuck = random.next();
        return later(random.int(5_000, 30_000), () => (provider.faults.startStuck = 0));
      case 'crashAdapter':
        // It forgets which groups have ended, and has to deny that it knows them.
        this.#stuck = true;
        this.adapter.crash();
        return later(random.skewed(50, 40_000), () => this.adapter.start());
      default:
        return this.adapter.process?.stall(random.skewed(500, 30_000));
    }
  }

  /** Its clients do not survive it: what they waited for is lost. */
  #crashScheduler(): void {
    this.#scheduler.crash();
    this.client.giveUp();
    this.world.after(this.random.skewed(50, 20_000), () => {
      this.#scheduler = new StockScheduler(this, `stock#${++this.#runs}`, this.scenario.scaling);
    });
  }

  heal(): void {
    this.network.heal();
    Object.assign(this.adapter.provider.faults, { startFails: 0, startStuck: 0 });
    this.adapter.start();
    // It stops what runs, and may do so to the same task for ever: its client has enough of it some time.
    this.world.after(PATIENCE_MS, () => {
      this.ledger.coverage.count(
        this.client.open > 0 ? 'island: its client gave up' : 'island: all tasks ended',
      );
      this.client.giveUp();
      this.#scheduler.forgetTasks();
    });
  }

  /** What is not yet over, for people; undefined when all is. */
  left(): string | undefined {
    const { alive } = this.adapter.provider;
    if (this.#stuck) return undefined;
    if (this.client.open > 0) return `${this.client.open} tasks of the stock scheduler's client`;
    if (alive.length > 0) return `${alive.length} groups under a stock scheduler: ${alive[0]?.id ?? ''}`;
    return undefined;
  }
}

/** It kills what runs, and it is meant to: only caps and leaks are judged here. */
const islandLedger = (coverage: Coverage): Watcher => ({
  coverage,
  onProviderStop: (group) => {
    if ((group.host?.running.length ?? 0) > 0) coverage.count('cut: by a stock scheduler');
  },
  onAdapterNote: (_, { event }) => coverage.count(`island adapter ${event}`),
  onWorkerNote: ({ event }) => coverage.count(`island worker ${event}`),
  onWorkerExit: () => undefined,
  onTaskEnd: (task, end) => {
    task.end = end;
    coverage.count(`island end ${end}`);
  },
});
