/** The shape of the repository, executed: who may import whom, and why not the others. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { promisify } from 'node:util';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');

/** The table of docs/architecture.md: what each package may import, and why nothing else. */
const LAYERS: Readonly<Record<string, { readonly may: readonly string[]; readonly because: string }>> = {
  protocol: { may: [], because: 'the language between processes must be readable without any of them' },
  core: { may: ['protocol'], because: 'decisions that know how they are carried out cannot be replayed' },
  simulation: {
    may: ['protocol', 'core'],
    because: 'a plan comes out the same wherever it is made, so it reads neither files nor clocks',
  },
  runtime: { may: ['protocol', 'core'], because: 'every process stands on it, so it must not stand on any' },
  storage: {
    may: ['protocol', 'runtime'],
    because: 'bytes are kept without knowing what is decided about them',
  },
  'adapter-kit': {
    may: ['protocol', 'core', 'runtime'],
    because: 'it must fit providers that are not written yet',
  },
  'adapter-native': {
    may: ['adapter-kit', 'protocol', 'core', 'runtime'],
    because: 'adapters are exchangeable, and know a scheduler only by its messages',
  },
  'adapter-ecs': {
    may: ['adapter-kit', 'protocol', 'core', 'runtime'],
    because: 'adapters are exchangeable, and know a scheduler only by its messages',
  },
  scheduler: {
    may: ['core', 'runtime', 'storage', 'protocol'],
    because: 'it knows workers and adapters by their messages, so that foreign ones are as good',
  },
  worker: {
    may: ['core', 'runtime', 'storage', 'protocol'],
    because: 'it knows the scheduler by its messages, and runs in images that hold nothing else',
  },
  client: {
    may: ['protocol', 'runtime', 'storage'],
    because: 'applications install it, and must not get a scheduler with it',
  },
  cli: {
    may: [
      'protocol',
      'core',
      'simulation',
      'runtime',
      'storage',
      'adapter-kit',
      'adapter-native',
      'adapter-ecs',
      'scheduler',
      'worker',
      'client',
    ],
    because: 'it composes all of them',
  },
};

/** Libraries with one home: everybody else goes through it. */
const HOMES: readonly { readonly library: RegExp; readonly home: RegExp; readonly because: string }[] = [
  {
    library: /^zeromq$/,
    home: /^packages\/runtime\/src\/zeromq\//,
    because: 'a socket that is used in two places is sent on twice at once',
  },
  {
    library: /^pino/,
    home: /^packages\/runtime\/src\/log/,
    because: 'every log line has the same shape and the same masks',
  },
  { library: /^commander$/, home: /^packages\/cli\//, because: 'processes take settings, not command lines' },
  { library: /^capnp-ts/, home: /^packages\/protocol\//, because: 'only protocol knows bytes' },
  {
    library: /^smol-toml$/,
    home: /^packages\/runtime\/src\/config\//,
    because: 'there is one reader of configuration',
  },
  {
    library: /^(@aws-sdk|@smithy|@kubernetes)\//,
    home: /^packages\/adapter-(ecs|eks)\//,
    because: 'a cloud SDK is paid for only by the process that calls it',
  },
  {
    library: /^(vitest|fast-check)$/,
    home: /^packages\/[^/]+\/src\/(conformance|.*testing\/)/,
    because: 'test tools do not ship',
  },
];

interface Import {
  readonly specifier: string;
  /** False for what vanishes at compile time. */
  readonly value: boolean;
}

interface SourceFile {
  /** From the root, with slashes. */
  readonly path: string;
  readonly pkg: string;
  readonly isTest: boolean;
  readonly imports: readonly Import[];
}

const isValueImport = (node: ts.ImportDeclaration | ts.ExportDeclaration): boolean => {
  if (ts.isExportDeclaration(node)) return !node.isTypeOnly;
  const clause = node.importClause;
  return clause === undefined || clause.phaseModifier !== ts.SyntaxKind.TypeKeyword;
};

const importsOf = (path: string, text: string): readonly Import[] => {
  const found: Import[] = [];
  const visit = (node: ts.Node): void => {
    if (
      (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) &&
      node.moduleSpecifier !== undefined &&
      ts.isStringLiteral(node.moduleSpecifier)
    ) {
      found.push({ specifier: node.moduleSpecifier.text, value: isValueImport(node) });
    }
    const [first] = ts.isCallExpression(node) ? node.arguments : [];
    if (
      ts.isCallExpression(node) &&
      node.expression.kind === ts.SyntaxKind.ImportKeyword &&
      first !== undefined &&
      ts.isStringLiteral(first)
    ) {
      found.push({ specifier: first.text, value: true });
    }
    if (
      ts.isImportTypeNode(node) &&
      ts.isLiteralTypeNode(node.argument) &&
      ts.isStringLiteral(node.argument.literal)
    ) {
      found.push({ specifier: node.argument.literal.text, value: false });
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, false));
  return found;
};

const packages = readdirSync(join(root, 'packages')).filter((pkg) =>
  existsSync(join(root, 'packages', pkg, 'package.json')),
);

const files: readonly SourceFile[] = packages.flatMap((pkg) =>
  readdirSync(join(root, 'packages', pkg, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((found) => found.endsWith('.ts'))
    .map((found): SourceFile => {
      const path = `packages/${pkg}/src/${found.split(sep).join('/')}`;
      const isTest = /\.test\.ts$|\/testing\//.test(path);
      return { path, pkg, isTest, imports: importsOf(path, readFileSync(join(root, path), 'utf8')) };
    }),
);
const shipped = files.filter((file) => !file.isTest);

const broken = (
  from: readonly SourceFile[],
  rule: (file: SourceFile, one: Import) => string | false | undefined,
): readonly string[] =>
  from.flatMap((file) =>
    file.imports.flatMap((one) => {
      const why = rule(file, one);
      return why === undefined || why === false ? [] : [`${file.path} imports ${one.specifier}: ${why}`];
    }),
  );

const ours = (specifier: string): { readonly pkg: string; readonly module: string } | undefined => {
  const match = /^@muster\/([^/]+)(?:\/(.*))?$/.exec(specifier);
  return match === null ? undefined : { pkg: match[1] ?? '', module: match[2] ?? '' };
};

describe('imports', () => {
  test('every package is in the table, and their files were found', () => {
    expect([...packages].sort()).toEqual(Object.keys(LAYERS).sort());
    for (const pkg of packages)
      expect(shipped.filter((file) => file.pkg === pkg).length, `files of ${pkg}`).toBeGreaterThan(0);
    // A reader that finds nothing would find nothing wrong.
    expect(files.length).toBeGreaterThan(150);
    expect(files.reduce((sum, file) => sum + file.imports.length, 0)).toBeGreaterThan(files.length);
  });

  test('packages only import downwards', () => {
    const wrong = broken(shipped, (file, one) => {
      const target = ours(one.specifier);
      const layer = LAYERS[file.pkg];
      if (
        target === undefined ||
        layer === undefined ||
        target.pkg === file.pkg ||
        layer.may.includes(target.pkg)
      )
        return undefined;
      return `${file.pkg} may import ${layer.may.join(', ') || 'nothing of ours'}, because ${layer.because}`;
    });
    expect(wrong).toEqual([]);
  });

  test('what a package imports, it declares, and it declares no more of ours', () => {
    for (const pkg of Object.keys(LAYERS)) {
      const manifest = JSON.parse(readFileSync(join(root, 'packages', pkg, 'package.json'), 'utf8')) as {
        dependencies?: Readonly<Record<string, string>>;
      };
      const declared = new Set(Object.keys(manifest.dependencies ?? {}));
      const wrong = broken(
        shipped.filter((file) => file.pkg === pkg),
        (_, { specifier }) => {
          if (/^(\.|node:)/.test(specifier) || /^(vitest|fast-check)$/.test(specifier)) return undefined;
          const name = specifier
            .split('/')
            .slice(0, specifier.startsWith('@') ? 2 : 1)
            .join('/');
          return (
            !declared.has(name) &&
            name !== `@muster/${pkg}` &&
            `${name} is not in packages/${pkg}/package.json, so it is there by luck`
          );
        },
      );
      expect(wrong).toEqual([]);
      const upward = [...declared].filter(
        (name) => name.startsWith('@muster/') && !LAYERS[pkg]?.may.includes(name.slice('@muster/'.length)),
      );
      expect(upward, `packages/${pkg}/package.json declares what it may not import`).toEqual([]);
    }
  });

  test('other packages are entered by their front door only', () => {
    const wrong = broken(files, (file, one) => {
      const target = ours(one.specifier);
      if (target === undefined) return undefined;
      if (target.pkg === file.pkg && !file.isTest) return 'within a package, imports are relative';
      const isModule =
        /^[a-z0-9-]+$/.test(target.module) &&
        existsSync(join(root, 'packages', target.pkg, 'src', `${target.module}.ts`));
      return (
        !isModule &&
        `public are the files directly in packages/${target.pkg}/src; what lies deeper may change without notice`
      );
    });
    expect(wrong).toEqual([]);
  });

  test('relative imports stay inside their package and name the file', () => {
    const wrong = broken(files, (file, { specifier }) => {
      if (!specifier.startsWith('.')) return undefined;
      const target = relative(root, resolve(root, dirname(file.path), specifier))
        .split(sep)
        .join('/');
      // Tests share fixtures and builders.
      if (file.isTest && /^test\/(fixtures|support)\//.test(target)) return undefined;
      if (!target.startsWith(`packages/${file.pkg}/`)) return 'it would go around the table of packages';
      return !/\.(ts|json)$/.test(specifier) && 'the extension is written out, as Node wants it';
    });
    expect(wrong).toEqual([]);
  });

  test('generated code is seen by protocol only', () => {
    const wrong = broken(
      files,
      (file, { specifier }) =>
        /(^|\/)generated(\/|$)/.test(specifier) &&
        file.pkg !== 'protocol' &&
        'numbers of the wire stop at the codec; everybody else speaks in messages',
    );
    expect(wrong).toEqual([]);
  });

  test('libraries that need care have one home', () => {
    const wrong = broken(shipped, (file, { specifier }) => {
      const rule = HOMES.find(({ library }) => library.test(specifier));
      return rule !== undefined && !rule.home.test(file.path) && rule.because;
    });
    expect(wrong).toEqual([]);
  });

  test('the core imports nothing of Node', () => {
    const wrong = broken(
      shipped.filter((file) => file.pkg === 'core'),
      (_, { specifier }) =>
        !/^(\.|@muster\/)/.test(specifier) && 'a decision may not read files, clocks or the network',
    );
    expect(wrong).toEqual([]);
  });

  test('no file needs itself before it is loaded', () => {
    const graph = new Map<string, readonly string[]>(
      files.map((file) => [
        file.path,
        file.imports
          .filter((one) => one.value && one.specifier.startsWith('.'))
          .map((one) =>
            relative(root, resolve(root, dirname(file.path), one.specifier))
              .split(sep)
              .join('/'),
          ),
      ]),
    );
    const done = new Set<string>();
    const cycles: string[] = [];
    const visit = (path: string, trail: readonly string[]): void => {
      const start = trail.indexOf(path);
      if (start >= 0) cycles.push([...trail.slice(start), path].join(' → '));
      if (start >= 0 || done.has(path)) return;
      for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
      done.add(path);
    };
    for (const path of graph.keys()) visit(path, []);
    expect(cycles).toEqual([]);
  });
});

describe('the compiler gate of the core', () => {
  const SNIPPETS: Readonly<Record<string, string>> = {
    fine: 'export const total = (parts: readonly number[]): number => Math.max(0, ...parts.toSorted());',
    timer: 'setTimeout(() => undefined, 1);',
    process: 'export const home: unknown = process.env;',
    console: 'console.log(1);',
    performance: 'export const now: number = performance.now();',
    clone: 'export const copy: unknown = structuredClone({});',
    abort: 'export const abort: unknown = new AbortController();',
    bytes: 'export const bytes: unknown = Buffer.alloc(1);',
    network: "export const answer: unknown = fetch('http://localhost');",
    files: "import { readFileSync } from 'node:fs';\nexport const read: unknown = readFileSync;",
    crypto: 'export const id: unknown = crypto.randomUUID();',
  };

  test('compiles arithmetic, and neither timers nor processes nor anything else of a platform', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'muster-gate-'));
    try {
      for (const [name, text] of Object.entries(SNIPPETS)) writeFileSync(join(folder, `${name}.ts`), text);
      writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
      const config = {
        extends: join(root, 'packages', 'core', 'tsconfig.json'),
        compilerOptions: {
          composite: false,
          declarationMap: false,
          isolatedDeclarations: false,
          noEmit: true,
          rootDir: '.',
        },
        include: ['*.ts'],
        references: [],
      };
      writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
      const output = await promisify(execFile)(
        process.execPath,
        [join(root, 'node_modules/tsc7/bin/tsc'), '-p', folder, '--pretty', 'false'],
        { cwd: folder },
      ).then(
        ({ stdout }) => stdout,
        (error: unknown) => (error instanceof Error && 'stdout' in error ? String(error.stdout) : ''),
      );
      expect(output).not.toContain('tsconfig.json(');
      const refused = new Set(output.split('\n').map((line) => /^([a-z]+)\.ts\(/.exec(line)?.[1]));
      expect([...Object.keys(SNIPPETS)].filter((name) => !refused.has(name))).toEqual(['fine']);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }, 60_000);
});
