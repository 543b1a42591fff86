/** The SDK's own files, by which a bundle recognises it however a task's module imported it. */
import { readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What `muster` and `muster/fleet` are: published, in the clone, and as the clone's sources. */
const ENTRIES = [
  'dist/client/index.js',
  'dist/cli/fleet.js',
  'packages/client/src/index.ts',
  'packages/client/dist/index.js',
  'packages/cli/src/fleet.ts',
  'packages/cli/dist/fleet.js',
] as const;

/** Real paths of those of them that exist; also when this package lies behind a link. */
export const ownFiles = (): readonly string[] => {
  const root = packageRoot(dirname(fileURLToPath(import.meta.url)));
  if (root === undefined) return [];
  return ENTRIES.flatMap((entry) => {
    try {
      return [realpathSync(join(root, entry))];
    } catch {
      return [];
    }
  });
};

const packageRoot = (folder: string): string | undefined => {
  if (isOurs(join(folder, 'package.json'))) return folder;
  const above = dirname(folder);
  return above === folder ? undefined : packageRoot(above);
};

const isOurs = (path: string): boolean => {
  try {
    return (JSON.parse(readFileSync(path, 'utf8')) as { readonly name?: unknown }).name === 'muster';
  } catch {
    return false;
  }
};
