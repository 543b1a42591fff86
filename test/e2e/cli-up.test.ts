/** `muster up`: from the first command to the last process, whoever ends it and how. */
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { askScheduler } from '@muster/cli/operator';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  announcement,
  isAnnounced,
  nothingLeft,
  NOTHING_LEFT_MS,
  ran,
  startUp,
  statusOf,
  STORY_MS,
} from './cli-stories.ts';
import { createSandbox, DEADLINE_MS, freePort, until, type Sandbox } from './cli-support.ts';

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
    expect(up.stdout().split('stopping now')[1]).not.toMatch(/failed|exited|lost/);
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

  it('ends when the scheduler is asked to shut down', async () => {
    const up = await startUp(sandbox, 'tcp://127.0.0.1:0');
    await askScheduler(announcement(sandbox).scheduler, { query: 'shutdown', withinMs: 5_000 });
    expect(await up.exit).toEqual({ code: 0, signal: null });
    expect(isAnnounced(sandbox)).toBe(false);
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
