import { describe, expect, test } from 'vitest';
import {
  adapter,
  echo,
  g1,
  g2,
  g3,
  running,
  serving,
  shutdown,
  start,
  worker,
} from './provisioning/testing/story.ts';
import type { AdapterEvent, RestoredIntent } from './provisioning/types.ts';

describe('the start of an adapter', () => {
  test('lists first, then says hello with what it found, and stops nothing (a restart is a non-event)', () => {
    const one = adapter();
    expect(one.step({ kind: 'connection', state: 'up' })).toEqual(['list #1']);
    expect(one.step({ kind: 'listed', call: 1, groups: [running(g1)] })).toEqual([
      'note info group.adopted',
      'heartbeat max 2 native-test [g-e1-1=running]',
    ]);
  });

  test('says hello without a list when the provider is slow: an empty one would say that nothing runs', () => {
    const one = adapter();
    one.step({ kind: 'connection', state: 'up' });
    expect(one.until(1_000)).toEqual(['heartbeat max 2 native-test [unlisted]']);
  });

  test('asks again, with the same attempt and token, for what it had asked for before it died', () => {
    const intent: RestoredIntent = {
      groupId: g1,
      attempt: 3,
      token: 't',
      workerIds: [],
      capabilities: new Map(),
      phase: 'open',
    };
    const one = adapter({}, [intent, { ...intent, groupId: g2 }, { ...intent, groupId: g3, phase: 'held' }]);
    one.step();
    expect(one.step({ kind: 'listed', call: 1, groups: [running(g2)] })).toEqual([
      'note info group.adopted',
      `holdIntent ${g2}`,
      'note info group.resumed',
      `closeIntent ${g3}`,
      `start #2 ${g1}/3`,
    ]);
  });

  test('judges no command before the first listing, then all of them', () => {
    const one = adapter();
    one.step({ kind: 'connection', state: 'up' });
    expect(one.step(echo(true), start(g2), start(g3), shutdown(g1))).toEqual(['note info adapter.scheduler']);
    expect(one.step({ kind: 'listed', call: 1, groups: [running(g1)] })).toEqual([
      'note info group.adopted',
      'note info group.accepted',
      'note debug group.refused',
      `answer startWorkerGroup ${g3} workerGroupTooMuch [] quota: 2 of 2 worker groups exist`,
      'note info group.leaving',
      `leaveIntent ${g1}`,
      `start #2 ${g2}/1`,
      `stop #3 ${g1}: asked by the scheduler`,
      `answer shutdownWorkerGroup ${g1} success []`,
      'heartbeat max 2 native-test [g-e1-2=pending g-e1-1=stopping]',
    ]);
  });

  test('refuses commands that waited too long for a provider that cannot be listed', () => {
    const one = adapter();
    one.step({ kind: 'connection', state: 'up' }, echo(true), start(g1));
    expect(one.step({ kind: 'listFailed', call: 1, detail: 'no' })).toEqual([
      'note warn adapter.list.failed',
    ]);
    expect(one.until(10_000).filter((line) => line.startsWith('answer'))).toEqual([
      `answer startWorkerGroup ${g1} unknownAction [] unknown: the provider cannot be listed: no`,
    ]);
  });
});

describe('a group whose end was decided before a crash', () => {
  test('is stopped and not adopted, and counts until it is gone', () => {
    const one = adapter({}, [{ phase: 'leaving', groupId: g1 }]);
    one.step({ kind: 'connection', state: 'up' }, echo(true));
    expect(one.step({ kind: 'listed', call: 1, groups: [running(g1), running(g2)] })).toEqual([
      `leaveIntent ${g1}`,
      'note info group.adopted',
      `stop #2 ${g1}: its end was decided before the restart`,
      `heartbeat max 2 native-test [${g2}=running ${g1}=stopping]`,
    ]);
    expect(one.step(start(g3))).toContain(
      `answer startWorkerGroup ${g3} workerGroupTooMuch [] quota: 2 of 2 worker groups exist`,
    );
  });
});

describe('a group', () => {
  test('is asked for, started, told, seen, shut down and gone', () => {
    const one = serving();
    expect(one.step(start(g1))).toEqual(['note info group.accepted', `start #2 ${g1}/1`]);
    expect(one.after(100)).toEqual(['heartbeat max 2 native-test [g-e1-1=pending]']);
    expect(one.after(100, { kind: 'startDone', call: 2, started: [running(g1)], failures: [] })).toEqual([
      'note info group.held',
      `answer startWorkerGroup ${g1} success [${worker(g1, 1)}]`,
      'heartbeat max 2 native-test [g-e1-1=running]',
    ]);
    expect(one.until(250)).toEqual(['list #3']);
    expect(one.step({ kind: 'listed', call: 3, groups: [running(g1)] })).toEqual([`holdIntent ${g1}`]);
    expect(one.after(100, shutdown(g1))).toEqual([
      'note info group.leaving',
      `leaveIntent ${g1}`,
      `stop #4 ${g1}: asked by the scheduler`,
      `answer shutdownWorkerGroup ${g1} success []`,
      'heartbeat max 2 native-test [g-e1-1=stopping]',
    ]);
    expect(one.step({ kind: 'stopDone', call: 4, stopped: [g1], failures: [] })).toEqual(['list #5']);
    expect(one.after(100, { kind: 'listed', call: 5, groups: [] })).toEqual([
      `closeIntent ${g1}`,
      'note info group.gone',
      'heartbeat max 2 native-test []',
    ]);
  });

  test('is started once, however often it is asked for', () => {
    const one = serving();
    expect(one.step(start(g1), start(g1))).toEqual(['note info group.accepted', `start #2 ${g1}/1`]);
    one.step({ kind: 'startDone', call: 2, started: [running(g1)], failures: [] });
    expect(one.step(start(g1))).toEqual([`answer startWorkerGroup ${g1} success [${worker(g1, 1)}]`]);
  });

  test('that was shut down never comes back under its id', () => {
    const one = serving();
    one.step(start(g1), shutdown(g1));
    expect(one.step(start(g1)).filter((line) => line.startsWith('answer'))).toEqual([
      `answer startWorkerGroup ${g1} unknownAction [] invalid: this group has ended; a new one needs a new id`,
    ]);
  });

  test('that the provider loses is lost after two listings and is not replaced', () => {
    const one = serving({ listIntervalMs: 1_000 });
    one.step(start(g1));
    one.step({ kind: 'startDone', call: 2, started: [running(g1)], failures: [] });
    one.after(250);
    expect(one.step({ kind: 'listed', call: 3, groups: [] })).toEqual([]);
    expect(one.after(250)).toEqual(['list #4']);
    expect(one.step({ kind: 'listed', call: 4, groups: [] })).toEqual([
      `closeIntent ${g1}`,
      'note warn group.lost',
      `answer none ${g1} workerGroupIDNotFound [] none: the provider no longer lists it`,
      'heartbeat max 2 native-test []',
    ]);
    expect(one.until(1_000)).toEqual(['list #5']);
  });

  test('is not lost by listings that began within the lag, however late they are read', () => {
    const one = serving({ listIntervalMs: 1_000, listLagMs: 4_000 });
    one.step(start(g1));
    one.step({ kind: 'startDone', call: 2, started: [running(g1)], failures: [] });
    one.after(250);
    one.step({ kind: 'listed', call: 3, groups: [] });
    expect(one.after(250)).toEqual(['list #4']);
    expect(one.after(4_500, { kind: 'listed', call: 4, groups: [] })).not.toContain('note warn group.lost');
    expect(one.machine.snapshot().wanted).toEqual([g1]);
    expect(one.step({ kind: 'listed', call: 5, groups: [] })).toContain('note warn group.lost');
  });

  test('is not lost by a listing that began before its start returned', () => {
    const one = serving({ listIntervalMs: 100 });
    one.until(100);
    one.step(start(g1));
    one.step({ kind: 'startDone', call: 3, started: [running(g1)], failures: [] });
    expect(one.step({ kind: 'listed', call: 2, groups: [] })).toEqual([]);
    expect(one.machine.snapshot().wanted).toEqual([g1]);
  });

  test('that is stopping by itself is lost and swept up', () => {
    const one = serving();
    one.step(start(g1));
    one.step({ kind: 'startDone', call: 2, started: [running(g1)], failures: [] });
    one.after(250);
    expect(
      one.after(100, { kind: 'listed', call: 3, groups: [{ ...running(g1), state: 'stopping' }] }),
    ).toEqual([
      `closeIntent ${g1}`,
      'note warn group.lost',
      `answer none ${g1} workerGroupIDNotFound [] none: it is stopping by itself`,
      `leaveIntent ${g1}`,
      `stop #4 ${g1}: it was stopping by itself`,
      'heartbeat max 2 native-test [g-e1-1=stopping]',
    ]);
  });

  test('that nobody wants is stopped, and asked again while it shows no end', () => {
    const one = serving({ stopRepeatMs: 1_000 });
    one.until(2_000);
    expect(one.after(100, { kind: 'listed', call: 2, groups: [running(g3)] })).toEqual([
      'note warn group.orphan',
      `leaveIntent ${g3}`,
      `stop #3 ${g3}: nobody wants it`,
      `heartbeat max 2 native-test [g-e1-3=stopping]`,
    ]);
    expect(one.step({ kind: 'stopDone', call: 3, stopped: [g3], failures: [] })).toEqual(['list #4']);
    expect(one.step({ kind: 'listed', call: 4, groups: [running(g3)] })).toEqual([]);
    expect(one.until(1_000)).toEqual(['list #5', `stop #6 ${g3}: nobody wants it`]);
  });

  test('whose stop fails is tried again, slower each time, and an operator hears of it', () => {
    const one = serving();
    one.until(2_000);
    one.after(100, { kind: 'listed', call: 2, groups: [running(g3)] });
    const failed = (call: number): AdapterEvent => ({
      kind: 'stopDone',
      call,
      stopped: [],
      failures: [{ groupId: g3, kind: 'throttled', detail: 'slow down' }],
    });
    expect(one.step(failed(3))).toEqual(['note warn group.stop.failed', 'list #4']);
    expect(one.until(999)).toEqual([]);
    expect(one.until(1)).toEqual([`stop #5 ${g3}: nobody wants it`]);
    expect(one.step(failed(5))).toEqual(['note warn group.stop.failed']);
    expect(one.until(1_999)).toEqual(['heartbeat max 2 native-test [g-e1-3=stopping]']);
    expect(one.until(1)).toEqual([`stop #6 ${g3}: nobody wants it`]);
    expect(one.step(failed(6))).toEqual(['note error group.stop.failed']);
  });
});
