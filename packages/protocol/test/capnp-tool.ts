/** The `capnp` command as an oracle, where it is installed; many messages in one process. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const schemas = fileURLToPath(new URL('../../../schema', import.meta.url));

/** Why oracle tests are skipped; undefined where the tool is there. */
export const missingTool: string | undefined =
  spawnSync('capnp', ['--version']).error === undefined ? undefined : 'the `capnp` command is not installed';

if (missingTool !== undefined) console.warn(`skipped: comparisons with the capnp tool (${missingTool})`);

/** Runs `capnp convert FORMATS [SCHEMA TYPE]` over a stream of messages. */
export const capnpConvert = (
  formats: string,
  input: Uint8Array | string,
  of?: { readonly file: string; readonly type: string },
  options: readonly string[] = [],
): Buffer => {
  const names = of === undefined ? [] : [join(schemas, `${of.file}.capnp`), of.type];
  const ran = spawnSync('capnp', ['convert', '--short', '--quiet', ...options, formats, ...names], {
    input,
    maxBuffer: 1024 * 1024 * 1024,
  });
  if (ran.status !== 0) throw new Error(`capnp convert ${formats}: ${String(ran.stderr)}`);
  return ran.stdout;
};
