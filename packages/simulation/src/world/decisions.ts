/** What the scheduler decided and why, as far as people want to read it. */
import type { Note } from '@muster/core/machine';

export interface Decision {
  readonly atMs: number;
  readonly adapter: string;
  readonly from: number;
  readonly to: number;
  readonly reason: string;
}

const KEPT = 200;

export class DecisionLog {
  readonly #kept: Decision[] = [];
  /** All of them, also those that are not kept. */
  count = 0;

  /** The first ones. */
  get kept(): readonly Decision[] {
    return this.#kept;
  }

  onNote({ event, fields }: Note, atMs: number): void {
    if (event !== 'scaling.decided') return;
    this.count++;
    if (this.#kept.length >= KEPT) return;
    this.#kept.push({
      atMs,
      adapter: String(fields['adapter'] ?? ''),
      from: Number(fields['from'] ?? 0),
      to: Number(fields['to'] ?? 0),
      reason: String(fields['reason'] ?? ''),
    });
  }
}
