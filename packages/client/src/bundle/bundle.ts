/** One self-contained ES module out of a task's module and everything it imports. */
import { createHash } from 'node:crypto';
import { basename, dirname, resolve } from 'node:path';
import { stat } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import type { BuildFailure, Message, Metafile, Plugin } from 'esbuild';
import { objectId, type ObjectId } from '@muster/protocol/ids';
import { TaskDefinitionError } from '../api/errors.ts';
import { findReadBeside } from './beside.ts';
import { ownFiles } from './own-files.ts';
import { SHIM_SOURCE } from './shim.ts';

export interface ModuleBundle {
  /** SHA-256 of the code. */
  readonly id: ObjectId;
  readonly code: Uint8Array;
  readonly exports: readonly string[];
}

interface Cached {
  readonly bundle: ModuleBundle;
  /** Every file that went in, with its modification time then. */
  readonly inputs: readonly { readonly path: string; readonly mtimeMs: number }[];
}

/** One per process, not per client: a second client takes what the first one bundled, unless a file has changed. */
const cache = new Map<string, Promise<Cached>>();

/**
 * What CommonJS packages expect around them: `require` of what Node ships, and where they are, which is the
 * worker's folder of modules, as `import.meta.url` says there. On one line, above the first one of the source map.
 */
const BANNER = [
  "import { createRequire as __musterCreateRequire } from 'node:module';",
  "import { fileURLToPath as __musterFileURLToPath } from 'node:url';",
  "const require = __musterCreateRequire('file:///muster-task.mjs');",
  'const __musterFilename = __musterFileURLToPath(import.meta.url);',
  "const __musterDirname = __musterFileURLToPath(new URL('.', import.meta.url)).slice(0, -1);",
].join(' ');

/**
 * Bundles the module at an absolute path, TypeScript or JavaScript. Takes the earlier bundle while none of its
 * files has changed.
 *
 * @throws TaskDefinitionError 'bundleFailed' | 'nativeModule'
 */
export const bundleModule = async (path: string): Promise<ModuleBundle> => {
  const known = cache.get(path);
  if (known !== undefined) {
    const cached = await known.catch(() => undefined);
    if (cached !== undefined && (await isFresh(cached))) return cached.bundle;
    // Only the first of several callers that wait for a stale bundle makes a new one.
    if (cache.get(path) !== known) return bundleModule(path);
  }
  const making = build(path);
  cache.set(path, making);
  making.catch(() => cache.delete(path));
  return (await making).bundle;
};

const isFresh = async (cached: Cached): Promise<boolean> => {
  const times = await Promise.all(cached.inputs.map(({ path }) => modifiedMs(path)));
  return cached.inputs.every((input, index) => input.mtimeMs === times[index]);
};

const modifiedMs = async (path: string): Promise<number> => {
  try {
    return (await stat(path)).mtimeMs;
  } catch {
    return -1; // gone: never equal to a time
  }
};

const build = async (path: string): Promise<Cached> => {
  const esbuild = await import('esbuild');
  const folder = dirname(path);
  try {
    const result = await esbuild.build({
      entryPoints: [path],
      absWorkingDir: folder,
      outfile: `${folder}/${basename(path)}.task.mjs`,
      write: false,
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      // Frames of a remote stack then name the user's own files.
      sourcemap: 'inline',
      sourceRoot: `${pathToFileURL(folder).href}/`,
      sourcesContent: false,
      define: {
        'import.meta.main': 'false',
        // Only where a module has no variable of that name itself.
        __filename: '__musterFilename',
        __dirname: '__musterDirname',
      },
      loader: { '.wasm': 'binary' },
      banner: { js: BANNER },
      metafile: true,
      logLevel: 'silent',
      plugins: [shimPlugin, nativePlugin],
    });
    const code = result.outputFiles[0]?.contents ?? new Uint8Array(0);
    await refuseReadsBeside(path, code, inputsOf(result.metafile, folder));
    return await finish(code, result.metafile, folder);
  } catch (error) {
    throw explain(path, error);
  }
};

/** The user's own modules may read beside themselves in their main part; packages that do so on loading cannot load. */
const refuseReadsBeside = async (
  path: string,
  code: Uint8Array,
  inputs: readonly string[],
): Promise<void> => {
  if (!Buffer.from(code.buffer, code.byteOffset, code.byteLength).includes('__musterDirname', BANNER.length))
    return;
  const packaged = inputs.filter((input) => /[\\/]node_modules[\\/].*\.c?js$/.test(input));
  const found = await findReadBeside(packaged);
  if (found === undefined) return;
  throw new TaskDefinitionError(
    'bundleFailed',
    `${path} cannot be bundled for workers: ${found.module} reads ${found.file} when it is loaded, a file that does not travel with the code. ${INSTALL_THERE}`,
  );
};

/** Absolute paths of the files that went in. */
const inputsOf = (metafile: Metafile, folder: string): readonly string[] =>
  Object.keys(metafile.inputs)
    .filter((name) => !name.includes(':'))
    .map((name) => resolve(folder, name));

const finish = async (code: Uint8Array, metafile: Metafile, folder: string): Promise<Cached> => {
  const output = Object.values(metafile.outputs).find((one) => one.entryPoint !== undefined);
  const inputs = inputsOf(metafile, folder).map(async (path) => ({ path, mtimeMs: await modifiedMs(path) }));
  const id = objectId(createHash('sha256').update(code).digest().toString('latin1'));
  return { bundle: { id, code, exports: output?.exports ?? [] }, inputs: await Promise.all(inputs) };
};

const shimPlugin: Plugin = {
  name: 'muster-shim',
  setup(build) {
    build.onResolve({ filter: /^(muster(\/.*)?|@muster\/client\/index)$/ }, () => ({
      path: 'muster',
      namespace: 'muster-shim',
      sideEffects: false,
    }));
    build.onLoad({ filter: /.*/, namespace: 'muster-shim' }, () => ({ contents: SHIM_SOURCE, loader: 'js' }));
    const own = ownFiles();
    if (own.length === 0) return;
    // Imported by a file path, through a link or under an alias: esbuild has resolved it to the real path.
    const filter = new RegExp(`^(?:${own.map(escaped).join('|')})$`);
    build.onLoad({ filter, namespace: 'file' }, () => ({ contents: SHIM_SOURCE, loader: 'js' }));
  },
};

const escaped = (path: string): string => path.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

const NATIVE = 'muster-native';

const INSTALL_THERE =
  "Install that package on the workers and load it inside the task: const name = 'package'; await import(name)";

const nativePlugin: Plugin = {
  name: NATIVE,
  setup(build) {
    build.onLoad({ filter: /\.node$/ }, ({ path }) => ({
      errors: [{ text: `${path} is native code, which cannot travel to workers`, detail: NATIVE }],
    }));
  },
};

const explain = (path: string, error: unknown): TaskDefinitionError => {
  if (error instanceof TaskDefinitionError) return error;
  const failure = isBuildFailure(error) ? error : undefined;
  const first = failure?.errors[0];
  if (first === undefined)
    return new TaskDefinitionError('bundleFailed', `${path} cannot be bundled for workers`, error);
  if (first.pluginName === NATIVE) {
    return new TaskDefinitionError(
      'nativeModule',
      `${path} cannot be bundled for workers: ${first.text}. ${INSTALL_THERE}`,
    );
  }
  const lines = failure?.errors.slice(0, 5).map(describe) ?? [];
  return new TaskDefinitionError(
    'bundleFailed',
    `${path} cannot be bundled for workers:\n${lines.join('\n')}`,
    error,
  );
};

const describe = ({ text, location }: Message): string =>
  location === null ? `  ${text}` : `  ${location.file}:${location.line}:${location.column + 1}: ${text}`;

const isBuildFailure = (error: unknown): error is BuildFailure =>
  error instanceof Error && 'errors' in error && Array.isArray(error.errors);
