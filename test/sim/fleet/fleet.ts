/** Everything of one run in one place: who there is, and who can be looked at. */
import { SimAdapter } from './adapter.ts';
import { Book } from './book.ts';
import { SimClient } from './client.ts';
import type { Hub } from './hub.ts';
import { Island } from './island.ts';
import { Ledger } from './ledger.ts';
import type { Watch } from './machine.ts';
import { Network } from './network.ts';
import { Provider } from './provider.ts';
import { Random } from './random.ts';
import type { Scenario } from './scenario.ts';
import { SimScheduler } from './scheduler.ts';
import { StockAdapter, StockClient } from './stock.ts';
import { staticHost, staticStockWorker } from './statics.ts';
import type { WorkerHost } from './worker.ts';
import { World } from './world.ts';
import type { Tells } from './world.ts';

export class Fleet implements Hub {
  readonly world: World;
  readonly random: Random;
  readonly scenario: Scenario;
  readonly watch: Watch;
  readonly book: Book;
  readonly ledger: Ledger;
  readonly network: Network;
  readonly processorFaults = { startFails: 0 };
  readonly scheduler: SimScheduler;
  readonly adapters: SimAdapter[] = [];
  readonly clients: SimClient[] = [];
  readonly stockClient: StockClient;
  stockAdapter: StockAdapter;

  readonly island: Island | undefined;
  #clientsMade = 0;

  constructor(scenario: Scenario, watch: Watch, tells: Tells) {
    this.world = new World(tells);
    this.scenario = scenario;
    this.watch = watch;
    this.random = new Random(scenario.seed * 7 + 1);
    this.book = new Book(scenario.codec);
    this.ledger = new Ledger(this);
    this.network = new Network(this.world, this.random.fork(), {
      codec: scenario.codec,
      spikeMs: 0,
      repeat: 0,
      drop: 0,
      reorder: 0,
    });
    this.network.counted = (what) => this.ledger.coverage.count(`frame ${what}`);
    this.scheduler = new SimScheduler(this, scenario.scheduler);
    scenario.adapters.forEach((_, at) => {
      if (!scenario.late.includes(at)) this.arrive(at);
    });
    this.stockAdapter = new StockAdapter(this, scenario.stock.groupsMax, scenario.stock.worker);
    for (let at = 0; at < scenario.clients; at++) this.newClient();
    this.stockClient = new StockClient(this, 'stock-client');
    this.island = scenario.island === undefined ? undefined : new Island(this, scenario.island);
    for (let at = 0; at < scenario.statics.own; at++) staticHost(this, at);
    for (let at = 0; at < scenario.statics.stock; at++) staticStockWorker(this, scenario.stock.worker);
  }

  newClient(): SimClient {
    const client = new SimClient(this, `client-${this.#clientsMade++}`);
    this.clients.push(client);
    return client;
  }

  arrive(at: number): void {
    const wanted = this.scenario.adapters[at];
    if (wanted === undefined || this.adapters.some((one) => one.config === wanted.config)) return;
    const faults = { startFails: 0, startStuck: 0, listFails: 0, stopFails: 0, slow: 0 };
    this.adapters.push(new SimAdapter(this, wanted.config, new Provider(this, wanted.provider, faults)));
  }

  /** Nothing has happened that a stock peer cannot survive: no link of its side broke, nobody was started anew. */
  get isStockCertain(): boolean {
    const { scheduler, stockFaults } = this.scenario;
    return scheduler.compat === 'own' && !stockFaults && this.scheduler.runs === 1 && !this.stockDisturbed;
  }

  stockDisturbed = false;
  /** How far the scheduler's clock has leapt ahead. */
  leapMs = 0;
  /** Hosts of ours that belong to no group. */
  readonly statics = new Set<WorkerHost>();
  /** After the storm: who ends is started anew at once. */
  isCalm = false;
  /** Groups that exist and that their adapter does not know, since when. */
  readonly unknownSince = new Map<string, number>();
  /** Groups that run without a worker, by the scheduler's word, since when. */
  readonly desertedSince = new Map<string, number>();
}
