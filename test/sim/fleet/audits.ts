/** What must hold at any time, looked at every few seconds: nothing waits too long, leaks, or costs more than allowed. */
import type { Fleet } from './fleet.ts';
import type { ProviderGroup } from './provider.ts';
import { Violation } from './world.ts';

const AUDIT_MS = 5_000;
/** The longest time that the scheduler may have been stalled or asleep, and what it takes to be seen. */
const LATE_MS = 40_000;
/** I5: what exists at a provider is known to its adapter within this, unless that is down or blind. */
const LEAK_MS = 60_000;
const HOUR_MS = 3_600_000;

export const beginAudits = (fleet: Fleet): void => {
  const audit = (): void => {
    auditLeaks(fleet);
    auditWaits(fleet);
    auditSpend(fleet);
    fleet.world.after(AUDIT_MS, audit);
  };
  fleet.world.after(AUDIT_MS, audit);
};

/** P5: no group is in a phase much longer than its deadline, and what waits has a reason (I7). */
const auditWaits = (fleet: Fleet): void => {
  const { startTimeoutMs, pendingTimeoutMs, drainTimeoutMs } = fleet.scenario.scheduler;
  const status = fleet.scheduler.status();
  const deserted = new Set<string>();
  for (const { id, phase, sinceMs, workers } of status?.groups ?? []) {
    const most = phase === 'requested' ? pendingTimeoutMs : phase === 'draining' ? drainTimeoutMs : Infinity;
    if (sinceMs > most + LATE_MS + fleet.leapMs)
      throw new Violation('P5', `${id} has been ${phase} for ${sinceMs} ms`);
    if (phase === 'running' && workers === 0) deserted.add(id);
    const refusedAt = fleet.ledger.failedStarts.get(id);
    if (phase === 'requested' && refusedAt !== undefined && refusedAt < fleet.world.now)
      throw new Violation('P5', `${id} is waited for, although its start has failed`);
  }
  for (const id of fleet.desertedSince.keys()) if (!deserted.has(id)) fleet.desertedSince.delete(id);
  for (const id of deserted) {
    const since = fleet.desertedSince.get(id) ?? fleet.world.now;
    fleet.desertedSince.set(id, since);
    if (fleet.world.now - since > startTimeoutMs + LATE_MS)
      throw new Violation('P5', `${id} runs without a worker for ${fleet.world.now - since} ms`);
  }
  for (const { needs, count, reason } of status?.waiting ?? [])
    if (reason === '')
      throw new Violation('I7', `${count} tasks wait for ${needs.join('+')}, and nobody says why`);
};

/** P2, I5: nothing exists unknown to its adapter, and nothing outlives its own lifetime. */
const auditLeaks = (fleet: Fleet): void => {
  const { now } = fleet.world;
  for (const adapter of [...fleet.adapters, ...(fleet.island === undefined ? [] : [fleet.island.adapter])]) {
    const { wanted, leaving } = adapter.snapshot();
    const known = new Set<string>([...wanted, ...leaving]);
    const isBlind = !adapter.isUp || adapter.provider.faults.listFails > 0;
    for (const group of adapter.provider.alive) {
      if (isBlind || known.has(group.id)) fleet.unknownSince.delete(group.id);
      else {
        const since = fleet.unknownSince.get(group.id) ?? now;
        fleet.unknownSince.set(group.id, since);
        if (now - since > LEAK_MS)
          throw new Violation('P2', `${group.id} has been unknown to its adapter for ${now - since} ms`);
      }
      auditLifetime(group, adapter.provider.traits.worker.lifetimeMaxMs, now);
    }
  }
};

/** A host may be stalled, and drains first. */
const LIFETIME_GRACE_MS = 120_000;

const auditLifetime = (group: ProviderGroup, lifetimeMaxMs: number | undefined, now: number): void => {
  const { host } = group;
  if (host === undefined || lifetimeMaxMs === undefined) return;
  const aliveMs = now - host.bornAt;
  if (aliveMs > lifetimeMaxMs + LIFETIME_GRACE_MS)
    throw new Violation('I5', `${group.id} is ${aliveMs} ms old, its lifetime is ${lifetimeMaxMs} ms`);
};

/** I4: groups cost no more per hour than the adapter's cap, and nothing is billed beyond that but what is begun. */
const auditSpend = (fleet: Fleet): void => {
  for (const { config, provider } of fleet.adapters) {
    const { dollarsPerHourMax, dollarsPerDayMax } = config.caps;
    const hours = (fleet.world.now - provider.bornAt) / HOUR_MS;
    const budget = Math.min(dollarsPerHourMax * hours, dollarsPerDayMax);
    const begun = provider.groups.size * provider.billedMinimumDollars;
    if (provider.spentDollars > budget + begun + 1e-9)
      throw new Violation(
        'I4',
        `${provider.traits.name} billed $${provider.spentDollars}, its budget is $${budget}`,
      );
  }
};
