/** Everything that can be waited for: the deadline that passed says what to look at. */
import type { Adapter } from './adapter.ts';
import type { Cancel } from './state.ts';
import type { Client } from './client.ts';
import type { Group } from './group.ts';
import type { Worker } from './worker.ts';

export type Wake =
  | { readonly kind: 'client'; readonly client: Client }
  | { readonly kind: 'resend'; readonly client: Client }
  | { readonly kind: 'worker'; readonly worker: Worker }
  | { readonly kind: 'grace'; readonly worker: Worker }
  | { readonly kind: 'acks'; readonly worker: Worker }
  | { readonly kind: 'cancel'; readonly cancel: Cancel }
  | { readonly kind: 'adapter'; readonly adapter: Adapter }
  | { readonly kind: 'group'; readonly group: Group }
  /** Scaling is due, or the back-off of an adapter is over. */
  | { readonly kind: 'scaling' }
  | { readonly kind: 'balance' }
  | { readonly kind: 'deletions' }
  | { readonly kind: 'parked' }
  | { readonly kind: 'orphans' }
  | { readonly kind: 'shutdown' };
