/** Scheduler, object store, adapter and worker, each started by hand. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nothingLeft, ran, STORY_MS } from './cli-stories.ts';
import { createSandbox, DEADLINE_MS, freePort, until, type Sandbox } from './cli-support.ts';

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
