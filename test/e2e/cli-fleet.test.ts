/** The command line with a fleet: each story from the first command to the last process. */
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { SchedulerStatus } from '@muster/core/scheduler-types';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createSandbox, DEADLINE_MS, freePort, until, type Running, type Sandbox } from './cli-support.ts';

const STORY_MS = 3 * DEADLINE_MS;
/** What the issue allows after `kill -9`. */
const NOTHING_LEFT_MS = 10_000;

const announcement = (sandbox: Sandbox): { scheduler: string; pid: number } =>
  JSON.parse(readFileSync(join(sandbox.directory, 'muster', 'up.json'), 'utf8')) as {
    scheduler: string;
    pid: number;
  };

const isAnnounced = (sandbox: Sandbox): boolean => existsSync(join(sandbox.directory, 'muster', 'up.json'));

const startUp = async (sandbox: Sandbox, ...args: string[]): Promise<Running> => {
  const up = sandbox.run(['up', ...args]);
  await Promise.race([
    up.seen('ready'),
    up.exit.then((exit) =>
      Promise.reject(new Error(`up ended: ${JSON.stringify(exit)}\n${up.stdout()}${up.stderr()}`)),
    ),
  ]);
  return up;
};

const statusOf = async (sandbox: Sandbox): Promise<SchedulerStatus> => {
  const asked = sandbox.run(['status', '--json']);
  const { code } = await asked.exit;
  if (code !== 0) throw new Error(`status exited with ${code}: ${asked.stderr()}`);
  return JSON.parse(asked.stdout()) as SchedulerStatus;
};

const ran = async (running: Running): Promise<{ code: number | null; stdout: string; stderr: string }> => {
  const { code } = await running.exit;
  return { code, stdout: running.stdout(), stderr: running.stderr() };
};

const nothingLeft = (sandbox: Sandbox, withinMs: number): Promise<unknown> =>
  until(
    () => sandbox.processes().length === 0,
    () => `no process left, but there are\n${sandbox.processes().join('\n')}`,
    withinMs,
  );

describe('muster map on a running fleet', { timeout: STORY_MS }, () => {
  let sandbox: Sandbox;
  let up: Running;
  const map = (...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> =>
    ran(sandbox.run(['map', ...args]));

  beforeAll(async () => {
    sandbox = createSandbox();
    up = await startUp(sandbox, '--max-workers', '2');
  }, DEADLINE_MS);
  afterAll(async () => {
    up.child.kill('SIGINT');
    await up.exit;
    sandbox.dispose();
  }, DEADLINE_MS);

  it('runs a job per argument, here, and keeps their order when asked', async () => {
    writeFileSync(join(sandbox.directory, 'here.txt'), 'found');
    const script = 'if [ "$1" = 1 ]; then sleep 0.5; fi; printf "%s:%s\\n" "$1" "$(cat here.txt)"';
    expect(await map('--keep-order', '--', 'sh', '-c', script, '-', '{}', ':::', '1', '2', '3')).toEqual({
      code: 0,
      stdout: '1:found\n2:found\n3:found\n',
      stderr: '',
    });
  });

  it('exits with the number of failed jobs and passes both streams through', async () => {
    const { code, stdout, stderr } = await map(
      '-k',
      '--',
      'sh',
      '-c',
      'echo out$1; echo err$1 >&2; exit $1',
      '-',
      '{}',
      ':::',
      '0',
      '3',
      '0',
      '7',
    );
    expect({ code, stdout }).toEqual({ code: 2, stdout: 'out0\nout3\nout0\nout7\n' });
    expect(stderr.split('\n').sort()).toEqual(['', 'err0', 'err0', 'err3', 'err7']);
  });

  it('never exits with more than 101', async () => {
    const inputs = Array.from({ length: 110 }, (_, at) => String(at));
    expect(await map('--', 'false', ':::', ...inputs)).toMatchObject({ code: 101 });
  });

  it("writes GNU parallel's job log", async () => {
    const log = join(sandbox.directory, 'jobs.tsv');
    await map(
      '-k',
      '--joblog',
      log,
      '--',
      'sh',
      '-c',
      'printf four; if [ $1 = 9 ]; then kill -9 $$; fi; exit $1',
      '-',
      '{}',
      ':::',
      '0',
      '5',
      '9',
    );
    const [head, ...lines] = readFileSync(log, 'utf8').trimEnd().split('\n');
    expect(head).toBe('Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand');
    const rows = lines.map((line) => line.split('\t')).sort((a, b) => Number(a[0]) - Number(b[0]));
    expect(
      rows.map(([sequence, host, , , send, receive, exit, signal]) => [
        sequence,
        host,
        send,
        receive,
        exit,
        signal,
      ]),
    ).toEqual([
      ['1', ':', '0', '4', '0', '0'],
      ['2', ':', '0', '4', '5', '0'],
      ['3', ':', '0', '4', '0', '9'],
    ]);
    for (const [, , start, runtime] of rows) {
      expect(start).toMatch(/^\d{10}\.\d{3}$/);
      expect(runtime).toMatch(/^ *\d+\.\d{3}$/);
    }
    expect(rows[0]?.[8]).toMatch(/^sh -c '.*' - 0$/);
  });

  it('tries a failing job as often as --retries says, and counts it once', async () => {
    const tries = join(sandbox.directory, 'tries');
    mkdirSync(tries);
    const script = 'n=$(ls "$1" | wc -l); mktemp "$1/XXXXXX" >/dev/null; test "$n" -ge 2';
    expect(await map('--retries', '3', '--', 'sh', '-c', script, '-', '{}', ':::', tries)).toMatchObject({
      code: 0,
    });
    const hopeless = await map(
      '--retries',
      '2',
      '--',
      'sh',
      '-c',
      'mktemp "$1/again.XXXXXX"; exit 1',
      '-',
      '{}',
      ':::',
      tries,
    );
    expect(hopeless.code).toBe(1);
    expect(hopeless.stdout.trim().split('\n')).toHaveLength(1);
  });

  it('tags each line, and passes environment, NUL input and several lists', async () => {
    const tagged = await ran(
      sandbox.run(
        [
          'map',
          '-k',
          '-0',
          '--tag',
          '--env',
          'GREETING',
          '--',
          'sh',
          '-c',
          'echo "$GREETING $1"; echo second',
          '-',
        ],
        { stdin: 'a b\0c\0', env: { GREETING: 'hello' } },
      ),
    );
    expect(tagged).toEqual({
      code: 0,
      stdout: 'a b\thello a b\na b\tsecond\nc\thello c\nc\tsecond\n',
      stderr: '',
    });
    expect(await map('-k', '--', 'echo', '{2}-{1}', ':::', 'a', 'b', ':::', '1', '2')).toMatchObject({
      stdout: '1-a\n2-a\n1-b\n2-b\n',
    });
  });

  it('kills a job that runs too long and counts it as failed', async () => {
    const log = join(sandbox.directory, 'late.tsv');
    const { code } = await map('--timeout', '0.3', '--joblog', log, '--', 'sleep', '{}', ':::', '60');
    expect(code).toBe(1);
    expect(readFileSync(log, 'utf8')).toMatch(/\t-1\t15\tsleep 60\n$/);
  });

  it('stops running jobs on --halt now and exits as the job that caused it', async () => {
    const began = performance.now();
    const { code } = await map(
      '--halt',
      'now,fail=1',
      '--jobs',
      '2',
      '--',
      'sh',
      '-c',
      'sleep $1; exit 9',
      '-',
      '{}',
      ':::',
      '0.2',
      '120',
      '120',
    );
    expect(code).toBe(9);
    expect(performance.now() - began).toBeLessThan(DEADLINE_MS);
  });

  it('starts no more jobs on --halt soon', async () => {
    const { code, stdout } = await map(
      '-k',
      '--halt',
      'soon,fail=1',
      '--jobs',
      '1',
      '--',
      'sh',
      '-c',
      'echo $1; exit $1',
      '-',
      '{}',
      ':::',
      '0',
      '4',
      '0',
      '0',
    );
    expect({ code, stdout }).toEqual({ code: 4, stdout: '0\n4\n' });
  });

  it('says which program could not be started', async () => {
    const { code, stderr } = await map('--', 'no-such-program-here', '{}', ':::', 'a');
    expect(code).toBe(1);
    expect(stderr).toContain('no-such-program-here');
  });

  it('carries more output than fits in a frame', async () => {
    const { code, stdout } = await map(
      '--',
      'sh',
      '-c',
      'head -c 3000000 /dev/zero | tr "\\0" x',
      ':::',
      'a',
    );
    expect({ code, length: stdout.length }).toEqual({ code: 0, length: 3_000_000 });
  });

  it('ends quietly when nobody reads its output any more', async () => {
    const many = sandbox.run(['map', '--', 'sh', '-c', 'head -c 100000 /dev/zero'], {
      stdin: Array.from({ length: 200 }, String).join('\n'),
    });
    many.child.stdout?.once('data', () => many.child.stdout?.destroy());
    const { code } = await many.exit;
    expect(code).toBe(141);
    expect(many.stderr()).toBe('');
  });

  it('ends with 130 on Ctrl-C, and the fleet is free again', async () => {
    const long = sandbox.run(['map', '--', 'sh', '-c', 'sleep 120'], { stdin: '1\n2\n' });
    await until(
      async () => (await statusOf(sandbox)).tasks.assigned > 0,
      () => `a task is assigned\n${long.stderr()}`,
    );
    long.child.kill('SIGINT');
    expect(await long.exit).toMatchObject({ code: 130 });
    await until(
      async () => {
        const { waiting, assigned, canceling } = (await statusOf(sandbox)).tasks;
        return waiting + assigned + canceling === 0;
      },
      () => 'no task is left',
    );
  });
});

describe('muster up', { timeout: STORY_MS }, () => {
  let sandbox: Sandbox;
  beforeEach(() => {
    sandbox = createSandbox();
  });
  afterEach(() => sandbox.dispose());

  it('grows from zero for a map, shows it in status, and returns to zero; Ctrl-C leaves nothing', async () => {
    const up = await startUp(sandbox);
    expect(statSync(join(sandbox.directory, 'muster')).mode & 0o077).toBe(0);
    expect(statSync(join(sandbox.directory, 'muster', 'up.json')).mode & 0o077).toBe(0);
    expect(announcement(sandbox).pid).toBe(up.child.pid);
    expect((await statusOf(sandbox)).groups).toEqual([]);
    expect(await ran(sandbox.run(['map', '-k', '--', 'echo', '{}', ':::', 'a', 'b', 'c']))).toEqual({
      code: 0,
      stdout: 'a\nb\nc\n',
      stderr: '',
    });
    const text = await ran(sandbox.run(['status']));
    expect(text.stdout).toContain('3 succeeded');
    expect(text.stdout).not.toContain('\u001b[');
    const after = await until(
      async () => {
        const status = await statusOf(sandbox);
        return status.groups.length === 0 && status;
      },
      () => `no groups are left\n${up.stdout()}`,
    );
    expect(after.tasks).toMatchObject({ succeeded: 3, failed: 0, waiting: 0 });
    expect(after.groupsStarted).toBeGreaterThan(0);
    expect(after.groupsStopped).toBe(after.groupsStarted);
    expect(up.stdout()).toMatch(/groups?: \d (starting|running)/);
    up.child.kill('SIGINT');
    expect(await up.exit).toEqual({ code: 130, signal: null });
    expect(isAnnounced(sandbox)).toBe(false);
    await nothingLeft(sandbox, DEADLINE_MS);
  });

  it('drains on the first Ctrl-C: a running job ends well', async () => {
    const up = await startUp(sandbox);
    const job = sandbox.run(
      ['map', '--', 'sh', '-c', 'touch on; while [ ! -e go ]; do sleep 0.05; done; echo ended'],
      { stdin: '1\n' },
    );
    await until(
      () => existsSync(join(sandbox.directory, 'on')),
      () => `the job runs\n${job.stderr()}`,
    );
    up.child.kill('SIGINT');
    await up.seen('draining');
    writeFileSync(join(sandbox.directory, 'go'), '');
    expect(await ran(job)).toMatchObject({ code: 0, stdout: 'ended\n' });
    expect(await up.exit).toMatchObject({ code: 130 });
    await nothingLeft(sandbox, DEADLINE_MS);
  });

  it('ends at once on the second Ctrl-C, with a job running', async () => {
    const up = await startUp(sandbox);
    sandbox.run(['map', '--', 'sleep', '{}'], { stdin: '600\n' });
    await until(
      () => sandbox.processes().some((line) => line.includes('sleep 600')),
      () => `the job runs\n${sandbox.processes().join('\n')}`,
    );
    up.child.kill('SIGINT');
    await up.seen('draining');
    up.child.kill('SIGINT');
    expect(await up.exit).toMatchObject({ code: 130 });
    await until(
      () => !sandbox.processes().some((line) => line.includes('sleep 600')),
      () => `the job is gone\n${sandbox.processes().join('\n')}`,
      NOTHING_LEFT_MS,
    );
  });

  it('leaves nothing 10 s after kill -9, running job included', async () => {
    const up = await startUp(sandbox);
    const job = sandbox.run(['map', '--', 'sleep', '{}'], { stdin: '600\n' });
    await until(
      () => sandbox.processes().some((line) => line.includes('sleep 600')),
      () => `the job runs\n${sandbox.processes().join('\n')}`,
    );
    job.child.kill('SIGKILL');
    up.child.kill('SIGKILL');
    await up.exit;
    await nothingLeft(sandbox, NOTHING_LEFT_MS);
    expect(isAnnounced(sandbox)).toBe(false);
    const next = await startUp(sandbox);
    next.child.kill('SIGTERM');
    expect(await next.exit).toEqual({ code: 0, signal: null });
  });

  it('leaves nothing when up, scheduler and adapter are killed together', async () => {
    const up = await startUp(sandbox);
    sandbox.run(['map', '--', 'sleep', '{}'], { stdin: '600\n' }).child.unref();
    await until(
      () => sandbox.processes().some((line) => line.includes('sleep 600')),
      () => `the job runs\n${sandbox.processes().join('\n')}`,
    );
    const pids = sandbox
      .processes()
      .filter((line) => / (up|map|scheduler|adapter)( |$)/.test(line))
      .map((line) => Number(line.split(' ')[0]));
    expect(pids.length).toBeGreaterThanOrEqual(4);
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await up.exit;
    await nothingLeft(sandbox, DEADLINE_MS);
  });

  it('refuses to run twice and names the process that runs', async () => {
    const up = await startUp(sandbox);
    const second = await ran(sandbox.run(['up']));
    expect(second.code).toBe(1);
    expect(second.stderr).toContain(`process ${up.child.pid}`);
    expect(announcement(sandbox).pid).toBe(up.child.pid);
    up.child.kill('SIGINT');
    await up.exit;
  });

  it('names a busy port and the way out', async () => {
    const port = await freePort();
    const other = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
    const { code, stderr } = await ran(sandbox.run(['up', `tcp://127.0.0.1:${port}`]));
    await new Promise((resolve) => other.close(resolve));
    expect(code).toBe(1);
    expect(stderr).toContain(String(port));
    expect(stderr).not.toMatch(/\n +at /);
    await nothingLeft(sandbox, DEADLINE_MS);
    expect(isAnnounced(sandbox)).toBe(false);
  });

  it('listens on the TCP address that is named, with its object store on the next port', async () => {
    const port = await freePort();
    const up = await startUp(sandbox, `tcp://127.0.0.1:${port}`, '--json');
    const status = await statusOf(sandbox);
    expect(status.objectStore).toMatchObject({ host: '127.0.0.1', port: port + 1, up: true });
    expect(
      await ran(
        sandbox.run(['map', '--connect', `tcp://127.0.0.1:${port}`, '--', 'echo', ':::', 'over tcp']),
      ),
    ).toMatchObject({ code: 0, stdout: 'over tcp\n' });
    const lines = up
      .stdout()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { event: string; scheduler?: string });
    expect(lines[0]).toMatchObject({ event: 'ready', scheduler: `tcp://127.0.0.1:${port}` });
    up.child.kill('SIGTERM');
    expect(await up.exit).toEqual({ code: 0, signal: null });
  });

  it('starts a scheduler again that was killed, and work goes on', async () => {
    const up = await startUp(sandbox);
    const scheduler = sandbox.processes().find((line) => / scheduler /.test(line));
    process.kill(Number(scheduler?.split(' ')[0]), 'SIGKILL');
    await up.seen('starting it again');
    expect(await ran(sandbox.run(['map', '--', 'echo', ':::', 'still here']))).toMatchObject({
      code: 0,
      stdout: 'still here\n',
    });
    up.child.kill('SIGINT');
    expect(await up.exit).toMatchObject({ code: 130 });
    await nothingLeft(sandbox, DEADLINE_MS);
  });

  it('drains a group by name: its job ends, then the group is gone', async () => {
    const up = await startUp(sandbox, '--max-workers', '1');
    const job = sandbox.run(['map', '--', 'sh', '-c', 'while [ ! -e go ]; do sleep 0.05; done; echo ended'], {
      stdin: '1\n',
    });
    const group = await until(
      async () => (await statusOf(sandbox)).groups.find(({ held }) => held > 0)?.id,
      () => 'a group holds the job',
    );
    const drain = sandbox.run(['drain', group]);
    await until(
      async () =>
        (await statusOf(sandbox)).groups.some(({ id, phase }) => id === group && phase === 'draining'),
      () => 'the group drains',
    );
    writeFileSync(join(sandbox.directory, 'go'), '');
    expect(await ran(job)).toMatchObject({ code: 0, stdout: 'ended\n' });
    expect(await ran(drain)).toEqual({ code: 0, stdout: `${group} is gone\n`, stderr: '' });
    up.child.kill('SIGINT');
    await up.exit;
  });
});

describe('muster map on a fleet of its own', { timeout: STORY_MS }, () => {
  let sandbox: Sandbox;
  beforeEach(() => {
    sandbox = createSandbox();
  });
  afterEach(() => sandbox.dispose());

  it('starts one, uses it and leaves nothing behind', async () => {
    expect(
      await ran(
        sandbox.run(['map', '-k', '--jobs', '2', '--', 'echo', 'hello', '{}', ':::', 'world', 'again']),
      ),
    ).toEqual({ code: 0, stdout: 'hello world\nhello again\n', stderr: '' });
    expect(isAnnounced(sandbox)).toBe(false);
    expect(sandbox.processes()).toEqual([]);
  });

  it('does not touch another fleet of the same user', async () => {
    const [one, other] = await Promise.all(
      ['1', '2'].map((name) =>
        ran(
          sandbox.run(['map', '-k', '--jobs', '1', '--', 'sh', '-c', 'sleep 1; echo $1', '-'], {
            stdin: `${name}a\n${name}b\n${name}c\n`,
          }),
        ),
      ),
    );
    expect(one).toEqual({ code: 0, stdout: '1a\n1b\n1c\n', stderr: '' });
    expect(other).toEqual({ code: 0, stdout: '2a\n2b\n2c\n', stderr: '' });
  });

  it('runs nothing for no input', async () => {
    expect(await ran(sandbox.run(['map', '--', 'echo'], { stdin: '' }))).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    });
  });

  it('leaves nothing behind on Ctrl-C, and exits with 130', async () => {
    const map = sandbox.run(['map', '--', 'sleep', '{}'], { stdin: '600\n600\n' });
    await until(
      () => sandbox.processes().some((line) => line.includes('sleep 600')),
      () => `the job runs\n${sandbox.processes().join('\n')}\n${map.stderr()}`,
    );
    map.child.kill('SIGINT');
    expect(await map.exit).toMatchObject({ code: 130 });
    await nothingLeft(sandbox, NOTHING_LEFT_MS);
  });

  it('leaves nothing 10 s after kill -9', async () => {
    const map = sandbox.run(['map', '--', 'sleep', '{}'], { stdin: '600\n' });
    await until(
      () => sandbox.processes().some((line) => line.includes('sleep 600')),
      () => `the job runs\n${sandbox.processes().join('\n')}\n${map.stderr()}`,
    );
    map.child.kill('SIGKILL');
    await map.exit;
    await nothingLeft(sandbox, NOTHING_LEFT_MS);
  });
});

describe('the processes one by one', { timeout: STORY_MS }, () => {
  let sandbox: Sandbox;
  beforeEach(() => {
    sandbox = createSandbox();
  });
  afterEach(() => sandbox.dispose());

  it('work together by address, and each ends on its signal', async () => {
    const [store, scheduler] = [await freePort(), await freePort()];
    const address = `tcp://127.0.0.1:${scheduler}`;
    const storing = sandbox.run(['object-store', `tcp://127.0.0.1:${store}`]);
    await storing.seen('"ready":true');
    const scheduling = sandbox.run([
      'scheduler',
      address,
      '-osa',
      `tcp://127.0.0.1:${store}`,
      '--policy-content',
      'allocate=capability; scaling=no',
      '--event-loop',
      'uvloop',
    ]);
    await scheduling.seen('"ready"');
    await scheduling.seen('config.ignored');
    const working = sandbox.run(['worker', address, '--capabilities', 'special', '--workers', '2']);
    const map = (...args: string[]): Promise<{ code: number | null; stdout: string }> =>
      ran(sandbox.run(['map', '--connect', address, ...args]));
    expect(
      (
        await map(
          '--capabilities',
          'special',
          '--',
          'sh',
          '-c',
          'head -c 100000 /dev/zero | tr "\\0" x',
          ':::',
          'a',
        )
      ).stdout,
    ).toHaveLength(100_000);
    const text = await ran(sandbox.run(['status'], { env: { MUSTER_SCHEDULER: address } }));
    expect(text.stdout).toContain('WORKER WITHOUT GROUP');
    expect(text.stdout).toContain('No adapter is connected');
    working.child.kill('SIGTERM');
    expect(await working.exit).toEqual({ code: 0, signal: null });
    scheduling.child.kill('SIGINT');
    expect(await scheduling.exit).toEqual({ code: 130, signal: null });
    storing.child.kill('SIGTERM');
    expect(await storing.exit).toEqual({ code: 0, signal: null });
  });

  it('an adapter that ends stops its groups, and a scheduler alone scales through it', async () => {
    const address = `tcp://127.0.0.1:${await freePort()}`;
    const scheduling = sandbox.run([
      'scheduler',
      address,
      '--policy-content',
      'allocate=even_load; scaling=vanilla',
      '--idle-before-stop',
      '1h',
    ]);
    await scheduling.seen('"ready"');
    const adapting = sandbox.run(['adapter', 'native', address, '-mw', '1', '-dts', '30']);
    await adapting.seen('"ready"');
    expect(await ran(sandbox.run(['map', '--connect', address, '--', 'echo', ':::', 'hello']))).toMatchObject(
      { code: 0, stdout: 'hello\n' },
    );
    adapting.child.kill('SIGINT');
    expect(await adapting.exit).toEqual({ code: 130, signal: null });
    await until(
      () => !sandbox.processes().some((line) => line.includes('worker')),
      () => `no worker is left\n${sandbox.processes().join('\n')}`,
    );
    scheduling.child.kill('SIGTERM');
    expect(await scheduling.exit).toEqual({ code: 0, signal: null });
    await nothingLeft(sandbox, DEADLINE_MS);
  });
});
