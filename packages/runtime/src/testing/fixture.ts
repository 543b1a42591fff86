/** Programs that tests run as processes of their own: bundled from TypeScript, because tests need no build. */
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';

const here = import.meta.dirname;

/** @returns path of a script that Node runs. It lies inside the package, so that `zeromq` is found. */
export const bundleFixture = async (name: string): Promise<string> => {
  const folder = join(here, '..', '..', '.muster', 'fixtures');
  await mkdir(folder, { recursive: true });
  const outfile = join(folder, `${name}.cjs`);
  const unfinished = `${outfile}.${process.pid}`;
  await build({
    entryPoints: [join(here, 'fixtures', `${name}.ts`)],
    outfile: unfinished,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    conditions: ['x-source'],
    external: ['zeromq'],
    logLevel: 'error',
  });
  await rename(unfinished, outfile);
  return outfile;
};
