/**
 * I8: what grew does not shrink within the window down. At the instant of each start so many groups were wanted, and the
 * fleet shrinks no further than to the most that was wanted within the window.
 */
import type { Note } from '@muster/core/machine';
import type { Fleet } from './fleet.ts';
import { Violation } from './world.ts';

interface Growth {
  readonly at: number;
  readonly groups: number;
}

export class Flapping {
  readonly #fleet: Fleet;
  /** By adapter and what the groups offer. */
  #growths = new Map<string, Growth[]>();
  #adopted = new Set<string>();
  /** The shortest start that this scheduler saw, by adapter: the measured median is no shorter. */
  #startMs = new Map<string, number>();

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
  }

  onAdopted(group: string): void {
    this.#adopted.add(group);
  }

  onSchedulerStart(): void {
    this.#adopted = new Set();
    this.#growths = new Map();
    this.#startMs = new Map();
  }

  /** What is not heard is not in view, and what is not in view is forgotten. */
  onAdapterLost(adapter: string): void {
    for (const key of this.#growths.keys()) if (key.startsWith(`${adapter}\n`)) this.#growths.delete(key);
  }

  /** @param group only those that this scheduler asked for tell how long a start takes */
  onGroupRunning(adapter: string, group: string, afterMs: number): void {
    if (this.#adopted.has(group)) return;
    this.#startMs.set(adapter, Math.min(this.#startMs.get(adapter) ?? Infinity, afterMs));
  }

  onDecided(fields: Note['fields']): void {
    const { policy, compat } = this.#fleet.scenario.scheduler;
    const now = this.#fleet.scheduler.process?.clock.now();
    if (compat === 'stock' || now === undefined) return;
    const adapter = String(fields['adapter']);
    const key = `${adapter}\n${String(fields['supply'] ?? '')}`;
    const windowMs = policy.tuning.downWindowMs ?? this.#startMs.get(adapter) ?? 0;
    const from = Number(fields['from']);
    const to = Number(fields['to']);
    const growths = (this.#growths.get(key) ?? []).filter(({ at }) => at > now - windowMs);
    this.#growths.set(key, growths);
    if (to > from) return void growths.push({ at: now, groups: to });
    const above = growths.find(({ groups }) => to < from && to < groups);
    if (above !== undefined)
      throw new Violation(
        'I8',
        `${adapter} shrinks to ${to} groups ${now - above.at} ms after it grew to ${above.groups}; the window is ${windowMs} ms`,
      );
  }
}
