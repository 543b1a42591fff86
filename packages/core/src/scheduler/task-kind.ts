import type { Capabilities } from '@muster/protocol/ids';
import type { Bucket } from './bucket.ts';
import type { Client } from './client.ts';
import type { Work } from './demand.ts';
import type { FunctionStats } from './function-stats.ts';

/** What tasks of the same client, function, needs and priority share. */
export interface TaskKind {
  /** In the table's registry. */
  index: number;
  refs: number;
  /** In its function's map. */
  readonly key: string;
  readonly client: Client;
  readonly fn: FunctionStats;
  readonly bucket: Bucket;
  readonly priority: number;
  /** What its tasks say they need, as the first of them did. */
  readonly stated: Capabilities;
  readonly work: Work;
}
