import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TaskDefinitionError } from '../api/errors.ts';
import * as index from '../index.ts';
import { readsOf } from './beside.ts';
import { bundleModule } from './bundle.ts';
import { SHIM_SOURCE } from './shim.ts';

const TASKS = fileURLToPath(new URL('../testing/fixtures/tasks.ts', import.meta.url));

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'muster-bundle-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const file = async (name: string, text: string): Promise<string> => {
  const path = join(folder, name);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, text);
  return path;
};

const refused = async (path: string): Promise<TaskDefinitionError> => {
  const error: unknown = await bundleModule(path).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ name: 'TaskDefinitionError' });
  return error as TaskDefinitionError;
};

describe('a bundle', () => {
  test('is one module with the exports of the original, and the same bytes each time', async () => {
    const bundle = await bundleModule(TASKS);
    expect(bundle.exports).toEqual(expect.arrayContaining(['square', 'throws', 'plain']));
    expect((await bundleModule(TASKS)).code).toBe(bundle.code);
    const path = await file('once/loaded.mjs', new TextDecoder().decode(bundle.code));
    const loaded = (await import(pathToFileURL(path).href)) as { square: (n: number) => number };
    expect(loaded.square(5)).toBe(25);
  });

  test('names the original files and lines in the stack of an error', async () => {
    const { code } = await bundleModule(TASKS);
    const path = await file('stack/loaded.mjs', new TextDecoder().decode(code));
    const script = `const m = await import(${JSON.stringify(pathToFileURL(path).href)}); try { m.throws('x') } catch (e) { console.log(e.stack) }`;
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--enable-source-maps',
      '--input-type=module',
      '-e',
      script,
    ]);
    expect(stdout).toMatch(/at inner \(.*fixtures\/inner\.ts:3:\d+\)/);
    expect(stdout).toMatch(/fixtures\/tasks\.ts:\d+:\d+/);
    expect(stdout).not.toContain('loaded.mjs:');
  });

  test('follows changes of any of its files', async () => {
    const inner = await file('changing/inner.ts', 'export const value: number = 1;');
    const path = await file('changing/task.ts', `export { value } from './inner.ts';`);
    const before = await bundleModule(path);
    await writeFile(inner, 'export const value: number = 2;');
    await utimes(inner, new Date(), new Date(Date.now() + 5_000));
    const [after, same] = await Promise.all([bundleModule(path), bundleModule(path)]);
    expect(after.id).not.toBe(before.id);
    expect(same).toBe(after);
  });

  test('holds CommonJS packages that require what Node ships', async () => {
    await file(
      'cjs/node_modules/old/index.js',
      `const { join } = require('path'); module.exports = { twice: (x) => join(x, x) };`,
    );
    await file('cjs/node_modules/old/package.json', '{"name":"old","version":"1.0.0"}');
    const path = await file('cjs/task.mjs', `import old from 'old'; export const f = (x) => old.twice(x);`);
    const { code } = await bundleModule(path);
    const loaded = (await import(
      pathToFileURL(await file('out/cjs.mjs', new TextDecoder().decode(code))).href
    )) as { f: (x: string) => string };
    expect(loaded.f('a')).toBe('a/a');
  });

  test('tells CommonJS packages where it lies in the worker', async () => {
    await file(
      'where/node_modules/old/index.cjs',
      `const { join } = require('node:path');
const base = join(__dirname, 'data');
module.exports = () => [base, __filename, typeof __dirname];`,
    );
    await file('where/node_modules/old/package.json', '{"name":"old","main":"index.cjs"}');
    const path = await file(
      'where/task.mjs',
      `import { createRequire } from 'node:module';
       import old from 'old';
       const require = createRequire(import.meta.url);
       const __dirname = 'my own';
       export const f = () => [...old(), __dirname, require('path').sep];`,
    );
    const { code } = await bundleModule(path);
    const out = await file('out/where.mjs', new TextDecoder().decode(code));
    // In a process of its own: the test runner gives every module a __dirname.
    const script = `const m = await import(${JSON.stringify(pathToFileURL(out).href)}); console.log(JSON.stringify(m.f()))`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
    expect(JSON.parse(stdout)).toStrictEqual([join(folder, 'out', 'data'), out, 'string', 'my own', '/']);
  });

  test.each([
    ['the sources of the SDK', '../index.ts'],
    ['the sources of the fleet', '../../../cli/src/fleet.ts'],
  ])('has a stand-in for %s imported by path, also through a link', async (_name, target) => {
    const real = fileURLToPath(new URL(target, import.meta.url));
    const link = join(folder, `link-${basename(real)}`);
    await symlink(real, link);
    for (const imported of [real, link]) {
      const path = await file(
        'by-path/task.mjs',
        `import * as all from ${JSON.stringify(imported)};
         export const f = (name) => all[name]();`,
      );
      const { code } = await bundleModule(path);
      expect(code.length).toBeLessThan(20_000);
      const out = await file(`out/by-path-${basename(imported)}.mjs`, new TextDecoder().decode(code));
      const loaded = (await import(pathToFileURL(out).href)) as { f: (name: string) => unknown };
      expect(loaded.f('isMain')).toBe(false);
      expect(() => loaded.f('startFleet')).toThrow(/was called while a worker loaded the task/);
    }
  });

  test('does not run the main program that shares its file', async () => {
    const path = await file(
      'single/script.mjs',
      `import { connect, defineTask, isMain } from 'muster';
       export const f = defineTask(import.meta.url, 'f', (n) => n + 1);
       if (isMain(import.meta.url) || import.meta.main) throw new Error('main ran');`,
    );
    const { code } = await bundleModule(path);
    const loaded = (await import(
      pathToFileURL(await file('out/single.mjs', new TextDecoder().decode(code))).href
    )) as { f: (n: number) => number };
    expect(loaded.f(1)).toBe(2);
  });

  test('says what to do when the main program is not guarded', async () => {
    const path = await file(
      'bare/script.mjs',
      `import { connect } from 'muster'; export const f = (n) => n; await connect();`,
    );
    const { code } = await bundleModule(path);
    const out = await file('out/bare.mjs', new TextDecoder().decode(code));
    await expect(import(pathToFileURL(out).href)).rejects.toThrow(
      /connect\(\) was called while a worker loaded the task.*if \(isMain\(import\.meta\.url\)\)/,
    );
  });
});

describe('refusals', () => {
  test('native code is named, with the way out', async () => {
    await file('native/addon.node', 'not really');
    const path = await file(
      'native/task.mjs',
      `import addon from './addon.node'; export const f = () => addon;`,
    );
    const error = await refused(path);
    expect(error.code).toBe('nativeModule');
    expect(error.message).toMatch(/addon\.node is native code.*Install that package on the workers/s);
  });

  test('a package that reads a file beside itself on loading is named, with the file', async () => {
    const data = await file('beside/node_modules/old/data/words.txt', 'a');
    const old = await file(
      'beside/node_modules/old/index.js',
      `const fs = require('fs');
const words = fs.readFileSync(require('path').join(__dirname, 'data', 'words.txt'), 'utf8');
module.exports = () => words;`,
    );
    const path = await file('beside/task.mjs', `import old from 'old'; export const f = () => old();`);
    const error = await refused(path);
    expect(error.code).toBe('bundleFailed');
    expect(error.message).toContain(`${old} reads ${data} when it is loaded`);
    expect(error.message).toContain('Install that package on the workers');
  });

  test('a package that reads beside itself only when it is asked to is not refused', async () => {
    await file('later/node_modules/old/words.txt', 'a');
    await file(
      'later/node_modules/old/index.js',
      `const fs = require('fs');
const read = () => fs.readFileSync(__dirname + '/words.txt');
try {
  fs.readFileSync(__dirname + '/words.txt');
} catch {}
module.exports = (n) => n + 1;`,
    );
    const path = await file('later/task.mjs', `import old from 'old'; export const f = (n) => old(n);`);
    expect((await bundleModule(path)).exports).toStrictEqual(['f']);
  });

  test('a broken or missing module says where', async () => {
    const path = await file('broken/task.ts', 'export const f = (n: number => n;');
    expect((await refused(path)).message).toMatch(/task\.ts:1:\d+: Expected/);
    const missing = await file(
      'broken/other.ts',
      `import { x } from './nothing.ts'; export const f = () => x;`,
    );
    expect((await refused(missing)).message).toMatch(/Could not resolve "\.\/nothing\.ts"/);
    expect((await refused(join(folder, 'nowhere.ts'))).code).toBe('bundleFailed');
  });
});

test.each([
  ['const a = readFileSync(path.join(__dirname, \'x\', "y.txt"));', ['x/y.txt']],
  ["module.exports = require('fs').readFileSync(__dirname + '/a.json', 'utf8');", ['/a.json']],
  ['const wasm = `${__dirname}/a_bg.wasm`;\nconst bytes = require("fs").readFileSync(wasm);', ['/a_bg.wasm']],
  ["var p = require('path').resolve(__dirname, 'l.txt')\nvar t = fs.readFileSync(p, 'utf8')", ['l.txt']],
  ["  const a = readFileSync(__dirname + '/in-a-block');", []],
  ["const f = () => readFileSync(__dirname + '/later');", []],
  ["const f = function () { return readFileSync(__dirname + '/later') };", []],
  ["const base = path.join(__dirname, 'never-read');", []],
  ['const a = readFileSync(__dirname + name);', []],
])('what is read on loading: %s', (code, expected) => {
  expect(readsOf(code)).toStrictEqual(expected);
});

test('the stand-in inside workers has every name that can be imported from muster', async () => {
  const path = await file('shim/shim.mjs', SHIM_SOURCE);
  const shim = (await import(pathToFileURL(path).href)) as Record<string, unknown>;
  expect(Object.keys(shim)).toEqual(expect.arrayContaining(Object.keys(index)));
});
