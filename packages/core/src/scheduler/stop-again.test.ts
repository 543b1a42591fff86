import { describe, expect, it } from 'vitest';
import { adapterBeat, bench, from, listed, sent } from '../../test/kit.ts';
import type { Bench } from '../../test/kit.ts';
import type { Message } from '@muster/protocol/messages';

const GROUP = 'g-old-1';

/** An adopted group whose end an operator asked for while adapter `a1` was here. */
const stopping = (): Bench => {
  const b = bench();
  b.step(from('a1', adapterBeat('native', { groups: [listed(GROUP)] })));
  b.step({ kind: 'operator', request: { action: 'shutdown', withinMs: 60_000 } });
  return b;
};

const shutdowns = (messages: readonly Message[]): number =>
  messages.filter((one) => one.kind === 'adapterCommand' && one.command === 'shutdownWorkerGroup').length;

describe('a group whose end was asked for', () => {
  it('is asked for again when its adapter came back without having heard, before any deadline', () => {
    const b = stopping();
    b.pass(600);
    const beat = from('a2', adapterBeat('native', { groups: [listed(GROUP)] }));
    expect(shutdowns(sent(b.step(beat), 'a2'))).toBe(1);
  });

  it('is not asked for again by a heartbeat that may have crossed the command', () => {
    const b = stopping();
    b.pass(100);
    expect(shutdowns(sent(b.step(from('a1', adapterBeat('native', { groups: [listed(GROUP)] })))))).toBe(0);
  });

  it('is left alone while the adapter says that it is stopping', () => {
    const b = stopping();
    b.pass(5_000);
    const beat = from('a1', adapterBeat('native', { groups: [listed(GROUP, 'stopping')] }));
    expect(shutdowns(sent(b.step(beat)))).toBe(0);
  });
});
