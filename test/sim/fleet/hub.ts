/** What every simulated process needs of the place where it lives, be it the fleet of ours or one of a stock scheduler. */
import type { Note } from '@muster/core/machine';
import type { Book, SimTask } from './book.ts';
import type { Watch } from './machine.ts';
import type { Network } from './network.ts';
import type { ProcessorFaults } from './processor.ts';
import type { ProviderGroup } from './provider.ts';
import type { Random } from './random.ts';
import type { Coverage } from './tables.ts';
import type { SimWorker } from './worker.ts';
import type { World } from './world.ts';

/** Who is told what happens, to judge it. */
export interface Watcher {
  readonly coverage: Coverage;
  /** @param why what the adapter says */
  onProviderStop(group: ProviderGroup, why: string): void;
  onAdapterNote(adapter: string, note: Note): void;
  onWorkerNote(note: Note): void;
  onWorkerExit(worker: SimWorker, reason: string): void;
  onTaskEnd(task: SimTask, end: NonNullable<SimTask['end']>): void;
}

export interface Hub {
  readonly world: World;
  readonly random: Random;
  readonly network: Network;
  readonly book: Book;
  readonly watch: Watch;
  readonly ledger: Watcher;
  readonly processorFaults: ProcessorFaults;
  /** After the storm: who ends is started anew at once. */
  readonly isCalm: boolean;
}
