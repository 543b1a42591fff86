import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { connectObjectStore, type ObjectStoreClient, type StoreConnection } from './client.ts';
import type { ReadyLine } from './main.ts';
import { bundleScript, ScriptProcess, until } from './testing/processes.ts';
import { testId } from './testing/raw-peer.ts';

// A loaded machine may take its time; nothing here waits for time to pass.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

let scripts: string;
let script: string;
let directory: string;
let path: string;
const processes: ScriptProcess[] = [];
const clients: ObjectStoreClient[] = [];

beforeAll(() => {
  scripts = mkdtempSync(join(tmpdir(), 'muster-scripts-'));
  script = bundleScript('store-process', scripts);
});
afterAll(() => {
  rmSync(scripts, { recursive: true, force: true });
});
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'muster-store-'));
  path = join(directory, 's');
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  for (const one of processes.splice(0)) one.kill();
  rmSync(directory, { recursive: true, force: true });
});

const run = async (
  config: Record<string, unknown>,
): Promise<ScriptProcess & { readonly said: ReadyLine }> => {
  const one = new ScriptProcess(script, config);
  processes.push(one);
  return Object.assign(one, { said: (await one.firstLine()) as ReadyLine });
};

const connect = (
  ...[target, options]: Parameters<typeof connectObjectStore>
): { readonly client: ObjectStoreClient; readonly states: StoreConnection[] } => {
  const states: StoreConnection[] = [];
  const client = connectObjectStore(target, { ...options, onConnection: (state) => states.push(state) });
  clients.push(client);
  return { client, states };
};

describe('the store process', () => {
  it('says where it is reached, and leaves nothing behind on SIGTERM', async () => {
    const spillDir = join(directory, 'spill');
    const store = await run({ path, tcp: { host: '127.0.0.1', port: 0 }, spillDir, memoryBytesMax: 100_000 });
    if (!store.said.ready) throw new Error(store.said.error);
    expect(store.said).toMatchObject({ ready: true, pid: store.pid, path, host: '127.0.0.1' });
    const { client } = connect({ host: '127.0.0.1', port: store.said.port ?? 0 });
    await client.put(testId('a'), new Uint8Array(300_000));
    expect(client.epoch).toBe(store.said.epoch);
    expect(readdirSync(spillDir)).toHaveLength(1);
    store.child.kill('SIGTERM');
    expect(await store.exit()).toBe(0);
    expect(readdirSync(spillDir)).toEqual([]);
    expect(existsSync(path)).toBe(false);
  });

  it('leaves its spilled files to the next one when it is killed', async () => {
    const spillDir = join(directory, 'spill');
    const first = await run({ path, spillDir, memoryBytesMax: 100_000 });
    await connect({ path }).client.put(testId('a'), new Uint8Array(300_000));
    first.child.kill('SIGKILL');
    await first.exit();
    const [left] = readdirSync(spillDir);
    await run({ path, spillDir });
    expect(readdirSync(spillDir)).toHaveLength(1);
    expect(readdirSync(spillDir)).not.toContain(left);
  });

  it('ends when its owner has been gone for the orphan time, not before', async () => {
    const store = await run({ path, ownerMark: 'mark', orphanMs: 300 });
    const owner = connect({ path }, { ownerMark: 'mark' });
    await owner.client.ready();
    const stranger = connect({ path }, { ownerMark: 'another' });
    await stranger.client.put(testId('a'), Buffer.from('x'));
    expect(owner.states).toMatchObject([{ state: 'up', owner: true }]);
    expect(stranger.states).toMatchObject([{ state: 'up', owner: false }]);
    // It does live longer than the orphan time while the owner is there.
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(await stranger.client.has(testId('a'))).toBe(true);
    await owner.client.close();
    expect(await store.exit()).toBe(0);
    expect(store.errors).toContain('"why":"orphaned"');
  });

  it('ends when its owner never comes', async () => {
    const store = await run({ path, ownerMark: 'mark', orphanMs: 200 });
    expect(await store.exit()).toBe(0);
  });

  it('ends when its owner says so, and only then', async () => {
    const store = await run({ path, ownerMark: 'mark', orphanMs: 60_000 });
    expect(await connect({ path }).client.stopStore()).toBe(false);
    expect(await connect({ path }, { ownerMark: 'mark' }).client.stopStore()).toBe(true);
    expect(await store.exit()).toBe(0);
  });

  it('ends when its path is taken away', async () => {
    const store = await run({ path });
    rmSync(path);
    expect(await store.exit()).toBe(0);
    expect(store.errors).toContain('"why":"unreachable"');
  });

  it('says why it cannot start', async () => {
    await run({ path });
    const second = await run({ path });
    expect(second.said).toMatchObject({ ready: false, code: 'addressInUse' });
    expect(await second.exit()).toBe(1);
    mkdirSync(join(directory, 'd'));
    const third = await run({ path: join(directory, 'd') });
    expect(third.said).toMatchObject({ ready: false, code: 'config' });
  });

  it('tells its clients by a new epoch that bytes are gone', async () => {
    const first = await run({ path });
    const epochs: string[] = [];
    const { client, states } = connect({ path }, { onEpoch: (epoch) => epochs.push(epoch) });
    await client.put(testId('a'), Buffer.from('x'));
    first.child.kill('SIGKILL');
    await first.exit();
    await until('the client knows', () => states.at(-1)?.state === 'down');
    const open = client.get(testId('a'));
    const second = await run({ path });
    expect(await open).toBeUndefined();
    if (!first.said.ready || !second.said.ready) throw new Error('not started');
    expect(epochs).toEqual([first.said.epoch, second.said.epoch]);
    expect(client.epoch).toBe(second.said.epoch);
  });
});
