/** Command tasks, and what is left when a whole host is killed; against a scheduler that speaks the real wire. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WORKER_ENV } from '@muster/protocol/calls';
import { COMMAND_FUNCTION } from '@muster/protocol/ids';
import type { PeerId, TaskId } from '@muster/protocol/ids';
import { encodeValue } from '@muster/protocol/values';
import { pidsWithEnvironment } from './host/proc.ts';
import { commandSpec, FakeScheduler, idOf } from './testing/fake-scheduler.ts';

let scheduler: FakeScheduler;
let host: ChildProcess;
let hostEnded: Promise<{ readonly code: number | null; readonly signal: string | null }>;
let worker: PeerId;
let group: string;
let printed: string;

beforeEach(async () => {
  scheduler = await FakeScheduler.start();
  group = `g-test-${process.pid}${Math.floor(performance.now())}`;
  printed = '';
  const env = {
    ...process.env,
    [WORKER_ENV.scheduler]: scheduler.address,
    [WORKER_ENV.groupId]: group,
    [WORKER_ENV.workerIds]: `Worker|${group}|01`,
    [WORKER_ENV.graceMs]: '3000',
  };
  host = spawn(process.execPath, [fileURLToPath(new URL('../dist/main.js', import.meta.url))], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  host.stdout?.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  host.stderr?.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  hostEnded = new Promise((resolve) => host.once('exit', (code, signal) => resolve({ code, signal })));
  worker = await scheduler.worker();
});
afterEach(async () => {
  host.kill('SIGKILL');
  await hostEnded;
  await scheduler.until(
    'nothing is left',
    () => pidsWithEnvironment(`${WORKER_ENV.groupId}=${group}`).length === 0,
  );
  await scheduler[Symbol.asyncDispose]();
});

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
const bytes = (content: string): Uint8Array => new Uint8Array(Buffer.from(content));
const fileWith = (name: string): string => `${scheduler.folder}/${name}`;
const submit = (
  argv: readonly string[],
  more: { readonly timeoutMs?: number; readonly streamOutput?: boolean } = {},
): TaskId => {
  const [id] = scheduler.submit(worker, [
    { functionId: COMMAND_FUNCTION, argument: commandSpec({ argv }), ...more },
  ]);
  if (id === undefined) throw new Error('no task');
  return id;
};
const marked = (): number[] => pidsWithEnvironment(`${WORKER_ENV.groupId}=${group}`);
const written = (file: string): Promise<void> =>
  scheduler.until('the command begins', () => existsSync(file));

describe('commands', () => {
  it('run without a shell and give exit code, signal and output', async () => {
    expect(await scheduler.command(worker, { argv: ['/bin/echo', '$HOME', '; exit 3'] })).toMatchObject({
      exitCode: 0,
      signal: undefined,
      truncated: false,
    });
    const failed = await scheduler.command(worker, { argv: ['sh', '-c', 'echo out; echo err >&2; exit 3'] });
    expect([failed.exitCode, text(failed.stdout), text(failed.stderr)]).toEqual([3, 'out\n', 'err\n']);
    const killed = await scheduler.command(worker, { argv: ['sh', '-c', 'kill -USR1 $$'] });
    expect([killed.exitCode, killed.signal]).toEqual([undefined, 'SIGUSR1']);
  });

  it('get stdin, environment, and a fresh folder that goes away', async () => {
    const stored = bytes('from the store');
    await scheduler.store.put(idOf(stored), stored);
    const object = Buffer.from(idOf(stored), 'latin1').toString('hex');
    const result = await scheduler.command(worker, {
      argv: ['sh', '-c', 'cat; echo; echo $FLAVOUR; pwd; ls -A | wc -l'],
      stdin: { object },
      env: { FLAVOUR: 'sweet' },
    });
    const [stdin, flavour, folder = '', files] = text(result.stdout).split('\n');
    expect([stdin, flavour, files?.trim()]).toEqual(['from the store', 'sweet', '0']);
    expect(folder).toMatch(/muster-worker-/);
    await scheduler.until('its folder is gone', () => !existsSync(folder));
  });

  it('that do not read their input end well', async () => {
    const result = await scheduler.command(worker, {
      argv: ['/bin/true'],
      stdin: { bytes: new Uint8Array(1024 * 1024) },
    });
    expect(result.exitCode).toBe(0);
  });

  it('take files in and give files back', async () => {
    const result = await scheduler.command(worker, {
      argv: [
        'sh',
        '-c',
        'mkdir -p out && tr a-z A-Z < in/deep/text > out/text && cat tool > /dev/null && ./tool > out/tool',
      ],
      filesIn: new Map([
        ['in/deep/text', { bytes: bytes('hello') }],
        ['tool', { bytes: bytes('#!/bin/sh\necho from a tool\n') }],
      ]),
      filesOut: ['out/text', 'out/tool', 'out/missing'],
    });
    const files = [...result.filesOut].map(([path, content]) => [
      path,
      'bytes' in content ? text(content.bytes) : '',
    ]);
    expect(files).toEqual([
      ['out/text', 'HELLO'],
      ['out/tool', 'from a tool\n'],
    ]);
  });

  it.each(['../escape', '/etc/escape', 'a/../../escape', ''])(
    'refuse the path "%s", in and out',
    async (path) => {
      const refused = {
        code: 'TaskInvalidError',
        message: expect.stringContaining('inside the working directory') as string,
      };
      await expect(
        scheduler.command(worker, { filesIn: new Map([[path, { bytes: bytes('x') }]]) }),
      ).rejects.toMatchObject(refused);
      await expect(scheduler.command(worker, { filesOut: [path] })).rejects.toMatchObject(refused);
    },
  );

  it('never follow a symbolic link out of the folder', async () => {
    writeFileSync(fileWith('secret'), 'secret');
    const refused = {
      code: 'TaskInvalidError',
      message: expect.stringContaining('inside the working directory') as string,
    };
    const argv = ['ln', '-s', fileWith('secret'), 'link'];
    await expect(scheduler.command(worker, { argv, filesOut: ['link'] })).rejects.toMatchObject(refused);
    symlinkSync('/tmp', fileWith('way-out'));
    const filesIn = new Map([['way-out/file', { bytes: bytes('x') }]]);
    await expect(scheduler.command(worker, { cwd: scheduler.folder, filesIn })).rejects.toMatchObject(
      refused,
    );
    await expect(
      scheduler.command(worker, { argv: ['mkfifo', 'pipe'], filesOut: ['pipe'] }),
    ).rejects.toMatchObject({
      message: expect.stringContaining('no regular file') as string,
    });
  });

  it('that cannot be started, or are not described, fail as invalid', async () => {
    await expect(scheduler.command(worker, { argv: ['no-such-program'] })).rejects.toMatchObject({
      code: 'TaskInvalidError',
    });
    await expect(scheduler.command(worker, { cwd: '/no/such/folder' })).rejects.toMatchObject({
      code: 'TaskInvalidError',
    });
    await expect(scheduler.command(worker, { argv: [] })).rejects.toMatchObject({ code: 'TaskInvalidError' });
    await expect(scheduler.command(worker, { env: { 'A=B': 'x' } })).rejects.toMatchObject({
      code: 'TaskInvalidError',
    });
    const { value } = await scheduler.run(worker, { functionId: COMMAND_FUNCTION, argument: 'rm -rf /' });
    expect(value).toMatchObject({ code: 'TaskInvalidError' });
  });

  it('have their output cut and streamed', async () => {
    const cut = await scheduler.command(worker, {
      argv: ['sh', '-c', 'yes | head -c 100000'],
      outputBytesMax: 10,
    });
    expect([text(cut.stdout), cut.truncated]).toEqual(['y\ny\ny\ny\ny\n', true]);
    const id = submit(['sh', '-c', 'printf "gr\\303\\274n\\n"; echo oops >&2'], { streamOutput: true });
    await scheduler.answer(id);
    expect([scheduler.logsOf(id, 'stdout'), scheduler.logsOf(id, 'stderr')]).toEqual(['grün\n', 'oops\n']);
  });

  it('that print without end do not drown anybody', async () => {
    const id = submit(['sh', '-c', 'yes | head -c 60000000'], { streamOutput: true });
    await scheduler.answer(id);
    const streamed = scheduler.logsOf(id, 'stdout').length;
    expect(streamed).toBeGreaterThan(0);
    expect(streamed).toBeLessThan(50_000_000);
  });

  it('leave no process behind, not even one that lives on in their group', async () => {
    const file = fileWith('child');
    await scheduler.command(worker, { argv: ['sh', '-c', `sleep 1000 & echo $! > ${file}`] });
    const pid = Number(readFileSync(file, 'utf8'));
    await scheduler.until('the child is gone', () => !existsSync(`/proc/${pid}`));
  });

  it('are canceled with their whole group, gently first', async () => {
    const file = fileWith('begun');
    const id = submit([
      'sh',
      '-c',
      `trap 'echo gently > ${file}.end; exit' TERM; sleep 1000 & touch ${file}; wait`,
    ]);
    await written(file);
    scheduler.send(worker, { kind: 'taskCancel', taskId: id, force: true });
    await scheduler.until('the confirm', () =>
      scheduler.seen.some(
        ({ message }) => message.kind === 'taskCancelConfirm' && message.confirm === 'canceled',
      ),
    );
    expect(readFileSync(`${file}.end`, 'utf8')).toBe('gently\n');
    await scheduler.until('nothing but host and processor is left', () => marked().length <= 2);
  });

  it('that ignore SIGTERM are killed at their time limit', async () => {
    const id = submit(['sh', '-c', 'trap "" TERM; while :; do sleep 0.1; done'], { timeoutMs: 200 });
    expect(await scheduler.answer(id)).toMatchObject({
      outcome: 'failed',
      value: { code: 'TaskTimeoutError' },
    });
    expect((await scheduler.command(worker, {})).exitCode).toBe(0);
  });

  it('end with their processor', async () => {
    const file = fileWith('begun');
    const id = submit(['sh', '-c', `echo $PPID > ${file}.tmp; mv ${file}.tmp ${file}; exec sleep 1000`]);
    await written(file);
    process.kill(Number(readFileSync(file, 'utf8')), 'SIGKILL');
    expect(await scheduler.answer(id)).toMatchObject({ outcome: 'failedWorkerDied' });
    await scheduler.until('only host and new processor are left', () => marked().length <= 2);
  });
});

describe('a host process', () => {
  it('leaves nothing when it is killed with SIGKILL: neither loops nor commands nor its folder', async () => {
    const { loops } = await scheduler.functions(
      `import { spawn } from 'node:child_process'; import { writeFileSync } from 'node:fs';
       export const loops = (file) => { spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' }); writeFileSync(file, 'x'); for (;;); };`,
      ['loops'],
    );
    const file = fileWith('begun');
    scheduler.submit(worker, [{ functionId: loops, argument: file }]);
    await written(file);
    expect(marked().length).toBe(3); // host, processor, its child
    host.kill('SIGKILL');
    await scheduler.until('nothing is left', () => marked().length === 0);
    const folders = (): string[] =>
      readdirSync(tmpdir()).filter((name) => name.startsWith(`muster-worker-${host.pid}-`));
    await scheduler.until('its folder is gone', () => folders().length === 0);
  });

  it('drains on SIGTERM and exits 0', async () => {
    const file = fileWith('begun');
    const id = submit(['sh', '-c', `touch ${file}; while [ ! -e ${file}.go ]; do sleep 0.02; done`]);
    await written(file);
    host.kill('SIGTERM');
    await scheduler.until('the drain', () =>
      scheduler.seen.some(({ message }) => message.kind === 'drainStatus'),
    );
    writeFileSync(`${file}.go`, '');
    expect(await hostEnded).toEqual({ code: 0, signal: null });
    expect(scheduler.answers.get(id)?.outcome).toBe('success');
    expect(marked()).toEqual([]);
  });

  it('ends at once at the second SIGTERM', async () => {
    const file = fileWith('begun');
    submit(['sh', '-c', `touch ${file}; sleep 1000`]);
    await written(file);
    host.kill('SIGTERM');
    await scheduler.until('the drain', () =>
      scheduler.seen.some(({ message }) => message.kind === 'drainStatus'),
    );
    host.kill('SIGTERM');
    expect((await hostEnded).code).toBe(143);
    expect(marked()).toEqual([]);
  });

  it('says what is wrong with its settings', async () => {
    const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
    const other = spawn(process.execPath, [main], {
      env: { PATH: process.env['PATH'], MUSTER_WORKER_IDS: 'nonsense' },
    });
    let said = '';
    other.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const code = await new Promise((resolve) => other.once('close', resolve));
    expect(code).toBe(2);
    expect(said).toContain('MUSTER_WORKER_IDS');
    expect(said).toContain('MUSTER_SCHEDULER');
  });

  it('survives frames that mean nothing', async () => {
    const task = { kind: 'inline' as const, bytes: encodeValue(1) };
    const { value } = await scheduler.run(worker, { functionId: COMMAND_FUNCTION, args: [task, task] });
    expect(value).toMatchObject({ code: 'TaskInvalidError' });
    const { value: undecodable } = await scheduler.run(worker, {
      functionId: COMMAND_FUNCTION,
      args: [{ kind: 'inline', bytes: bytes('???') }],
    });
    expect(undecodable).toMatchObject({ code: 'TaskInvalidError' });
    expect(printed).not.toContain('worker.failed');
  });
});
