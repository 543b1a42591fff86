// One file out of the simulation and the sources that it runs, so that no build is needed and a changed line can be tried.
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
export const root = join(here, '..', '..');

/**
 * @param {{ name?: string, change?: { file: string, from: string, to: string } }} options `change`: one replacement in
 *   one source file, for planted bugs; it throws where `from` is not there exactly once.
 * @returns {Promise<string>} path of the bundle
 */
export const bundleSimulation = async ({ name = 'main', change } = {}) => {
  const { build } = await import('esbuild');
  const outfile = join(here, 'dist', `${name}.mjs`);
  mkdirSync(dirname(outfile), { recursive: true });
  const plugins = [];
  if (change !== undefined) {
    const path = join(root, change.file);
    const source = readFileSync(path, 'utf8');
    if (source.split(change.from).length !== 2)
      throw new Error(`${change.file} does not hold this exactly once: ${change.from}`);
    const contents = source.replace(change.from, () => change.to);
    plugins.push({
      name: 'planted',
      setup(esbuild) {
        esbuild.onLoad({ filter: /\.ts$/ }, (file) =>
          file.path === path ? { contents, loader: 'ts' } : undefined,
        );
      },
    });
  }
  await build({
    entryPoints: [join(here, 'main.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    conditions: ['x-source'],
    sourcemap: 'inline',
    logLevel: 'warning',
    plugins,
  });
  return outfile;
};
