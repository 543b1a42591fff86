/** The provider behind an adapter: starts and stops groups, in its time and for its price, and sometimes fails to. */
import { capabilityKey } from '@muster/protocol/ids';
import type { Capabilities, GroupId } from '@muster/protocol/ids';
import type { Intent, ListedGroup } from '@muster/core/provisioning';
import type { AdapterSpec } from '../adapter.ts';
import { capabilitiesOf } from '../needs.ts';
import type { Random } from '../random.ts';
import { randomOf } from '../random.ts';
import { HOUR_MS } from '../words/values.ts';
import { sample } from '../words/spread.ts';
import type { Agenda } from './heap.ts';
import { ModelWorker } from './worker.ts';
import type { Surroundings } from './worker.ts';

export interface ModelGroup {
  readonly id: GroupId;
  readonly provider: Provider;
  readonly nativeId: string;
  readonly intent: Intent;
  readonly dollarsPerHour: number;
  readonly sinceMs: number;
  readonly stopMs: number;
  /** starting → up → stopping → gone; a failed start goes from starting to gone. */
  phase: 'starting' | 'up' | 'stopping' | 'gone';
  upMs: number;
  stoppedMs: number;
  workers: readonly ModelWorker[];
}

/** What the world has planned. */
export type Happening =
  | { readonly kind: 'end'; readonly worker: ModelWorker }
  | { readonly kind: 'up' | 'failed' | 'gone'; readonly group: ModelGroup };

export interface ProviderTotals {
  started: number;
  failed: number;
  peak: number;
  dollars: number;
  /** From request to end, summed over groups. */
  groupMs: number;
}

export class Provider {
  readonly spec: AdapterSpec;
  readonly groups: Map<GroupId, ModelGroup> = new Map<GroupId, ModelGroup>();
  readonly totals: ProviderTotals = { started: 0, failed: 0, peak: 0, dollars: 0, groupMs: 0 };
  readonly #agenda: Agenda<Happening>;
  readonly #around: Surroundings;
  readonly #random: Random;
  #starts = 0;

  constructor(spec: AdapterSpec, seed: number, agenda: Agenda<Happening>, around: Surroundings) {
    this.spec = spec;
    this.#agenda = agenda;
    this.#around = around;
    this.#random = randomOf(seed, `starts of ${spec.id}`);
  }

  /** Draws in the order of the starts, so that every policy meets the same luck. */
  start(intent: Intent, nowMs: number): ListedGroup {
    const { spec, totals } = this;
    const willFail = this.#random.next() < spec.failShare;
    const startMs = sample(spec.start, this.#random);
    const stopMs = sample(spec.stop, this.#random);
    const group: ModelGroup = {
      id: intent.groupId,
      provider: this,
      nativeId: `${spec.id}-${++this.#starts}`,
      intent,
      dollarsPerHour: priceOf(spec, intent.capabilities),
      sinceMs: nowMs,
      stopMs,
      phase: 'starting',
      upMs: nowMs,
      stoppedMs: nowMs,
      workers: [],
    };
    this.groups.set(group.id, group);
    this.#around.books.starting++;
    totals.started++;
    totals.peak = Math.max(totals.peak, this.groups.size);
    this.#agenda.plan(nowMs + startMs, { kind: willFail ? 'failed' : 'up', group });
    return listed(group);
  }

  list(): readonly ListedGroup[] {
    return [...this.groups.values()].map(listed);
  }

  stop(id: GroupId, nowMs: number): void {
    const group = this.groups.get(id);
    if (group === undefined || group.phase === 'stopping') return;
    const { books } = this.#around;
    if (group.phase === 'starting') {
      books.starting--;
      group.upMs = nowMs;
    } else books.up--;
    books.stopping++;
    group.phase = 'stopping';
    group.stoppedMs = nowMs;
    for (const worker of group.workers) worker.end(nowMs);
    if (group.stopMs > 0) this.#agenda.plan(nowMs + group.stopMs, { kind: 'gone', group });
    else this.gone(group, nowMs);
  }

  /** @returns its workers, once they are here. */
  up(group: ModelGroup, nowMs: number): readonly ModelWorker[] {
    if (group.phase !== 'starting') return [];
    const { books } = this.#around;
    books.starting--;
    books.up++;
    books.progressMs = nowMs;
    group.phase = 'up';
    group.upMs = nowMs;
    group.workers = group.intent.workerIds.map(
      (id) => new ModelWorker(id, this.spec.workersPerGroup, this.#around),
    );
    return group.workers;
  }

  failed(group: ModelGroup, nowMs: number): void {
    if (group.phase !== 'starting') return;
    this.totals.failed++;
    this.#around.books.starting--;
    this.#around.books.stopping++;
    group.upMs = group.stoppedMs = nowMs;
    group.phase = 'stopping';
    this.gone(group, nowMs);
  }

  gone(group: ModelGroup, nowMs: number): void {
    this.#around.books.stopping--;
    group.phase = 'gone';
    this.groups.delete(group.id);
    this.#bill(group, nowMs);
  }

  /** At the end of the simulation: what still runs costs until then. */
  close(nowMs: number): void {
    for (const group of this.groups.values()) {
      if (group.phase === 'starting') group.upMs = nowMs;
      if (group.phase !== 'stopping') group.stoppedMs = nowMs;
      this.#bill(group, nowMs);
    }
  }

  #bill(group: ModelGroup, nowMs: number): void {
    const { spec, totals } = this;
    const livedMs = nowMs - group.sinceMs;
    totals.groupMs += livedMs;
    totals.dollars += (Math.max(livedMs, spec.billedMinimumMs) * group.dollarsPerHour) / HOUR_MS;
    const { paid } = this.#around.books;
    const busyMs = group.workers.reduce((sum, worker) => sum + worker.busyBy(nowMs), 0);
    const upMs = (group.stoppedMs - group.upMs) * spec.workersPerGroup;
    paid.starting += (group.upMs - group.sinceMs) * spec.workersPerGroup;
    paid.busy += busyMs;
    paid.idle += upMs - busyMs;
    paid.stopping += (nowMs - group.stoppedMs) * spec.workersPerGroup;
  }
}

const listed = ({ id, nativeId, phase }: ModelGroup): ListedGroup => ({
  groupId: id,
  nativeId,
  state: phase === 'up' ? 'running' : phase === 'starting' ? 'pending' : 'stopping',
});

/** Of the offer that it was started as. */
const priceOf = (spec: AdapterSpec, capabilities: Capabilities): number => {
  const key = capabilityKey(capabilities);
  const offer =
    spec.offers.find((one) => capabilityKey(capabilitiesOf(one.offers)) === key) ?? spec.offers[0];
  return offer?.dollarsPerHour ?? 0;
};
