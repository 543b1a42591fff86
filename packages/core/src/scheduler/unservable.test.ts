import { policyOf } from '../policy-content.ts';
import { describe, expect, it } from 'vitest';
import type { Message } from '@muster/protocol/messages';
import { adapterBeat, bench, clientBeat, from, sent, submit } from '../../test/kit.ts';
import type { Bench } from '../../test/kit.ts';
import type { SchedulerEffect } from '../scheduler-types.ts';

const CAPABILITY = {
  policy: policyOf('allocate=capability; scaling=vanilla'),
} as const;
const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `t${i}`);
const starts = (effects: readonly SchedulerEffect[]): readonly Message[] =>
  sent(effects).filter((one) => one.kind === 'adapterCommand' && one.command === 'startWorkerGroup');

/** 30 tasks that need what the adapter `plain` does not offer. */
const waiting = (): { b: Bench; effects: readonly SchedulerEffect[] } => {
  const b = bench(CAPABILITY);
  b.step(from('a', adapterBeat('plain')), from('c', clientBeat()));
  b.pass(1_000);
  const effects = [...b.step(from('c', submit(names(30), { needs: 'tpu' }))), ...b.pass(5_000)];
  return { b, effects };
};

describe('tasks that nobody can serve', () => {
  it('start no group, and status says how many they are and what is missing', () => {
    const { b, effects } = waiting();
    expect(starts(effects)).toEqual([]);
    const status = b.machine.status(b.now);
    expect(status.scaling).toContain('30 more that nobody can serve');
    expect(status.waiting[0]?.reason).toContain('tpu');
  });

  it('start groups of an adapter that comes and offers it', () => {
    const { b } = waiting();
    const effects = [...b.step(from('b', adapterBeat('special', { capabilities: 'tpu' }))), ...b.pass(100)];
    expect(starts(effects).length).toBeGreaterThan(0);
  });

  it('do not keep the groups of others', () => {
    const { b } = waiting();
    const effects = [...b.step(from('c', submit(['plain']))), ...b.pass(100)];
    expect(starts(effects)).toHaveLength(1);
    expect(b.machine.status(b.now).scaling).toContain('1 task (30 more that nobody can serve)');
  });
});
