/** A worker host with its processors, against a scheduler that speaks the real wire. The build must be current. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { INLINE_BYTES_MAX } from '@muster/protocol/calls';
import { workerId } from '@muster/protocol/ids';
import type { ObjectId, PeerId, TaskId } from '@muster/protocol/ids';
import { decodeValue, encodeValue, ObjectRef } from '@muster/protocol/values';
import { startWorkerHost } from './host.ts';
import type { WorkerHost, WorkerHostConfig } from './host.ts';
import { treeRssBytes } from './host/proc.ts';
import { FakeScheduler, idOf } from './testing/fake-scheduler.ts';

const MIB = 1024 * 1024;

const CODE = `
import { existsSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
export const square = (n) => n * n;
export const later = async (n) => { await wait(1); return n + 1; };
export const fails = () => { const error = new RangeError('no good', { cause: new Error('deep') }); error.code = 'E_BAD'; throw error; };
export const throwsText = () => { throw 'just text'; };
export const rejectsLater = () => new Promise(() => { setTimeout(() => { throw new Error('from a timer'); }, 1); });
export const leavesRejection = () => { Promise.reject(new Error('nobody caught me')); return 'fine'; };
export const exits = (code) => process.exit(code);
export const kills = () => { process.kill(process.pid, 'SIGKILL'); return new Promise(() => {}); };
export const pid = () => process.pid;
export const loops = (file) => { if (file) writeFileSync(file, String(process.pid)); for (;;); };
export const waits = async (file, { signal }) => { if (file) writeFileSync(file, String(process.pid)); await new Promise((_, fail) => signal.addEventListener('abort', () => fail(signal.reason))); };
export const waitsDeaf = async (file) => { if (file) writeFileSync(file, String(process.pid)); await new Promise(() => setInterval(() => {}, 1000)); };
export const leaks = async () => { const kept = []; for (;;) { kept.push(Buffer.alloc(8 * 1024 * 1024, 1)); await wait(10); } };
export const closure = () => ({ list: [1, { callback: () => 1 }] });
export const big = (bytes) => new Uint8Array(bytes).fill(7);
export const sum = ({ list, table }) => list.reduce((a, b) => a + b, 0) + (table?.extra ?? 0);
export const prints = async (n, { log }) => { console.log('to stdout', n); console.error('to stderr', n); log('by log', { n }); };
export const spawnsDetached = (file) => { const child = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' }); child.unref(); return child.pid; };
export const spawnsAndDies = () => { const child = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' }); console.error('child ' + child.pid); process.exit(9); };
export const context = (_, { taskId, attempt, signal }) => ({ taskId, attempt, aborted: signal.aborted });
export const untilTold = async (file) => { writeFileSync(file, String(process.pid)); while (!existsSync(file + '.go')) await wait(5); return 'told'; };
export const cpuHungry = (ms) => { const end = Date.now() + ms; while (Date.now() < end); };
`;
const NAMES = [...CODE.matchAll(/export const (\w+)/g)].map((match) => match[1] ?? '');

let scheduler: FakeScheduler;
let host: WorkerHost;
let worker: PeerId;
let fn: Readonly<Record<string, ObjectId>>;

const hostConfig = (more: Partial<WorkerHostConfig> = {}): WorkerHostConfig => ({
  scheduler: scheduler.address,
  groupId: 'g-test-1',
  workerIds: [workerId('Worker|g-test-1|01')],
  capabilities: new Map(),
  deathTimeoutMs: 300_000,
  lifetimeMaxMs: undefined,
  graceMs: 5000,
  processorMemoryBytesMax: undefined,
  ...more,
});
const restart = async (more: Partial<WorkerHostConfig>): Promise<void> => {
  host.abandon('the test wants another one');
  await host.ended;
  scheduler.workers.clear();
  host = await startWorkerHost(hostConfig({ workerIds: [workerId('Worker|g-test-1|02')], ...more }));
  worker = await scheduler.worker();
};
const call = (name: string): ObjectId => {
  const id = fn[name];
  if (id === undefined) throw new Error(`no function ${name}`);
  return id;
};
const run = (name: string, argument?: unknown): ReturnType<FakeScheduler['run']> =>
  scheduler.run(worker, { functionId: call(name), argument });
const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
};
const fileWith = (name: string): string => `${scheduler.folder}/${name}`;
const begun = async (file: string): Promise<number> => {
  await scheduler.until('the task begins', () => existsSync(file) && readFileSync(file, 'utf8') !== '');
  return Number(readFileSync(file, 'utf8'));
};
const confirmOf = (): readonly string[] =>
  scheduler.seen.flatMap(({ message }) => (message.kind === 'taskCancelConfirm' ? [message.confirm] : []));

beforeEach(async () => {
  scheduler = await FakeScheduler.start();
  fn = await scheduler.functions(CODE, NAMES);
  host = await startWorkerHost(hostConfig());
  worker = await scheduler.worker();
});
afterEach(async () => {
  host.abandon('the test is over');
  await host.ended;
  await scheduler[Symbol.asyncDispose]();
});

describe('functions', () => {
  it('run with their argument and give their value', async () => {
    expect(await run('square', 12)).toMatchObject({ outcome: 'success', value: 144, attempt: 1 });
    expect(await run('later', 1)).toMatchObject({ outcome: 'success', value: 2 });
  });

  it('know their task, their attempt and their signal', async () => {
    const [id = ''] = scheduler.submit(worker, [{ functionId: call('context'), attempt: 3 }]);
    const { value, attempt } = await scheduler.answer(id as never);
    expect(attempt).toBe(3);
    expect(value).toEqual({ taskId: Buffer.from(id, 'latin1').toString('hex'), attempt: 3, aborted: false });
  });

  it('take arguments from the object store, and values that were put once', async () => {
    const table = encodeValue({ extra: 100 });
    await scheduler.store.put(idOf(table), table);
    const argument = encodeValue({ list: [1, 2, 3], table: new ObjectRef(idOf(table)) });
    await scheduler.store.put(idOf(argument), argument);
    const wish = { functionId: call('sum'), args: [{ kind: 'object' as const, id: idOf(argument) }] };
    expect((await scheduler.run(worker, wish)).value).toBe(106);
    expect((await run('sum', { list: [5], table: new ObjectRef(idOf(table)) })).value).toBe(105);
  });

  it('give large values as objects', async () => {
    const { result } = await run('big', INLINE_BYTES_MAX * 4);
    expect(result.inline).toBeUndefined();
    const [id, ...more] = result.objectIds;
    expect(more).toEqual([]);
    const body = await scheduler.store.get(id ?? ('' as never));
    expect(decodeValue(body ?? new Uint8Array())).toEqual(new Uint8Array(INLINE_BYTES_MAX * 4).fill(7));
  });

  it('that throw fail with the error, its cause, its code and its stack', async () => {
    const { outcome, value } = await run('fails');
    expect(outcome).toBe('failed');
    expect(value).toBeInstanceOf(RangeError);
    expect(value).toMatchObject({ message: 'no good', code: 'E_BAD', cause: { message: 'deep' } });
    expect((value as Error).stack).toContain('fails');
    expect(await run('throwsText')).toMatchObject({
      outcome: 'failed',
      value: { message: "the task threw 'just text'" },
    });
    expect((await run('square', 2)).value).toBe(4);
  });

  it('whose value cannot travel fail with the path to the culprit', async () => {
    const { outcome, value } = await run('closure');
    expect(outcome).toBe('failed');
    expect(value).toMatchObject({
      code: 'ResultInvalidError',
      message: expect.stringContaining('result.list[1].callback') as string,
    });
  });

  it('that cannot be loaded fail with what is wrong', async () => {
    const { absent } = await scheduler.functions(CODE, ['absent']);
    const { broken } = await scheduler.functions('export const broken = ;', ['broken']);
    for (const [functionId, text] of [
      [absent, 'exports no function "absent"'],
      [broken, 'cannot be loaded'],
    ] as const) {
      const { value } = await scheduler.run(worker, { functionId });
      expect(value).toMatchObject({
        code: 'TaskInvalidError',
        message: expect.stringContaining(text) as string,
      });
    }
  });

  it('whose code was lost get it when a client puts it again, and fail when nobody does', async () => {
    const lost = idOf(Buffer.from('never stored'));
    const { value } = await scheduler.run(worker, { functionId: lost });
    expect(value).toMatchObject({ code: 'ObjectLostError' });
    const argument = encodeValue(9);
    const pending = scheduler.run(worker, {
      functionId: call('square'),
      args: [{ kind: 'object', id: idOf(argument) }],
    });
    await scheduler.store.put(idOf(argument), argument);
    expect((await pending).value).toBe(81);
  }, 60_000);

  it('report what they cost', async () => {
    await run('square', 1);
    const { result } = await run('cpuHungry', 300);
    expect(result.metadata?.durationS).toBeGreaterThan(0.25);
    expect(result.metadata?.cpuS).toBeGreaterThan(0.02);
    expect(result.metadata?.memoryPeakBytes).toBeGreaterThan(10 * MIB);
  });

  it('stream what they print when their task asks for it', async () => {
    const [id] = scheduler.submit(worker, [{ functionId: call('prints'), argument: 5, streamOutput: true }]);
    if (id === undefined) throw new Error('no task');
    await scheduler.answer(id);
    expect(scheduler.logsOf(id, 'stdout')).toBe('to stdout 5\nby log { n: 5 }\n');
    expect(scheduler.logsOf(id, 'stderr')).toBe('to stderr 5\n');
    const silent = scheduler.submit(worker, [{ functionId: call('prints'), argument: 6 }])[0];
    if (silent === undefined) throw new Error('no task');
    await scheduler.answer(silent);
    expect(scheduler.logsOf(silent, 'stdout')).toBe('');
  });

  it('in their thousands each end once with their own value', async () => {
    const wishes = Array.from({ length: 3000 }, (_, n) => ({
      functionId: call(n % 3 === 0 ? 'later' : 'square'),
      argument: n,
    }));
    const ids = scheduler.submit(worker, wishes);
    await scheduler.until('all answers', () => scheduler.answers.size === 3000);
    ids.forEach((id, n) => expect(scheduler.answers.get(id)?.value).toBe(n % 3 === 0 ? n + 1 : n * n));
    const batches = scheduler.seen.filter(({ message }) => message.kind === 'taskResultBatch').length;
    expect(batches).toBeLessThan(3000);
  });
});

describe('user code that breaks its processor', () => {
  const survives = async (): Promise<void> => {
    expect((await run('square', 3)).value).toBe(9);
  };

  it('by an error in a callback, or a rejection that nobody caught, fails its own task', async () => {
    expect(await run('rejectsLater')).toMatchObject({
      outcome: 'failed',
      value: { message: 'from a timer' },
    });
    expect(await run('leavesRejection')).toMatchObject({
      outcome: 'failed',
      value: { message: 'nobody caught me' },
    });
    await survives();
  });

  it.each([
    ['exits', 3, 'exit code 3'],
    ['kills', undefined, 'signal SIGKILL'],
  ])('by %s costs its own attempt', async (name, argument, text) => {
    const { outcome, value } = await run(name, argument);
    expect(outcome).toBe('failedWorkerDied');
    expect(value).toMatchObject({
      code: 'ProcessorDiedError',
      message: expect.stringContaining(text) as string,
    });
    await survives();
  });

  it('costs nothing of the tasks that were handed over with it', async () => {
    for (let n = 0; n < 50; n++) await run('square', n);
    const wishes = Array.from({ length: 60 }, (_, n) => ({
      functionId: call(n === 30 ? 'exits' : 'square'),
      argument: n,
    }));
    const ids = scheduler.submit(worker, wishes);
    await Promise.all(ids.map((id) => scheduler.answer(id)));
    const outcomes = ids.map((id) => scheduler.answers.get(id)?.outcome);
    expect(outcomes.map((outcome, n) => (outcome === 'success' ? -1 : n)).filter((n) => n >= 0)).toEqual([
      30,
    ]);
  });

  it('by a kill from outside is replaced', async () => {
    const file = fileWith('begun');
    const [id] = scheduler.submit(worker, [
      { functionId: call('waits'), argument: file },
      { functionId: call('square'), argument: 2 },
    ]);
    process.kill(await begun(file), 'SIGKILL');
    expect(await scheduler.answer(id ?? ('' as never))).toMatchObject({ outcome: 'failedWorkerDied' });
    await scheduler.until('the other one ends', () => scheduler.answers.size === 2);
    expect((await run('pid')).value).not.toBe(Number(readFileSync(file, 'utf8')));
  });

  it('by leaking is stopped at the memory limit, which the error names with the peak', async () => {
    await restart({ processorMemoryBytesMax: 200 * MIB });
    const { outcome, value, result } = await run('leaks');
    expect(outcome).toBe('failedWorkerDied');
    expect(value).toMatchObject({
      code: 'ProcessorDiedError',
      message: expect.stringMatching(
        /out of memory: it used 2\d\d(\.\d)? MiB, its limit is 200 MiB \(--max-processor-memory\)/,
      ) as string,
    });
    expect(result.metadata?.memoryPeakBytes).toBeGreaterThan(200 * MIB);
    await survives();
  });

  it('takes with it whatever it had started', async () => {
    const { value } = await run('spawnsAndDies');
    const child = Number(/child (\d+)/.exec((value as Error).message)?.[1]);
    expect(child).toBeGreaterThan(1);
    await scheduler.until('its child is gone', () => !isAlive(child));
  });
});

describe('cancel and time-out', () => {
  const cancel = (id: string | undefined, force: boolean): void =>
    scheduler.send(worker, { kind: 'taskCancel', taskId: id as never, force });

  it('reach a function that heeds its signal', async () => {
    const file = fileWith('begun');
    const [id] = scheduler.submit(worker, [{ functionId: call('waits'), argument: file }]);
    const pid = await begun(file);
    cancel(id, false);
    await scheduler.until('the refusal', () => confirmOf().length === 1);
    cancel(id, true);
    await scheduler.until('the confirm', () => confirmOf().length === 2);
    expect(confirmOf()).toEqual(['cancelFailed', 'canceled']);
    expect((await run('pid')).value).toBe(pid);
    expect(scheduler.answers.size).toBe(1);
  });

  it('end a function that loops', async () => {
    const file = fileWith('begun');
    const [id] = scheduler.submit(worker, [{ functionId: call('loops'), argument: file }]);
    const pid = await begun(file);
    cancel(id, true);
    await scheduler.until('the confirm', () => confirmOf().length === 1);
    expect(confirmOf()).toEqual(['canceled']);
    expect(isAlive(pid)).toBe(false);
    expect((await run('square', 3)).value).toBe(9);
  });

  it('leave no task waiting behind one that loops', async () => {
    for (let n = 0; n < 50; n++) await run('square', n);
    // As far as anybody knows this function is short, so others are handed over behind it.
    const { sometimes } = await scheduler.functions(
      'export const sometimes = (loop) => { if (loop) for (;;); };',
      ['sometimes'],
    );
    for (let n = 0; n < 20; n++) await scheduler.run(worker, { functionId: sometimes, argument: false });
    const [stuck, ...behind] = scheduler.submit(
      worker,
      [true, false, false].map((argument) => ({ functionId: sometimes, argument })),
    );
    scheduler.send(worker, { kind: 'takeBack', tasks: behind.map((taskId) => ({ taskId, attempt: 1 })) });
    await scheduler.until('both come back', () =>
      scheduler.seen.some(({ message }) => message.kind === 'tasksReturned' && message.returned.length === 2),
    );
    cancel(stuck, true);
    await scheduler.until('the confirm', () => confirmOf().length === 1);
  });

  it('fail a task that runs longer than it may, whether it listens or not', async () => {
    for (const name of ['waits', 'loops', 'waitsDeaf']) {
      const { outcome, value } = await scheduler.run(worker, { functionId: call(name), timeoutMs: 200 });
      expect(outcome).toBe('failed');
      expect(value).toMatchObject({
        code: 'TaskTimeoutError',
        message: expect.stringContaining('200 ms') as string,
      });
    }
  });
});

describe('under fire', () => {
  const many = (count: number): readonly TaskId[] =>
    scheduler.submit(
      worker,
      Array.from({ length: count }, (_, n) => ({ functionId: call('square'), argument: n })),
    );

  it('a task is either taken back or run, never both and never neither', async () => {
    for (let n = 0; n < 50; n++) await run('square', n);
    const ids = many(4000);
    const asked = new Set<TaskId>();
    const returned = (): TaskId[] =>
      scheduler.seen.flatMap(({ message }) =>
        message.kind === 'tasksReturned' ? message.returned.map((one) => one.taskId) : [],
      );
    const kept = (): TaskId[] =>
      scheduler.seen.flatMap(({ message }) =>
        message.kind === 'tasksReturned' ? message.kept.map((one) => one.taskId) : [],
      );
    // In the order in which they run, so that every request meets tasks that are just about to begin.
    for (let at = 0; at < ids.length; at += 40) {
      const some = ids.slice(at + 5, at + 8).filter((id) => !scheduler.answers.has(id));
      some.forEach((id) => asked.add(id));
      scheduler.send(worker, { kind: 'takeBack', tasks: some.map((taskId) => ({ taskId, attempt: 1 })) });
      await scheduler.until(
        'some more',
        () => scheduler.answers.size >= Math.min(at, ids.length - asked.size),
      );
    }
    await scheduler.until(
      'everything is answered',
      () => new Set([...scheduler.answers.keys(), ...returned()]).size >= ids.length + 50,
    );
    expect(
      returned().filter((id) => scheduler.answers.has(id) && !kept().includes(id) && ids.includes(id)),
    ).toEqual([]);
    expect(new Set(returned()).size + scheduler.answers.size).toBe(ids.length + 50);
  });

  it('processors that are killed at random moments cost the task that ran (P1)', async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    console.info(`seed ${seed}`);
    let state = seed;
    const random = (below: number): number => (state = (Math.imul(state, 1103515245) + 12345) >>> 1) % below;
    const { value } = await run('pid');
    let pid = Number(value);
    for (let kill = 0; kill < 5; kill++) {
      const before = scheduler.answers.size;
      const ids = many(600);
      await scheduler.until('some are done', () => scheduler.answers.size > before + random(400));
      process.kill(pid, 'SIGKILL');
      await scheduler.until('all are done', () => ids.every((id) => scheduler.answers.has(id)));
      const failed = ids.filter((id) => scheduler.answers.get(id)?.outcome !== 'success');
      expect(failed.length, `seed ${seed}`).toBeLessThanOrEqual(1);
      ids.forEach((id, n) => {
        if (!failed.includes(id)) expect(scheduler.answers.get(id)?.value).toBe(n * n);
      });
      pid = Number((await run('pid')).value);
    }
  });
});

describe('the life of a host', () => {
  it('resends results until they are acknowledged, and says what it holds to a new scheduler', async () => {
    scheduler.acknowledges = false;
    const { taskId } = await run('square', 2);
    const file = fileWith('begun');
    const [running] = scheduler.submit(worker, [{ functionId: call('waits'), argument: file }]);
    await begun(file);
    scheduler.epoch = 'epoch2';
    await scheduler.until('tasksHeld', () =>
      scheduler.seen.some(({ message }) => message.kind === 'tasksHeld'),
    );
    const held = scheduler.seen.flatMap(({ message }) => (message.kind === 'tasksHeld' ? message.tasks : []));
    expect(held).toEqual([
      { taskId: running, attempt: 1 },
      { taskId, attempt: 1 },
    ]);
    await scheduler.until(
      'the result again',
      () => scheduler.seen.filter(({ message }) => message.kind === 'taskResultBatch').length > 1,
    );
  });

  it('drains: gives back what waits, ends what runs, and exits when all is acknowledged', async () => {
    const file = fileWith('begun');
    const [id, waiting] = scheduler.submit(worker, [
      { functionId: call('untilTold'), argument: file },
      { functionId: call('square'), argument: 1 },
    ]);
    await begun(file);
    host.stop('SIGTERM');
    await scheduler.until('the return', () =>
      scheduler.seen.some(({ message }) => message.kind === 'tasksReturned'),
    );
    writeFileSync(`${file}.go`, '');
    expect(await host.ended).toEqual({ reason: 'SIGTERM', clean: true });
    await scheduler.until('the disconnect', () =>
      scheduler.seen.some(({ message }) => message.kind === 'disconnectRequest'),
    );
    const kinds = scheduler.seen.map(({ message }) =>
      message.kind === 'drainStatus' ? message.status : message.kind,
    );
    expect(kinds).toEqual(['draining', 'tasksReturned', 'taskResultBatch', 'drained', 'disconnectRequest']);
    const returned = scheduler.seen.flatMap(({ message }) =>
      message.kind === 'tasksReturned' ? message.returned : [],
    );
    expect(returned.map((one) => one.taskId)).toEqual([waiting]);
    expect(scheduler.answers.get(id ?? ('' as never))?.outcome).toBe('success');
  });

  it('cuts a drain short at its bound, and gives user code its grace', async () => {
    await restart({ graceMs: 300 });
    const file = fileWith('begun');
    scheduler.submit(worker, [{ functionId: call('waitsDeaf'), argument: file }]);
    const pid = await begun(file);
    host.stop('SIGTERM');
    expect(await host.ended).toEqual({ reason: 'SIGTERM; cut short after 300 ms', clean: false });
    expect(isAlive(pid)).toBe(false);
  });

  it('ends when the scheduler has been silent for too long', async () => {
    scheduler.answersHeartbeats = false;
    await restart({ deathTimeoutMs: 1000 });
    const file = fileWith('begun');
    scheduler.submit(worker, [{ functionId: call('loops'), argument: file }]);
    expect((await host.ended).reason).toBe('no word from the scheduler for 1000 ms');
    if (existsSync(file)) expect(isAlive(await begun(file))).toBe(false);
  });

  it('ends at its max lifetime, drained', async () => {
    await restart({ lifetimeMaxMs: 1000 });
    expect(await host.ended).toEqual({ reason: 'max lifetime', clean: true });
  });

  it('leaves no folder and no process', async () => {
    const { value } = await run('spawnsDetached');
    const { value: pid } = await run('pid');
    expect(isAlive(Number(value))).toBe(true);
    const folders = (): string[] =>
      readdirSync(tmpdir()).filter((name) => name.startsWith(`muster-worker-${process.pid}-`));
    expect(folders()).toHaveLength(1);
    host.abandon('enough');
    await host.ended;
    expect(folders()).toEqual([]);
    await scheduler.until('all processes are gone', () => !isAlive(Number(value)) && !isAlive(Number(pid)));
  });

  it('holds several workers, each with a processor of its own', async () => {
    await restart({ workerIds: ['03', '04', '05'].map((one) => workerId(`Worker|g-test-1|${one}`)) });
    await scheduler.until('three workers', () => scheduler.workers.size === 3);
    const pids = await Promise.all(
      [...scheduler.workers].map(
        async (one) => (await scheduler.run(one, { functionId: call('pid') })).value,
      ),
    );
    expect(new Set(pids).size).toBe(3);
  });

  it('runs tasks inside its own process for a debugger', async () => {
    await restart({ inProcess: true });
    expect((await run('pid')).value).toBe(process.pid);
    expect((await run('square', 5)).value).toBe(25);
    const [id] = scheduler.submit(worker, [{ functionId: call('waits') }]);
    scheduler.send(worker, { kind: 'taskCancel', taskId: id ?? ('' as never), force: true });
    await scheduler.until('the confirm', () => confirmOf().length === 1);
    expect(confirmOf()).toEqual(['canceled']);
  });

  it('costs little memory while it waits', async () => {
    const { value } = await run('pid');
    expect(treeRssBytes(Number(value))).toBeLessThan(120 * MIB);
  });
});
