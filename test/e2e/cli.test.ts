/** The command line without a fleet: what it says, how it refuses, and with which exit code it ends. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSandbox, DEADLINE_MS, freePort, type Running, type Sandbox } from './cli-support.ts';

let sandbox: Sandbox;
beforeAll(() => {
  sandbox = createSandbox();
});
afterAll(() => sandbox.dispose());

const finished = async (
  running: Running,
): Promise<{ code: number | null; stdout: string; stderr: string }> => {
  const { code } = await running.exit;
  return { code, stdout: running.stdout(), stderr: running.stderr() };
};

describe('muster', { timeout: DEADLINE_MS }, () => {
  it('says its version', async () => {
    expect(await finished(sandbox.run(['--version']))).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
  });

  it('lists its commands with --help, and on standard error without a command', async () => {
    const help = await finished(sandbox.run(['--help']));
    expect(help).toMatchObject({ code: 0, stderr: '' });
    for (const command of [
      'up',
      'map',
      'status',
      'drain',
      'scheduler',
      'adapter native',
      'worker',
      'object-store',
    ])
      expect(help.stdout).toContain(`  ${command}`);
    expect(await finished(sandbox.run([]))).toMatchObject({ code: 2, stdout: '', stderr: help.stdout });
  });

  it('lists the adapters', async () => {
    const help = await finished(sandbox.run(['adapter', '--help']));
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toContain('adapter native ADDRESS');
    expect(await finished(sandbox.run(['adapter']))).toMatchObject({
      code: 2,
      stdout: '',
      stderr: help.stdout,
    });
    const { code, stderr } = await finished(sandbox.run(['adapter', 'nativ']));
    expect(code).toBe(2);
    expect(stderr).toContain('Did you mean: muster adapter native');
  });

  it.each(['scheduler', 'worker', 'adapter native'])(
    'says where help is when muster %s lacks its address',
    async (name) => {
      const { code, stderr } = await finished(sandbox.run(name.split(' ')));
      expect(code).toBe(2);
      expect(stderr).toContain('is required');
      expect(stderr).toContain(`Try: muster ${name} --help`);
    },
  );

  it('names what a mistyped command may have meant', async () => {
    const { code, stderr } = await finished(sandbox.run(['statsu']));
    expect(code).toBe(2);
    expect(stderr).toContain('Did you mean: muster status');
  });

  it.each(['up', 'map', 'status', 'drain', 'scheduler', 'adapter native', 'worker', 'object-store'])(
    'shows examples and exit codes in muster %s --help',
    async (name) => {
      const words = name.split(' ');
      const { code, stdout } = await finished(sandbox.run([...words, '--help']));
      expect(code).toBe(0);
      expect(stdout).toContain('Examples:');
      expect(stdout).toContain(`muster ${words.join(' ')}`);
      expect(stdout).toContain('Exit codes:');
    },
  );

  it('tells everything that is wrong with a configuration at once', async () => {
    const file = join(sandbox.directory, 'wrong.toml');
    writeFileSync(file, '[schedular]\n[scheduler]\nattempts-max = 0\nworker-timeout-secnods = 5\n');
    const { code, stderr } = await finished(
      sandbox.run(
        ['scheduler', 'tcp://127.0.0.1:8516', '--config', file, '--client-timeout-seconds', 'soon'],
        { env: { MUSTER_COMPAT: 'maybe' } },
      ),
    );
    expect(code).toBe(2);
    expect(stderr).toContain('[schedular]: there is no such section');
    expect(stderr).toContain('attempts-max: 0 is too small');
    expect(stderr).toContain('did you mean worker-timeout-seconds?');
    expect(stderr).toContain('--client-timeout-seconds: "soon"');
    expect(stderr).toContain('MUSTER_COMPAT: "maybe"');
  });

  it('shows with --print-config each value and where it comes from', async () => {
    const file = join(sandbox.directory, 'right.toml');
    writeFileSync(file, '[scheduler]\nworker_timeout_seconds = 5\nevent_loop = "uvloop"\n');
    const args = ['scheduler', 'tcp://127.0.0.1:8516', '-c', file, '-ct', '7', '--print-config'];
    const { code, stdout, stderr } = await finished(sandbox.run(args, { env: { MUSTER_ATTEMPTS_MAX: '9' } }));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/client-timeout = "7s" +# flag/);
    expect(stdout).toMatch(/worker-timeout = "5s" +# file/);
    expect(stdout).toMatch(/attempts-max = 9 +# environment MUSTER_ATTEMPTS_MAX/);
    expect(stdout).toMatch(/prefetch = "20ms" +# default/);
  });

  it('never shows a secret', async () => {
    const args = ['object-store', '--socket', '/nowhere', '--print-config'];
    const { code, stdout, stderr } = await finished(
      sandbox.run(args, { env: { MUSTER_STORE_OWNER_MARK: 'hush-hush' } }),
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/owner-mark = "\*+"/);
    expect(stdout + stderr).not.toContain('hush-hush');
  });

  it('refuses an address that other machines can reach, and says what to do', async () => {
    const { code, stderr } = await finished(sandbox.run(['scheduler', `tcp://0.0.0.0:${await freePort()}`]));
    expect(code).toBe(2);
    expect(stderr).toContain('--insecure');
  });

  it('refuses a policy that does not exist', async () => {
    const { code, stderr } = await finished(
      sandbox.run([
        'scheduler',
        `tcp://127.0.0.1:${await freePort()}`,
        '--policy-content',
        'allocate=fair; scaling=no',
      ]),
    );
    expect(code).toBe(2);
    expect(stderr).toContain('fair');
  });

  it('exits with 3 where no scheduler is announced, and where none answers', async () => {
    const unannounced = await finished(sandbox.run(['status']));
    expect(unannounced).toMatchObject({ code: 3, stdout: '' });
    expect(unannounced.stderr).toContain('muster up');
    const address = `tcp://127.0.0.1:${await freePort()}`;
    const silent = await finished(sandbox.run(['status', '--connect', address, '--timeout', '300ms']));
    expect(silent).toMatchObject({ code: 3, stdout: '' });
    expect(silent.stderr).toContain(address);
  });
});

describe('muster map, before anything runs', { timeout: DEADLINE_MS }, () => {
  it('prints the commands of --dry-run as a shell would need them', async () => {
    const { code, stdout } = await finished(
      sandbox.run(['map', '--dry-run', 'cp', '{}', '{.}.bak{#}', ':::', 'a b.txt', "q'q"]),
    );
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: "cp 'a b.txt' 'a b.bak1'\ncp 'q'\"'\"'q' 'q'\"'\"'q.bak2'\n",
    });
  });

  it('reads lines from standard input, or NUL-separated names', async () => {
    const lines = await finished(sandbox.run(['map', '--dry-run', '--', 'echo'], { stdin: 'a\n\nb' }));
    expect(lines.stdout).toBe("echo a\necho ''\necho b\n");
    const names = await finished(
      sandbox.run(['map', '--dry-run', '-0', '--', 'echo'], { stdin: 'a\nb\0c\0' }),
    );
    expect(names.stdout).toBe("echo 'a\nb'\necho c\n");
  });

  it.each([
    [['map', ':::', 'a'], 'there is no command'],
    [['map', '--', 'echo', '{2}', ':::', 'a'], '{2} names input source 2'],
    [['map', '--halt', 'later', '--', 'echo', ':::', 'a'], 'halt rule'],
    [['map', '--jobs', 'many', '--', 'echo', ':::', 'a'], '--jobs'],
    [['map', '--env', 'NO_SUCH_VARIABLE_HERE', '--', 'echo', ':::', 'a'], 'NO_SUCH_VARIABLE_HERE'],
    [
      ['map', '--joblog', '/nowhere/at/all', '--connect', 'ipc:///none', '--', 'echo', ':::', 'a'],
      '/nowhere/at/all',
    ],
  ])('exits with 255 for %j, so that 1 to 101 only count failed jobs', async (args, words) => {
    const { code, stdout, stderr } = await finished(sandbox.run(args));
    expect({ code, stdout }).toEqual({ code: 255, stdout: '' });
    expect(stderr).toContain(words);
  });
});
