/** What policies and limits promise beside the big promises, checked at each decision of the side of ours. */
import type { Note } from '@muster/core/machine';
import { groupOfWorker } from '@muster/protocol/ids';
import type { PeerId } from '@muster/protocol/ids';
import type { SimAdapter } from './adapter.ts';
import type { Fleet } from './fleet.ts';
import { Violation } from './world.ts';

/** A share of an adapter's groups may always go, whatever `down_step` says. */
const TENTH = 0.1;

export class Limits {
  readonly #fleet: Fleet;
  #requestedAt = new Map<string, number>();
  #adapterOf = new Map<string, string>();
  /** Adapters whose starts failed, and until when they rest. */
  #restsUntil = new Map<string, number>();

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
  }

  onSchedulerStart(): void {
    this.#requestedAt = new Map();
    this.#adapterOf = new Map();
    this.#restsUntil = new Map();
  }

  get #now(): number {
    return this.#fleet.scheduler.process?.clock.now() ?? 0;
  }

  #adapter(id: string): SimAdapter | undefined {
    return this.#fleet.adapters.find(({ config }) => config.adapterId === id);
  }

  onBackoff({ adapter, waitMs }: Note['fields']): void {
    this.#restsUntil.set(String(adapter), this.#now + Number(waitMs));
  }

  /** A group that works ends the rest of its adapter. */
  onResult(from: PeerId): void {
    const group = groupOfWorker(from);
    const adapter = group === undefined ? undefined : this.#adapterOf.get(group);
    if (adapter !== undefined) this.#restsUntil.delete(adapter);
  }

  onKnown(group: string, adapter: string): void {
    this.#adapterOf.set(group, adapter);
  }

  onRequested(group: string, adapter: string): void {
    this.onKnown(group, adapter);
    this.#requestedAt.set(group, this.#now);
    if (this.#adapter(adapter) === undefined || !this.#isOurs) return;
    const rest = (this.#restsUntil.get(adapter) ?? 0) - this.#now;
    if (rest > 0)
      throw new Violation('breaker', `${group} is asked of ${adapter}, which rests for ${rest} ms more`);
  }

  onLetGo(group: string, adapter: string): void {
    const found = this.#adapter(adapter);
    const requestedAt = this.#requestedAt.get(group);
    const { offers = [] } = found?.config ?? {};
    if (found === undefined || requestedAt === undefined || offers.length !== 1) return;
    const paidMs = this.#tuning.billedMinimum ? (offers[0]?.billedMinimumMs ?? 0) : 0;
    const livedMs = this.#now - requestedAt;
    if (this.#isOurs && livedMs < paidMs)
      throw new Violation('billed_minimum', `${group} goes after ${livedMs} ms, it is paid for ${paidMs} ms`);
  }

  onDecided(fields: Note['fields'], silent: ReadonlySet<string>): void {
    if (!this.#isOurs || this.#adapter(String(fields['adapter'])) === undefined) return;
    const from = Number(fields['from']);
    const to = Number(fields['to']);
    const { startStep, downStep } = this.#tuning;
    if (startStep > 0 && to - from > startStep)
      throw new Violation('start_step', `${to - from} groups are started at once, not ${startStep}`);
    if (downStep > 0 && from - to > Math.max(downStep, Math.ceil(TENTH * from * 2)))
      throw new Violation('down_step', `${from - to} groups are let go at once, not ${downStep}`);
    // While there is work, a group that cannot do it makes room for one that can.
    if (to < from && Number(fields['tasks']) === 0) this.#checkFloor(silent);
    else if (to > from) this.#checkTiers(silent);
  }

  #live(silent: ReadonlySet<string>, phases: readonly string[]): Map<string, number> {
    const live = new Map<string, number>();
    for (const { adapter, phase } of this.#fleet.scheduler.status()?.groups ?? [])
      if (this.#adapter(adapter) !== undefined && !silent.has(adapter) && phases.includes(phase))
        live.set(adapter, (live.get(adapter) ?? 0) + 1);
    return live;
  }

  #checkFloor(silent: ReadonlySet<string>): void {
    const { minGroups } = this.#tuning;
    if (minGroups === 0 || this.#fleet.adapters.some((one) => one.isLeaving)) return;
    let live = 0;
    for (const groups of this.#live(silent, ['requested', 'running']).values()) live += groups;
    if (live < minGroups) throw new Violation('min_groups', `${live} groups are left, not ${minGroups}`);
  }

  #checkTiers(silent: ReadonlySet<string>): void {
    const occupied = this.#live(silent, ['requested', 'running', 'draining', 'stopping']);
    for (const { adapter, groupsMax } of this.#tuning.tiers) {
      const [groups = 0] = [...occupied].flatMap(([id, count]) => (id.startsWith(adapter) ? [count] : []));
      if (groupsMax !== undefined && groups > groupsMax)
        throw new Violation('waterfall', `${groups} groups are in tier ${adapter}, its cap is ${groupsMax}`);
    }
  }

  get #tuning(): Fleet['scenario']['scheduler']['policy']['tuning'] {
    return this.#fleet.scenario.scheduler.policy.tuning;
  }

  get #isOurs(): boolean {
    return this.#fleet.scenario.scheduler.compat === 'own';
  }
}
