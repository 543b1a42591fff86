import { describe, expect, it } from 'vitest';
import { groupId, workerId } from '@muster/protocol/ids';
import type { Message } from '@muster/protocol/messages';
import { adapterBeat, bench, caps, clientBeat, from, results, submit, workerBeat } from '../../test/kit.ts';
import { policyOf } from '../policy-content.ts';
import type { SchedulerEffect } from '../scheduler-types.ts';

const POLICY = 'allocate=capability; scaling=vanilla; upper_task_ratio=1; lower_task_ratio=1; down_window=0';

const started = (id: string): Message => ({
  kind: 'adapterCommandResponse',
  command: 'startWorkerGroup',
  groupId: groupId(id),
  status: 'success',
  workerIds: [workerId(`made-up-${id}`)],
  capabilities: caps(''),
  failure: 'unknown',
  reason: '',
});

/** Two groups, each worker registered before its group had a name, then a worker of nobody that falls silent. */
const story = (asked: boolean): readonly SchedulerEffect[] => {
  const b = bench({ policy: policyOf(POLICY), workerTimeoutMs: 30_000 });
  const effects: SchedulerEffect[] = [];
  const step = (peer: string, message: Message): void => void effects.push(...b.step(from(peer, message)));
  const beats: Message = adapterBeat(undefined, { groupsMax: 2, capabilities: 'gpu' });
  const beat = (peer: string, capabilities: string): void =>
    step(peer, workerBeat({ features: 0, capabilities, running: capabilities === 'gpu' }));
  const live = (ms: number): void => {
    for (let passed = 0; passed < ms; passed += 2_000) {
      effects.push(...b.pass(2_000));
      step('a', beats);
      step('c', clientBeat(0));
      beat('w1', '');
      beat('w2', 'gpu');
    }
  };
  step('a', beats);
  step('c', clientBeat(0));
  step('c', submit(['t1', 't2', 't3'], { needs: 'gpu' }));
  effects.push(...b.pass(100));
  beat('w1', '');
  effects.push(...b.pass(100));
  step('a', started('G1'));
  effects.push(...b.pass(100));
  beat('w2', 'gpu');
  effects.push(...b.pass(100));
  step('a', started('G2'));
  effects.push(...b.pass(1_000));
  beat('w3', '');
  effects.push(...b.pass(500));
  if (asked) {
    b.machine.explain({ what: 'scale' }, b.now);
    b.machine.explain({ what: 'group', id: 'G1' }, b.now);
  }
  live(40_000);
  for (const task of ['t1', 't2']) step('w2', results([task], 0));
  live(20_000);
  return effects;
};

describe('which worker is whose with a stock adapter', () => {
  it('does not depend on whether somebody has asked for an explanation', () => {
    expect(story(true)).toEqual(story(false));
  });
});
