import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { connectObjectStore } from './client.ts';
import { startObjectStoreServer } from './server.ts';
import {
  superviseObjectStore,
  type ObjectStoreSupervisor,
  type SupervisedState,
  type SuperviseOptions,
} from './supervisor.ts';
import { bundleScript, isRunning, ScriptProcess, until } from './testing/processes.ts';
import { testId } from './testing/raw-peer.ts';

// A loaded machine may take its time; nothing here waits for time to pass.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const MARK = 'owner mark';
let scripts: string;
let storeScript: string;
let supervisorScript: string;
let directory: string;
let path: string;
const supervisors: ObjectStoreSupervisor[] = [];

beforeAll(() => {
  scripts = mkdtempSync(join(tmpdir(), 'muster-scripts-'));
  storeScript = bundleScript('store-process', scripts);
  supervisorScript = bundleScript('supervisor-process', scripts);
});
afterAll(() => {
  rmSync(scripts, { recursive: true, force: true });
});
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'muster-store-'));
  path = join(directory, 's');
});
afterEach(async () => {
  for (const one of supervisors.splice(0)) await one.stop();
  rmSync(directory, { recursive: true, force: true });
});

const command = (config: Record<string, unknown> = {}): readonly string[] => [
  process.execPath,
  storeScript,
  JSON.stringify({ path, tcp: { host: '127.0.0.1', port: 0 }, ownerMark: MARK, orphanMs: 10_000, ...config }),
];

const supervise = (
  options: Partial<SuperviseOptions> = {},
): { readonly supervisor: ObjectStoreSupervisor; readonly states: SupervisedState[] } => {
  const states: SupervisedState[] = [];
  const supervisor = superviseObjectStore({
    command: command(),
    path,
    ownerMark: MARK,
    stderr: 'ignore',
    onState: (state) => states.push(state),
    ...options,
  });
  supervisors.push(supervisor);
  return { supervisor, states };
};

const pidOf = (supervisor: ObjectStoreSupervisor): number => {
  if (supervisor.pid === undefined) throw new Error('the store is down');
  return supervisor.pid;
};

describe('the supervisor', () => {
  it('starts a store in a session of its own, and ends it cleanly', async () => {
    const { supervisor, states } = supervise();
    const state = await supervisor.ready();
    expect(states).toEqual([state]);
    expect(state).toMatchObject({ path, address: { host: '127.0.0.1' } });
    expect(state.address.port).toBeGreaterThan(0);
    const pid = pidOf(supervisor);
    expect(isRunning(pid)).toBe(true);
    await supervisor.client.put(testId('a'), Buffer.from('x'));
    await supervisor.stop();
    expect(isRunning(pid)).toBe(false);
  });

  it('reports down and up with a new epoch, however often the store is killed', async () => {
    const { supervisor, states } = supervise();
    await supervisor.ready();
    for (let kill = 0; kill < 5; kill++) {
      const { epoch } = supervisor.state;
      process.kill(pidOf(supervisor), 'SIGKILL');
      await until(
        'another store is up',
        () => supervisor.state.epoch !== '' && supervisor.state.epoch !== epoch,
        () => states,
      );
      await supervisor.client.put(testId('a'), Buffer.from('x'));
    }
    const epochs = states.map((state) => state.epoch);
    expect(epochs).toHaveLength(11);
    expect(epochs.filter((epoch) => epoch === '')).toHaveLength(5);
    expect(epochs.every((epoch, i) => (epoch === '') === (i % 2 === 1))).toBe(true);
    expect(new Set(epochs).size).toBe(7);
  });

  it('adopts the store of a predecessor that was killed: no byte is lost', async () => {
    const first = new ScriptProcess(supervisorScript, {
      command: command(),
      path,
      ownerMark: MARK,
      stderr: 'ignore',
    });
    const before = (await first.firstLine()) as SupervisedState & { readonly pid: number };
    const client = connectObjectStore({ path });
    await client.put(testId('a'), Buffer.from('kept'));
    first.kill();
    await first.exit();
    expect(isRunning(before.pid)).toBe(true);
    const { supervisor, states } = supervise();
    await supervisor.ready();
    expect(states).toMatchObject([{ epoch: before.epoch, address: before.address }]);
    expect(supervisor.pid).toBe(before.pid);
    expect(Buffer.from((await client.get(testId('a'))) ?? []).toString()).toBe('kept');
    await client.close();
    // Adopted is owned: it is watched, restarted and ended like one's own.
    process.kill(before.pid, 'SIGKILL');
    await until(
      'another store is up',
      () => supervisor.pid !== undefined && supervisor.pid !== before.pid,
      () => states,
    );
    const pid = pidOf(supervisor);
    await supervisor.stop();
    expect(isRunning(pid)).toBe(false);
  });

  it('ends an adopted store too', async () => {
    const first = supervise();
    await first.supervisor.ready();
    const pid = pidOf(first.supervisor);
    await first.supervisor.release();
    expect(isRunning(pid)).toBe(true);
    const second = supervise();
    await second.supervisor.ready();
    expect(second.supervisor.pid).toBe(pid);
    await second.supervisor.stop();
    await until('it is gone', () => !isRunning(pid));
  });

  it('leaves a store that ends by itself when nobody comes back', async () => {
    const { supervisor } = supervise({ command: command({ orphanMs: 200 }) });
    await supervisor.ready();
    const pid = pidOf(supervisor);
    await supervisor.release();
    await until('it has ended', () => !isRunning(pid));
  });

  it('shares one store when two start at the same time', async () => {
    const [one, two] = [supervise(), supervise()];
    await Promise.all([one.supervisor.ready(), two.supervisor.ready()]);
    expect(one.supervisor.state.epoch).toBe(two.supervisor.state.epoch);
    await two.supervisor.release();
  });

  it('replaces a store that hangs', async () => {
    const { supervisor, states } = supervise({ pingIntervalMs: 300 });
    await supervisor.ready();
    const pid = pidOf(supervisor);
    process.kill(pid, 'SIGSTOP');
    await until(
      'another store is up',
      () => supervisor.pid !== undefined && supervisor.pid !== pid,
      () => states,
    );
    expect(isRunning(pid)).toBe(false);
    expect(states.map((state) => state.epoch === '')).toEqual([false, true, false]);
  });

  it('says why the first start failed', async () => {
    mkdirSync(path);
    const { supervisor } = supervise();
    await expect(supervisor.ready()).rejects.toMatchObject({ name: 'ObjectStoreError', code: 'config' });
    await supervisor.stop();
    rmSync(path, { recursive: true });
    const missing = supervise({ command: [join(directory, 'no-such-program')] });
    await expect(missing.supervisor.ready()).rejects.toMatchObject({ code: 'config' });
    await missing.supervisor.stop();
    const failing = supervise({ command: [process.execPath, '-e', 'process.exit(3)'] });
    await expect(failing.supervisor.ready()).rejects.toThrow('exit code 3');
    await failing.supervisor.stop();
    const busy = await startObjectStoreServer({ tcp: { host: '127.0.0.1', port: 0 } });
    const port = supervise({ command: command({ tcp: { host: '127.0.0.1', port: busy.address?.port } }) });
    await expect(port.supervisor.ready()).rejects.toMatchObject({ code: 'addressInUse' });
    await busy.close();
  });

  it('keeps its hands off a store of another owner', async () => {
    const other = await startObjectStoreServer({ path, ownerMark: 'someone else' });
    const { supervisor, states } = supervise();
    await expect(supervisor.ready()).rejects.toMatchObject({ code: 'addressInUse' });
    await supervisor.stop();
    expect(states).toEqual([]);
    expect(other.isReachable()).toBe(true);
    await other.close();
  });

  it('can be started and stopped at any moment', async () => {
    for (let i = 0; i < 6; i++) {
      const { supervisor } = supervise();
      const pid = supervisor.pid;
      if (i % 3 === 1) await supervisor.ready();
      if (i % 3 === 2) await new Promise((resolve) => setTimeout(resolve, 30 * i));
      await Promise.all([supervisor.stop(), supervisor.stop(), supervisor.release()]);
      expect(pid === undefined || !isRunning(pid)).toBe(true);
      await expect(supervisor.ready()).rejects.toMatchObject({ code: 'closed' });
    }
    const { supervisor } = supervise();
    await supervisor.ready();
  });
});
