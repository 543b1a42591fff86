// `npm run check`: everything that can be said about the sources without running them. Runs all steps even when one
// fails, each with one plain line; what a failed step wrote follows it. Exit code 1 when any failed.
//   --fix   lets ESLint and Prettier change files
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { checkMachine, install, root } from './setup.mjs';

const modules = join(root, 'node_modules');
const fix = process.argv.includes('--fix');
const TSC = join(modules, 'tsc7', 'bin', 'tsc');

/** Name, script, arguments. Types come first: what does not compile lints badly. */
const STEPS = [
  // Lays out dist/ too: tests and examples import the package as its users do.
  ['build', join(root, 'infra', 'local', 'build.mjs'), ['--quiet']],
  ['types of tests and examples', TSC, ['-p', 'infra/local/tsconfig.check.json', '--pretty', 'false']],
  [
    'lint',
    join(modules, 'eslint', 'bin', 'eslint.js'),
    ['.', '--max-warnings', '0', '--cache', ...(fix ? ['--fix'] : [])],
  ],
  [
    'format',
    join(modules, 'prettier', 'bin', 'prettier.cjs'),
    ['.', fix ? '--write' : '--check', '--log-level', 'warn'],
  ],
  ['generated code', join(root, 'infra', 'local', 'generate.mjs'), ['--check']],
];

checkMachine();
install();

const failed = [];
for (const [name, script, args] of STEPS) {
  if (!existsSync(script)) {
    failed.push(name);
    process.stdout.write(`fail  ${name}: ${script} is missing; run npm ci\n`);
    continue;
  }
  const started = performance.now();
  const done = spawnSync(process.execPath, [script, ...args], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const output = `${done.stdout ?? ''}${done.stderr ?? ''}`.trim();
  const skipped =
    done.status === 0 && /\bskip/i.test(output)
      ? ` (${output.split('\n').find((line) => /\bskip/i.test(line))})`
      : '';
  if (done.status === 0) {
    process.stdout.write(`ok    ${name}, ${seconds} s${skipped}\n`);
  } else {
    failed.push(name);
    process.stdout.write(`fail  ${name}, ${seconds} s\n${output}\n`);
  }
}
process.stdout.write(
  failed.length === 0
    ? 'All checks passed.\n'
    : `${failed.length} of ${STEPS.length} checks failed: ${failed.join(', ')}.\n`,
);
process.exit(failed.length === 0 ? 0 : 1);
