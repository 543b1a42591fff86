// `npm run build`: compile every package, then lay the result out as the published package has it (dist/), so
// that `npx muster` and `import … from 'muster'` mean the same inside the clone and after `npm pack`.
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { checkMachine, install, root } from './setup.mjs';

const compile = (project) => {
  const done = spawnSync(
    process.execPath,
    [join(root, 'node_modules', 'tsc7', 'bin', 'tsc'), '-b', project],
    {
      cwd: root,
      stdio: 'inherit',
    },
  );
  if (done.status !== 0) process.exit(done.status ?? 1);
};

const packages = () =>
  readdirSync(join(root, 'packages')).filter((name) => existsSync(join(root, 'packages', name, 'dist')));

function* files(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* files(path);
    else yield path;
  }
}

/** `@muster/core/machine` → the relative path of dist/core/machine.js, as the packages are not published one by one. */
const relink = (text, from) =>
  text.replace(/(['"])@muster\/([a-z-]+)\/([a-z0-9/-]+)\1/g, (_, quote, name, module) => {
    const path = relative(dirname(from), join(root, 'dist', name, `${module}.js`))
      .split(sep)
      .join('/');
    return `${quote}${path.startsWith('.') ? path : `./${path}`}${quote}`;
  });

const assemble = () => {
  const target = join(root, 'dist');
  const wanted = new Set();
  for (const name of packages()) {
    const from = join(root, 'packages', name, 'dist');
    for (const path of files(from)) {
      if (path.endsWith('.tsbuildinfo') || relative(from, path).startsWith('testing')) continue;
      const to = join(target, name, relative(from, path));
      wanted.add(to);
      mkdirSync(dirname(to), { recursive: true });
      if (/\.(js|d\.ts)$/.test(path)) {
        const text = relink(readFileSync(path, 'utf8'), to);
        if (!existsSync(to) || readFileSync(to, 'utf8') !== text) writeFileSync(to, text);
      } else cpSync(path, to);
    }
  }
  for (const path of files(target)) if (!wanted.has(path)) rmSync(path);
};

/** The clone resolves `muster` as its users do. */
const linkSelf = () => {
  const link = join(root, 'node_modules', 'muster');
  if (!lstatSync(link, { throwIfNoEntry: false })) symlinkSync('..', link, 'dir');
};

checkMachine();
install();
compile('tsconfig.json');
mkdirSync(join(root, 'dist'), { recursive: true });
assemble();
linkSelf();
const examples = join(root, 'packages', 'client', 'examples', 'tsconfig.json');
if (existsSync(examples)) compile(examples);
if (!process.argv.includes('--quiet')) process.stdout.write('Built. Try: npx muster --help\n');
