import { instant, NO_CAPABILITIES, objectId } from '@muster/protocol/ids';
import type { Capabilities } from '@muster/protocol/ids';
import { describe, expect, it } from 'vitest';
import {
  bench,
  caps,
  clientBeat,
  CONFIG,
  from,
  head,
  results,
  submit,
  worker,
  workerBeat,
} from '../../test/kit.ts';
import { policyOf } from '../policy-content.ts';
import { schedulerOn } from '../scheduler.ts';
import { DEMANDS_MAX, DemandIndex, WORKS_MAX } from './demand.ts';
import { FunctionStats } from './function-stats.ts';
import { createState } from './state.ts';

const fn = (name: string): FunctionStats => new FunctionStats(objectId(name.padEnd(32, ' ')));

const world = (policy: string) => {
  const state = createState({ ...CONFIG, policy: policyOf(policy) }, instant(0));
  const machine = schedulerOn(state);
  let now = 0;
  const step = (...events: Parameters<typeof machine.step>[0]): void => {
    machine.step(events, instant(++now));
    machine.check();
  };
  step(from('c', clientBeat()), from('s', clientBeat(0)));
  return { state, step };
};

describe('demand', () => {
  it.each(['allocate=even_load; scaling=no', 'allocate=capability; scaling=no'])(
    'is counted by what tasks state, whatever %s makes of it, and by side',
    (policy) => {
      const { state, step } = world(policy);
      step(from('c', submit(['t1', 't2'], { needs: 'gpu' })), from('c', submit(['t3'])));
      step(from('s', { kind: 'task', task: head('t4', { source: 's', needs: 'gpu' }) }));
      expect(state.demand.of(true)).toMatchObject([
        { key: '', tasks: 1, waiting: 1, unmeasured: 1 },
        { key: 'gpu', tasks: 2, waiting: 2, waitingMs: 0, unmeasured: 2 },
      ]);
      expect(state.demand.of(false)).toMatchObject([{ key: 'gpu', tasks: 1 }]);
      expect([state.own.hadWork, state.stock.hadWork]).toEqual([true, true]);
    },
  );

  it('counts a task with a worker as unfinished and not as waiting, and forgets it with its result', () => {
    const { state, step } = world('allocate=even_load; scaling=no');
    const w = worker('lone', 1);
    step(from(w, workerBeat({ queueSize: 1 })), from('c', submit(['t1', 't2'])));
    expect(state.demand.of(true)).toMatchObject([{ tasks: 2, waiting: 1 }]);
    step(from(w, results(['t1'], 1, 100)));
    expect(state.demand.of(true)).toMatchObject([{ tasks: 1, waiting: 0 }]);
    step(from(w, results(['t2'], 1, 100)));
    expect(state.demand.of(true)).toEqual([]);
  });

  it('knows how long the waiting ones take by function and needs, else by function', () => {
    const { state, step } = world('allocate=capability; scaling=no');
    const w = worker('lone', 1);
    step(from(w, workerBeat({ queueSize: 1, capabilities: 'gpu' })));
    step(from('c', submit(['t1'], { needs: 'gpu', fn: 'f' })));
    step(from(w, results(['t1'], 1, 6_000)));
    step(from('c', submit(['t2', 't3', 't4'], { needs: 'gpu', fn: 'f' })));
    step(
      from('c', submit(['t5'], { needs: 'tpu', fn: 'f' })),
      from('c', submit(['t6'], { needs: 'tpu', fn: 'g' })),
    );
    expect(state.demand.of(true)).toMatchObject([
      { key: 'gpu', waiting: 2, waitingMs: 12_000, unmeasured: 0 },
      { key: 'tpu', waiting: 2, waitingMs: 6_000, unmeasured: 1 },
    ]);
  });

  it('stays bounded whatever needs peers name, and what is beyond is nobody’s to serve', () => {
    const index = new DemandIndex();
    const needs = (i: number): Capabilities => caps(`need ${i}`);
    for (let i = 0; i < DEMANDS_MAX; i++) index.workOf(true, needs(i), fn('f')).demand.tasks++;
    const beyond = index.workOf(true, needs(DEMANDS_MAX), fn('f'));
    expect([index.size, index.workOf(true, needs(-1), fn('f')).demand]).toEqual([DEMANDS_MAX, beyond.demand]);
    expect([...beyond.demand.needs.keys()]).toEqual([`(more than ${DEMANDS_MAX} different needs)`]);
    // One that is over makes room, sooner or later.
    const old = index.workOf(true, needs(0), fn('f'));
    old.demand.tasks = 0;
    const found = Array.from({ length: DEMANDS_MAX }, (_, i) =>
      index.workOf(true, needs(5_000 + i), fn('f')),
    );
    expect(found.some((work) => work.demand !== beyond.demand)).toBe(true);
    expect([old.gone, index.size]).toEqual([true, DEMANDS_MAX]);
  });

  it('stays bounded whatever functions peers name', () => {
    const index = new DemandIndex();
    for (let i = 0; i < WORKS_MAX; i++) index.workOf(true, NO_CAPABILITIES, fn(`f${i}`)).tasks++;
    const work = index.workOf(true, NO_CAPABILITIES, fn('one more'));
    expect([index.works, work === work.demand.rest, work.meanMs]).toEqual([WORKS_MAX, true, undefined]);
  });

  it('is true again after a client with many needs is gone', () => {
    const b = bench({ policy: policyOf('allocate=capability; scaling=no') });
    b.step(from('c', clientBeat()));
    for (let i = 0; i < 1_500; i++) b.machine.step([from('c', submit([`t${i}`], { needs: `n${i}` }))], b.now);
    b.step(from('c', { kind: 'clientDisconnect', type: 'disconnect' }), from('d', clientBeat()));
    b.step(from('d', submit(['x'], { needs: 'n1499' })));
    expect(b.machine.status(b.now).waiting).toMatchObject([{ needs: ['n1499'], count: 1 }]);
  });
});
