/** A scheduler that is asked why, recorded, killed, and played again: P6 with real processes. */
import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ran, STORY_MS } from './cli-stories.ts';
import { createSandbox, freePort, until, type Running, type Sandbox } from './cli-support.ts';

interface ShownNote {
  readonly event: string;
  readonly level: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

const jsonLines = (text: string): readonly Record<string, unknown>[] =>
  text.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line) as Record<string, unknown>];
    } catch {
      return [];
    }
  });

const LETTERS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
const SHELL = new Set(['time', 'pid', 'component', 'event', 'level']);

/** What the process logged, without what the log adds. */
const logged = (scheduler: Running): readonly ShownNote[] =>
  jsonLines(scheduler.stderr())
    .filter(({ event }) => typeof event === 'string')
    .map((line) => ({
      event: String(line['event']),
      level: String(line['level']),
      fields: Object.fromEntries(Object.entries(line).filter(([key]) => !SHELL.has(key))),
    }));

describe('a scheduler with --record', { timeout: STORY_MS }, () => {
  let sandbox: Sandbox;
  let address: string;
  let file: string;
  beforeEach(async () => {
    sandbox = createSandbox();
    address = `tcp://127.0.0.1:${await freePort()}`;
    file = join(sandbox.directory, 'scheduler.rec');
  });
  afterEach(() => sandbox.dispose());

  const scheduler = async (...options: readonly string[]): Promise<Running> => {
    const running = sandbox.run([
      'scheduler',
      address,
      ...['--policy-content', 'allocate=even_load; scaling=vanilla; upper_task_ratio=1'],
      ...['--log-level', 'debug', '--log-format', 'json'],
      ...options,
    ]);
    await running.seen('"ready"');
    return running;
  };
  const adapter = async (): Promise<Running> => {
    const running = sandbox.run(['adapter', 'native', address, '--max-workers', '2']);
    await running.seen('"ready"');
    return running;
  };
  const asked = (...words: readonly string[]): ReturnType<typeof ran> =>
    ran(sandbox.run(['explain', ...words, '--connect', address]));

  it('P6: that is killed replays to the notes that it logged', async () => {
    const recorded = await scheduler('--record', file);
    await adapter();
    const jobs = sandbox.run(['map', '--connect', address, '--', 'echo', '{}', ':::', ...LETTERS]);
    expect(await jobs.exit).toEqual({ code: 0, signal: null });
    // It dies at work.
    const tail = sandbox.run(['map', '--connect', address, '--', 'sh', '-c', 'sleep 600', ':::', 'x']);
    await until(
      async () => (await ran(sandbox.run(['replay', file, '--notes']))).stdout.includes('group.running'),
      () => recorded.stderr(),
    );
    // Its object store lives on and keeps the streams open.
    const dead = once(recorded.child, 'exit');
    recorded.child.kill('SIGKILL');
    await dead;
    tail.child.kill('SIGKILL');
    expect(statSync(file).mode & 0o777).toBe(0o600);

    const replayed = await ran(sandbox.run(['replay', file, '--notes', '--json']));
    expect(replayed.code, replayed.stdout + replayed.stderr).toBe(0);
    const lines = jsonLines(replayed.stdout);
    expect(lines.at(-1)).toMatchObject({ same: true, differingSteps: 0 });
    const notes = lines
      .slice(0, -1)
      .map(({ event, level, fields }) => ({ event: String(event), level, fields }));
    const names = new Set(notes.map(({ event }) => event));
    for (const name of ['scaling.decided', 'group.requested', 'group.running', 'worker.registered'])
      expect(names).toContain(name);
    // Of the machine the log has everything, and perhaps a little more; of the store others speak there, too.
    const then = logged(recorded).filter(({ event }) => names.has(event) && !event.startsWith('store.'));
    const own = notes.filter(({ event }) => !event.startsWith('store.'));
    expect(then.slice(0, own.length)).toEqual(own);

    const text = await ran(sandbox.run(['replay', file]));
    expect(text).toMatchObject({ code: 0, stdout: expect.stringContaining('the same decisions') as string });
  });

  it('is played with a changed event: the first difference is told, and the exit code says so', async () => {
    const recorded = await scheduler('--record', file);
    await adapter();
    await ran(sandbox.run(['map', '--connect', address, '--', 'echo', '{}', ':::', 'a']));
    recorded.child.kill('SIGTERM');
    await recorded.exit;
    const changed = join(sandbox.directory, 'changed.rec');
    const bytes = readFileSync(file, 'latin1');
    writeFileSync(changed, bytes.replace('"upperTaskRatio":1,', '"upperTaskRatio":9,'), 'latin1');
    const { code, stdout } = await ran(sandbox.run(['replay', changed]));
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /came out otherwise, first at \+\d+\.\d{3} s \(step \d+\)\n {2}recorded: .+\n {2}replayed: .+/,
    );

    const explained = await ran(sandbox.run(['replay', file, '--explain', 'group', 'g-']));
    expect(explained.stdout).toMatch(/Group g-\w+-1 has been gone for/);
    const early = await ran(sandbox.run(['replay', file, '--until', '0', '--explain', 'scale']));
    expect(early.stdout).toContain('Nothing has been decided yet');

    writeFileSync(changed, 'hello');
    expect(await ran(sandbox.run(['replay', changed]))).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('this is no recording of a scheduler') as string,
    });
    expect(await ran(sandbox.run(['replay', join(sandbox.directory, 'none.rec')]))).toMatchObject({
      code: 2,
    });
    // A recording is never overwritten.
    const again = await ran(sandbox.run(['scheduler', address, '--record', file]));
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('never overwritten') as string });
  });

  it('goes on without its recording when the file cannot grow', async () => {
    // With SIGXFSZ ignored, a write beyond the limit fails as one to a full disk does.
    const running = sandbox.shell(
      `trap '' XFSZ; ulimit -f 4; exec "$@"`,
      'scheduler',
      address,
      ...['--policy-content', 'allocate=even_load; scaling=vanilla; upper_task_ratio=1', '--record', file],
    );
    await running.seen('"ready"');
    await adapter();
    const jobs = Array.from({ length: 40 }, (_, i) => String(i));
    const map = await ran(
      sandbox.run(['map', '--connect', address, '--', 'echo', 'a'.repeat(200), '{}', ':::', ...jobs]),
    );
    expect(map.code).toBe(0);
    await running.seen('record.failed');
    expect(running.stderr().match(/record\.failed/g)).toHaveLength(1);
    expect(await asked('scale')).toMatchObject({ code: 0 });
    expect((await ran(sandbox.run(['replay', file]))).stdout).toContain('the same decisions');
  });

  it('answers why, in words and in JSON, and says with its exit code when it knows nothing', async () => {
    await scheduler();
    const map = sandbox.run(['map', '--connect', address, '--', 'sh', '-c', 'sleep 600', ':::', 'a', 'b']);
    await until(
      async () => (await asked('task')).stdout.startsWith('2 tasks wait'),
      () => map.stderr(),
    );
    const list = await asked('task', '--json');
    const [task] = (JSON.parse(list.stdout) as { facts: { tasks: { id: string; ahead: number }[] } }).facts
      .tasks;
    expect(task?.id).toMatch(/^[0-9a-f]{32}$/);
    const waiting = await asked('task', task?.id.slice(-8) ?? '');
    expect(waiting.code).toBe(0);
    expect(waiting.stdout).toMatch(
      /^Task [0-9a-f]{32} has waited for .*: no workers and no adapter that could start them\.\n/,
    );
    expect(waiting.stdout).not.toContain('\u001b');
    expect((await asked()).stdout).toContain('in its way: no adapter is here');
    expect(await asked('task', 'ffffffffffff')).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('No task is known by "ffffffffffff".') as string,
    });
    expect(await asked('group', 'g-other-1', '--json')).toMatchObject({ code: 1 });
    expect(await asked('scale', 'x')).toMatchObject({ code: 2 });
    expect(await asked('weather')).toMatchObject({ code: 2 });

    await adapter();
    await until(
      async () => (await asked('task')).stdout.startsWith('0 tasks wait, 2 tasks are with workers'),
      () => map.stderr(),
    );
    expect((await asked('task', task?.id ?? '')).stdout).toMatch(/ is with worker .* of group g-/);
    expect((await asked('group')).stdout).toContain('2 groups are here');
    expect((await asked('adapter')).stdout).toContain('1 adapter can be asked for groups.');
    const scale = await asked('scale', '--json');
    expect(JSON.parse(scale.stdout)).toMatchObject({ what: 'scale', found: true, facts: { unfinished: 2 } });
    map.child.kill('SIGKILL');
  });

  it('is described by commands that work', async () => {
    const page = readFileSync(fileURLToPath(new URL('../../docs/explain.md', import.meta.url)), 'utf8');
    const commands = [...page.matchAll(/^muster (explain|replay)( .*)?$/gm)].map(([line]) =>
      line
        .replace(/\s+#.*$/, '')
        .replace(/ \|.*$/, '')
        .split(/\s+/)
        .slice(1),
    );
    expect(commands.length).toBeGreaterThan(5);
    const running = await scheduler('--record', file);
    for (const [command = '', ...words] of commands) {
      const args = words.map((word) => (word.endsWith('.rec') ? file : word));
      const { code, stderr } = await ran(
        sandbox.run([command, ...args], { env: { MUSTER_SCHEDULER: address } }),
      );
      // Ids of the page are not of this fleet: then 1. Wrong usage would be 2.
      expect([0, 1], `muster ${command} ${args.join(' ')}: ${stderr}`).toContain(code);
    }
    running.child.kill('SIGTERM');
    await running.exit;
  });
});
