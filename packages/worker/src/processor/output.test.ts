import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { filedOutput, streamedOutput } from './output.ts';
import type { Output, Printed } from './output.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-output-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const run = async (output: Output, script: string): Promise<Printed> => {
  const child = spawn('sh', ['-c', script], { stdio: ['ignore', ...output.stdio] });
  output.attach(child);
  await new Promise((resolve) => child.once('close', resolve));
  const printed = output.end();
  output.dispose();
  return printed;
};
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
const says: string[] = [];
const outputs: readonly (readonly [string, (bytesMax: number) => Output])[] = [
  ['streamed', (bytesMax) => streamedOutput(bytesMax, (stream, part) => says.push(stream + part))],
  ['filed in memory', (bytesMax) => filedOutput(folder, bytesMax)],
  ['filed on disk', (bytesMax) => filedOutput(folder, bytesMax + 64 * 1024 * 1024)],
];

describe.each(outputs)('output that is %s', (_, create) => {
  it('keeps what both streams got, in order', async () => {
    const printed = await run(create(1000), 'echo a; echo b >&2; echo c; printf "gr\\303\\274n"');
    expect([text(printed.stdout), text(printed.stderr), printed.truncated]).toEqual([
      'a\nc\ngrün',
      'b\n',
      false,
    ]);
  });

  it('leaves no file behind', async () => {
    await run(create(1000), 'echo a');
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe.each(outputs.slice(0, 2))('output that is %s', (_, create) => {
  it('keeps the first part of too much, and says so', async () => {
    const printed = await run(create(5), 'printf 123456789; sleep 0.2; printf more; printf abcde >&2');
    expect([text(printed.stdout), text(printed.stderr), printed.truncated]).toEqual(['12345', 'abcde', true]);
  });
});

describe('output that is filed', () => {
  it('is cut while the command still prints', async () => {
    const output = filedOutput(folder, 1000);
    const printed = await run(
      output,
      `head -c 3000000 /dev/zero; exec 3>&1; while [ "$(stat -L -c %s /dev/fd/3)" -gt 1000 ]; do sleep 0.01; done`,
    );
    expect(printed.stdout.byteLength).toBe(1000);
    expect(printed.truncated).toBe(true);
  });
});
