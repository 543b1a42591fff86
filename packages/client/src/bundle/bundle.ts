/** One self-contained ES module out of a task's module and everything it imports. */
import { createHash } from 'node:crypto';
import { dirname, basename } from 'node:path';
import { stat } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import type { BuildFailure, Message, Metafile, Plugin } from 'esbuild';
import { objectId, type ObjectId } from '@muster/protocol/ids';
import { TaskDefinitionError } from '../api/errors.ts';
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

/** CommonJS packages inside a bundle may `require` what Node ships. */
const BANNER =
  "import { createRequire as __musterCreateRequire } from 'node:module'; const require = __musterCreateRequire('file:///muster-task.mjs');";

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
      define: { 'import.meta.main': 'false' },
      loader: { '.wasm': 'binary' },
      banner: { js: BANNER },
      metafile: true,
      logLevel: 'silent',
      plugins: [shimPlugin, nativePlugin],
    });
    return await finish(result.outputFiles[0]?.contents ?? new Uint8Array(0), result.metafile, folder);
  } catch (error) {
    throw explain(path, error);
  }
};

const finish = async (code: Uint8Array, metafile: Metafile, folder: string): Promise<Cached> => {
  const output = Object.values(metafile.outputs).find((one) => one.entryPoint !== undefined);
  const files = Object.keys(metafile.inputs).filter((name) => !name.includes(':'));
  const inputs = files.map(async (name) => {
    const path = name.startsWith('/') ? name : `${folder}/${name}`;
    return { path, mtimeMs: await modifiedMs(path) };
  });
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
  },
};

const NATIVE = 'muster-native';

const nativePlugin: Plugin = {
  name: NATIVE,
  setup(build) {
    build.onLoad({ filter: /\.node$/ }, ({ path }) => ({
      errors: [{ text: `${path} is native code, which cannot travel to workers`, detail: NATIVE }],
    }));
  },
};

const explain = (path: string, error: unknown): TaskDefinitionError => {
  const failure = isBuildFailure(error) ? error : undefined;
  const first = failure?.errors[0];
  if (first === undefined)
    return new TaskDefinitionError('bundleFailed', `${path} cannot be bundled for workers`, error);
  if (first.pluginName === NATIVE) {
    return new TaskDefinitionError(
      'nativeModule',
      `${path} cannot be bundled for workers: ${first.text}. Install that package on the workers and load it inside the task: const name = 'package'; await import(name)`,
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
