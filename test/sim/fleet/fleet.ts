/** Everything of one run in one place: who there is, and who can be looked at. */
import type { SchedulerConfig } from '@muster/core/scheduler-types';
import { SimAdapter } from './adapter.ts';
import { Book } from './book.ts';
import { SimClient } from './client.ts';
import { Ledger } from './ledger.ts';
import { Network } from './network.ts';
import { Provider } from './provider.ts';
import { Random } from './random.ts';
import type { Scenario } from './scenario.ts';
import { SimScheduler } from './scheduler.ts';
import { StockAdapter, StockClient } from './stock.ts';
import { World } from './world.ts';

export class Fleet {
  readonly world: World;
  readonly random: Random;
  readonly scenario: Scenario;
  /** Whether every machine checks itself after every step. */
  readonly checks: boolean;
  readonly book: Book;
  readonly ledger: Ledger;
  readonly network: Network;
  readonly processorFaults = { startFails: 0 };
  readonly scheduler: SimScheduler;
  readonly adapters: readonly SimAdapter[];
  readonly clients: SimClient[] = [];
  readonly stockClient: StockClient;
  stockAdapter: StockAdapter;

  constructor(scenario: Scenario, checks: boolean, full: boolean) {
    this.world = new World(full);
    this.scenario = scenario;
    this.checks = checks;
    this.random = new Random(scenario.seed * 7 + 1);
    this.book = new Book(scenario.codec);
    this.ledger = new Ledger(this);
    this.network = new Network(this.world, this.random.fork(), {
      codec: scenario.codec,
      spikeMs: 0,
      repeat: 0,
    });
    const config: Omit<SchedulerConfig, 'epoch'> = scenario.scheduler;
    this.scheduler = new SimScheduler(this, config);
    this.adapters = scenario.adapters.map(({ provider, config: adapter }) => {
      const hex = this.random.fork();
      const full = { ...adapter, mintHex: () => hex.hex(32), random: () => hex.next() };
      const faults = { startFails: 0, startStuck: 0, listFails: 0, stopFails: 0, slow: 0 };
      return new SimAdapter(this, full, new Provider(this, provider, faults));
    });
    this.stockAdapter = new StockAdapter(this, scenario.stock.groupsMax, scenario.stock.worker);
    for (let at = 0; at < scenario.clients; at++) this.clients.push(new SimClient(this, `client-${at}`));
    this.stockClient = new StockClient(this, 'stock-client');
  }

  /** Nothing has happened that a stock peer cannot survive: no link of its side broke, nobody was started anew. */
  get isStockCertain(): boolean {
    return !this.scenario.stockFaults && this.scheduler.runs === 1 && !this.stockDisturbed;
  }

  stockDisturbed = false;
  /** After the storm: who ends is started anew at once. */
  isCalm = false;
  /** Groups that exist and that their adapter does not know, since when. */
  readonly unknownSince = new Map<string, number>();
  /** Groups that run without a worker, by the scheduler's word, since when. */
  readonly desertedSince = new Map<string, number>();
}
