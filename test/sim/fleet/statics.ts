/** Workers that somebody started by hand: they belong to no group, nobody stops them, and whoever ends comes back. */
import { NO_CAPABILITIES, workerId } from '@muster/protocol/ids';
import type { Fleet } from './fleet.ts';
import { workerOf } from './scenario.ts';
import { Random } from './random.ts';
import { StockWorker } from './stock.ts';
import type { StockWorkerTraits } from './stock.ts';
import { WorkerHost } from './worker.ts';

const BACK_MS = 3_000;

/** One process with one worker of ours. */
export const staticHost = (fleet: Fleet, at: number): void => {
  const config = { ...workerOf(new Random(fleet.scenario.seed + at)), lifetimeMaxMs: undefined };
  const id = workerId(`Worker|static-${at}|${fleet.random.hex(32)}`);
  const host = new WorkerHost(fleet, [id], config, NO_CAPABILITIES, () => {
    fleet.statics.delete(host);
    fleet.world.after(BACK_MS, () => staticHost(fleet, at));
  });
  fleet.statics.add(host);
};

export const staticStockWorker = (fleet: Fleet, traits: StockWorkerTraits): void => {
  const id = workerId(`Worker|FIX|${fleet.random.hex(32)}`);
  new StockWorker(fleet, id, traits, () =>
    fleet.world.after(BACK_MS, () => staticStockWorker(fleet, traits)),
  );
};
