/** `muster map` with real jobs: on a fleet that runs, and on one of its own. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  isAnnounced,
  nothingLeft,
  NOTHING_LEFT_MS,
  ran,
  startUp,
  statusOf,
  STORY_MS,
} from './cli-stories.ts';
import { createSandbox, DEADLINE_MS, until, type Running, type Sandbox } from './cli-support.ts';

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

  it('starts no more jobs after Ctrl-C, lets running ones end, and exits with 130', async () => {
    const script = 'echo x >> begun; while [ ! -e go ]; do sleep 0.05; done; echo done';
    const inputs = Array.from({ length: 300 }, String).join('\n');
    const many = sandbox.run(['map', '--joblog', 'log.tsv', '--', 'sh', '-c', script], { stdin: inputs });
    const begun = (): number => {
      const path = join(sandbox.directory, 'begun');
      return existsSync(path) ? readFileSync(path, 'utf8').length / 2 : 0;
    };
    await until(
      () => begun() === 2,
      () => `two jobs run, not ${begun()}\n${many.stderr()}`,
    );
    many.child.kill('SIGINT');
    await many.seen('no more jobs start');
    await until(
      async () => {
        const { waiting, assigned, canceling } = (await statusOf(sandbox)).tasks;
        return waiting === 0 && assigned + canceling === 2;
      },
      () => 'what had not begun is taken back',
    );
    writeFileSync(join(sandbox.directory, 'go'), '');
    expect(await many.exit).toMatchObject({ code: 130 });
    expect(many.stdout()).toBe('done\ndone\n');
    expect(begun()).toBe(2);
    expect(readFileSync(join(sandbox.directory, 'log.tsv'), 'utf8').trim().split('\n')).toHaveLength(3);
  });

  it('says why jobs wait that nobody can serve, once', async () => {
    const tpu = sandbox.run(['map', '--capabilities', 'tpu', '--', 'true', ':::', '1', '2']);
    await tpu.seen('muster map: 2 jobs wait: no worker and no adapter has capability tpu\n');
    tpu.child.kill('SIGINT');
    expect(await tpu.exit).toMatchObject({ code: 130 });
    expect(tpu.stderr().match(/jobs? waits?:/g)).toHaveLength(1);
  });

  it('kills running jobs on a second Ctrl-C, with 130, and the fleet is free again', async () => {
    const long = sandbox.run(['map', '--', 'sh', '-c', 'sleep 120'], { stdin: '1\n2\n' });
    await until(
      async () => (await statusOf(sandbox)).tasks.assigned > 0,
      () => `a task is assigned\n${long.stderr()}`,
    );
    long.child.kill('SIGINT');
    await long.seen('Ctrl-C again kills');
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

  it('leaves nothing behind on two Ctrl-C, and exits with 130', async () => {
    const map = sandbox.run(['map', '--', 'sleep', '{}'], { stdin: '600\n600\n' });
    await until(
      () => sandbox.processes().some((line) => line.includes('sleep 600')),
      () => `the job runs\n${sandbox.processes().join('\n')}\n${map.stderr()}`,
    );
    map.child.kill('SIGINT');
    await map.seen('Ctrl-C again kills');
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
