/**
 * Workers that the allocation policy treats alike, with the indexes that answer who of them is next.
 *
 * I1 `room` lists, under the number of tasks held, exactly the workers that may be given a task now.
 * I2 `loaded` lists, under the logarithm of the number held, exactly the workers that hold two tasks or more.
 * I3 `idle` counts the workers in `room` that hold nothing.
 */
import { instant } from '@muster/protocol/ids';
import type { Capabilities, Instant } from '@muster/protocol/ids';
import { LoadIndex } from '../allocation/load-index.ts';
import type { Bucket } from './bucket.ts';
import type { Worker } from './worker.ts';

export class Pool {
  readonly key: string;
  readonly own: boolean;
  readonly offered: Capabilities;
  /** Buckets whose tasks these workers may run. */
  readonly buckets: Bucket[] = [];
  readonly room: LoadIndex<Worker> = new LoadIndex<Worker>();
  readonly loaded: LoadIndex<Worker> = new LoadIndex<Worker>();
  workers = 0;
  idle = 0;
  /** When queued tasks were last taken back here. */
  balancedAt: Instant = instant(-1e9);
  /** Whether it gained room in this step. */
  marked = false;

  constructor(key: string, own: boolean, offered: Capabilities) {
    this.key = key;
    this.own = own;
    this.offered = offered;
  }
}
