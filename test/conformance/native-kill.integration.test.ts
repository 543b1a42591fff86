/** kill -9 of a native adapter at any moment is a non-event: real processes over real sockets. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { decodeMessage, encodeMessage } from '@muster/protocol/codec';
import { groupId, peerId } from '@muster/protocol/ids';
import type { GroupId, PeerId } from '@muster/protocol/ids';
import { FEATURES } from '@muster/protocol/messages';
import type { GroupStatus, Message } from '@muster/protocol/messages';
import type { Listener } from '@muster/runtime/transport';
import { zeromqTransport } from '@muster/runtime/zeromq';
import type { AdapterProcessSettings } from './adapter-process.ts';
import { environOf, processesWith, STAND_IN_HOST, until } from './support.ts';

const GROUPS_MAX = 4;
const ROUNDS = Number(process.env['MUSTER_KILLS'] ?? 5);
// Inside the project, so that packages with native parts are found.
const OUT = fileURLToPath(
  new URL(`../../node_modules/.cache/muster-conformance-${process.pid}/`, import.meta.url),
);
const SCRIPT = join(OUT, 'adapter-process.mjs');

/** What a scheduler of ours does for an adapter, and no more: echo, and remember its last word. */
const scheduler = async (address: string) => {
  const listener: Listener = await zeromqTransport().listen([address], { identity: peerId('scheduler') });
  const answers: Message[] = [];
  let peer: PeerId | undefined;
  let groups: readonly GroupStatus[] | undefined;
  let peak = 0;
  listener.onTurn((turn) => {
    for (const event of turn) {
      if (event.kind !== 'frame') continue;
      const message = decodeMessage(event.frame.slice());
      if (message.kind === 'adapterCommandResponse') answers.push(message);
      if (message.kind !== 'adapterHeartbeat') continue;
      peer = event.from;
      groups = message.groups;
      peak = Math.max(peak, groups?.length ?? 0);
      const extras = { features: FEATURES, epoch: 'e', storePath: '', storeEpoch: '' };
      listener.trySend(peer, encodeMessage({ kind: 'adapterHeartbeatEcho', extras, registered: [] }));
    }
  });
  return {
    answers,
    groups: () => groups,
    peak: () => peak,
    forgetPeer: () => (peer = groups = undefined),
    hello: () => until('heartbeat with a list', () => groups),
    command: (command: 'startWorkerGroup' | 'shutdownWorkerGroup', id: GroupId): void => {
      if (peer === undefined) throw new Error('no adapter');
      listener.trySend(
        peer,
        encodeMessage({ kind: 'adapterCommand', command, groupId: id, capabilities: new Map(), epoch: '' }),
      );
    },
    close: () => listener.close(),
  };
};

describe.skipIf(process.platform !== 'linux')('a native adapter that is killed', () => {
  let stateDir: string;
  let label: string;
  let children: ChildProcess[];
  let output: string[];
  let s: Awaited<ReturnType<typeof scheduler>>;

  beforeAll(async () => {
    mkdirSync(OUT, { recursive: true });
    await build({
      entryPoints: [fileURLToPath(new URL('./adapter-process.ts', import.meta.url))],
      outfile: SCRIPT,
      bundle: true,
      platform: 'node',
      format: 'esm',
      conditions: ['x-source'],
      external: ['zeromq', 'pino', 'esbuild'],
      logLevel: 'error',
    });
  });
  afterAll(() => rmSync(OUT, { recursive: true, force: true }));
  beforeEach(async () => {
    stateDir = mkdtempSync(join(tmpdir(), 'muster-kill-'));
    label = `kill-${process.pid}-${Math.trunc(performance.now() * 1000)}`;
    children = [];
    output = [];
    s = await scheduler(`ipc://${stateDir}/s`);
  });
  afterEach(async () => {
    for (const child of children) child.kill('SIGKILL');
    for (const pid of processesWith(label)) process.kill(pid, 'SIGKILL');
    await s.close();
    rmSync(stateDir, { recursive: true, force: true });
  });

  const launch = (more: Partial<AdapterProcessSettings> = {}): ChildProcess => {
    const settings: AdapterProcessSettings = {
      name: label,
      scheduler: `ipc://${stateDir}/s`,
      stateDir: join(stateDir, 'state'),
      host: STAND_IN_HOST,
      hostMode: 'good',
      label,
      groupsMax: GROUPS_MAX,
      graceMs: 300,
      ...more,
    };
    const child = spawn(process.execPath, [SCRIPT, JSON.stringify(settings)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.push(child);
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => output.push(chunk.toString()));
    return child;
  };
  const kill9 = async (child: ChildProcess): Promise<void> => {
    child.kill('SIGKILL');
    await until('end of the adapter', () => child.signalCode !== null);
    s.forgetPeer();
  };
  const hosts = () => processesWith(`MUSTER_OWNER=${label}`);
  const states = () =>
    (s.groups() ?? [])
      .map((group) => `${group.groupId}=${group.state}`)
      .sort()
      .join(' ');

  test('finds its groups again, untouched, and can still end them (P2)', async () => {
    const first = launch();
    await s.hello();
    s.command('startWorkerGroup', groupId('g-a-1'));
    s.command('startWorkerGroup', groupId('g-a-2'));
    await until('two running groups', () => states() === 'g-a-1=running g-a-2=running');
    const before = hosts();
    await kill9(first);
    expect(hosts()).toEqual(before);
    launch();
    await s.hello();
    expect(states()).toBe('g-a-1=running g-a-2=running');
    expect(hosts()).toEqual(before);
    s.command('shutdownWorkerGroup', groupId('g-a-1'));
    await until('one group', () => states() === 'g-a-2=running');
    expect(hosts()).toHaveLength(1);
  });

  test('does not forget that it was told to end a group that takes its time', async () => {
    const first = launch({ hostMode: 'deaf' });
    await s.hello();
    s.command('startWorkerGroup', groupId('g-a-1'));
    await until('a running group', () => states() === 'g-a-1=running');
    s.command('shutdownWorkerGroup', groupId('g-a-1'));
    await until('the answer', () =>
      s.answers.some((one) => one.kind === 'adapterCommandResponse' && one.command === 'shutdownWorkerGroup'),
    );
    await kill9(first);
    launch({ hostMode: 'deaf' });
    await until('end of the group', () => hosts().length === 0 && states() === '');
  });

  test(`at ${ROUNDS} random moments leaks nothing, doubles nothing and stays within its caps (P2, P3)`, async () => {
    const seed = process.pid;
    const asked: GroupId[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const child = launch({ hostMode: 'parent' });
      await s.hello();
      for (let i = 0; i < 3; i++) {
        const id = groupId(`g-a-${round * 3 + i}`);
        asked.push(id);
        s.command('startWorkerGroup', id);
        if (i > 0) s.command('shutdownWorkerGroup', groupId(`g-a-${round * 3 + i - 1}`));
      }
      const moment = (seed * 7919 + round * 104_729) % 400;
      const killAt = performance.now() + moment;
      await until('the moment', () => performance.now() >= killAt);
      const groups = new Set(hosts().map(groupOf));
      expect(groups.size, `seed ${seed}, round ${round}`).toBeLessThanOrEqual(GROUPS_MAX);
      await kill9(child);
    }
    const last = launch({ hostMode: 'parent' });
    await s.hello();
    for (const id of asked) s.command('shutdownWorkerGroup', id);
    await until(`end of all groups (seed ${seed})`, () => states() === '' && hosts().length === 0);
    expect(s.peak()).toBeLessThanOrEqual(GROUPS_MAX);
    last.kill('SIGTERM');
    await until('orderly end of the adapter', () => last.exitCode === 0);
  });

  test('a second adapter of the same name is refused while the first lives', async () => {
    launch();
    await s.hello();
    const second = launch();
    await until('end of the second', () => second.exitCode !== null);
    expect(second.exitCode).not.toBe(0);
    expect(output.join('')).toContain('runs an adapter of the same name already');
  });
});

const groupOf = (pid: number): string => /MUSTER_GROUP_ID=([^\0]*)/.exec(environOf(pid))?.[1] ?? '';
