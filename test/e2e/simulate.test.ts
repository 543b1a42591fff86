/** `muster simulate` as a user runs it, and every command of docs/simulate.md. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSandbox, DEADLINE_MS, type Sandbox } from './cli-support.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const page = readFileSync(join(root, 'docs', 'simulate.md'), 'utf8');

/** As a shell would read them, for the quotes that the page uses. */
const wordsOf = (command: string): readonly string[] =>
  [...command.replaceAll('\\\n', ' ').matchAll(/"([^"]*)"|(\S+)/g)].map(
    ([, quoted, plain]) => quoted ?? plain ?? '',
  );

const commands = [...page.matchAll(/```sh\n(muster simulate[^`]*)```/g)].map(
  (match) => match[1]?.trim() ?? '',
);

let sandbox: Sandbox;
beforeAll(() => {
  sandbox = createSandbox();
});
afterAll(() => sandbox.dispose());

const simulate = async (
  args: readonly string[],
): Promise<{ code: number | null; stdout: string; stderr: string }> => {
  const running = sandbox.run(['simulate', ...args], { cwd: root });
  const { code } = await running.exit;
  return { code, stdout: running.stdout(), stderr: running.stderr() };
};

describe('docs/simulate.md', { timeout: DEADLINE_MS }, () => {
  it('has its commands', () => {
    expect(commands.length).toBeGreaterThanOrEqual(3);
  });

  it.each(commands)('%s', async (command) => {
    const files = (word: string): string =>
      /^plan\.(html|svg)$/.test(word) ? join(sandbox.directory, word) : word;
    const { code, stdout, stderr } = await simulate(wordsOf(command).slice(2).map(files));
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toMatch(/\nsimulated .* to 1\n$/);
  });

  it('shows what its first command prints, but for how long that took', async () => {
    const shown = /```text\n([^`]*)```/.exec(page)?.[1] ?? '';
    const { stdout } = await simulate(wordsOf(commands[0] ?? '').slice(2));
    expect(stdout.replace(/\nsimulated .*\n$/, '')).toBe(shown);
  });
});

describe('muster simulate', { timeout: DEADLINE_MS }, () => {
  const PLAN = [
    ...['-w', 'burst rate=20 period=60s service=exp(1s) tasks=1000 needs=gpu:10%'],
    ...['-a', 'ecs start=10s±50% groups=9 workers=2 price=0.3/h offers=gpu fail=5%'],
    ...['-p', 'allocate=capability; scaling=vanilla', '--compat', 'stock'],
  ];

  it('prints the same bytes for the same seed', async () => {
    const [one, other, third] = await Promise.all([
      simulate([...PLAN, '--json']),
      simulate([...PLAN, '--json']),
      simulate([...PLAN, '--json', '--seed', '2']),
    ]);
    expect(one).toMatchObject({ code: 0, stderr: '' });
    expect(one.stdout).toBe(other.stdout);
    expect(third.stdout).not.toBe(one.stdout);
  });

  it('writes a page that makes itself again', async () => {
    const html = join(sandbox.directory, 'again.html');
    const first = await simulate([...PLAN, '--html', html, '--json']);
    const content = readFileSync(html, 'utf8');
    expect(content).toContain('<!doctype html>');
    const shown = /<h3>Command<\/h3><pre>([^<]*)<\/pre>/.exec(content)?.[1] ?? '';
    const command = shown.replaceAll('&lt;', '<').replaceAll('&amp;', '&').replaceAll("'", '"');
    const again = await simulate([...wordsOf(command).slice(2), '--json']);
    expect(again.stdout).toBe(first.stdout);
  });

  it('ends with 2 for wrong words and with 1 for files that cannot be had, and prints nothing', async () => {
    expect(await simulate(['-w', 'batch 1 x 1s', '-a', 'local group=1'])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('unknown key "group" at column 7') as unknown,
    });
    const missing = join(sandbox.directory, 'none', 'plan.html');
    const args = ['-w', 'batch 1 x 1s', '-a', 'local groups=1'];
    expect(await simulate([...args, '--html', missing])).toMatchObject({ code: 1, stdout: '' });
    expect(await simulate(['-w', `csv file=${missing}`, '-a', 'local groups=1'])).toMatchObject({
      code: 1,
      stdout: '',
    });
    expect(existsSync(missing)).toBe(false);
  });
});
