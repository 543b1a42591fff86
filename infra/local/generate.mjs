/**
 * npm run generate [-- --check]
 *
 * Compiles schema/*.capnp and writes packages/protocol/src/generated. With --check it writes to a temporary
 * folder instead and fails when the committed modules differ. Where the `capnp` compiler is not installed it
 * says so, counts one skip and changes nothing: the generated code is committed.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const generated = join(root, 'packages/protocol/src/generated');
const SCHEMAS = ['common.capnp', 'status.capnp', 'message.capnp', 'object_storage.capnp'];
const isCheck = process.argv.includes('--check');

/** The request for the plugin, or undefined where there is no compiler. */
const compile = () => {
  const compiled = spawnSync('capnp', ['compile', '-o-', ...SCHEMAS], {
    cwd: join(root, 'schema'),
    maxBuffer: 64 * 1024 * 1024,
  });
  if (compiled.error?.code === 'ENOENT') return undefined;
  if (compiled.status !== 0) throw new Error(`capnp compile failed:\n${compiled.stderr}`);
  return compiled.stdout;
};

/** Bundles the generator (Node 20 cannot run TypeScript) and runs it on the request. */
const generate = async (request, folder) => {
  const bundle = join(root, 'node_modules/.cache/muster/generator.mjs');
  await build({
    entryPoints: [join(root, 'packages/protocol/generator/main.ts')],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
  });
  const ran = spawnSync(process.execPath, [bundle, folder], { input: request });
  if (ran.status !== 0) throw new Error(`the generator failed:\n${ran.stderr}`);
};

const modulesIn = (folder) =>
  new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]));

const check = async (request) => {
  const fresh = mkdtempSync(join(tmpdir(), 'muster-generate-'));
  try {
    await generate(request, fresh);
    const expected = modulesIn(fresh);
    const found = modulesIn(generated);
    const names = [...new Set([...expected.keys(), ...found.keys()])].sort();
    const stale = names.filter((name) => expected.get(name) !== found.get(name));
    if (stale.length === 0) {
      console.log(`generate: ${names.length} modules are up to date`);
      return;
    }
    console.error(
      `generate: out of date: ${stale.join(', ')}. Run \`npm run generate\` and commit the result.`,
    );
    process.exitCode = 1;
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
};

const request = compile();
if (request === undefined) {
  console.log('generate: 0 modules checked, 1 skipped (the `capnp` compiler is not installed)');
} else if (isCheck) {
  await check(request);
} else {
  mkdirSync(generated, { recursive: true });
  await generate(request, generated);
  // The request itself is a fixture of the tests, which run without the compiler.
  writeFileSync(
    join(root, 'packages/protocol/generator/fixtures/schema.request.gz'),
    gzipSync(request, { level: 9 }),
  );
  console.log(`generate: wrote ${SCHEMAS.length} modules to packages/protocol/src/generated`);
}
