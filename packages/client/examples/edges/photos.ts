/** Where the example's photographs come from: a folder of the user's, or those that two MIT-licensed packages ship. */
import { readdir, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const SHIPPED: Readonly<Record<string, readonly string[]>> = {
  'paper-kit-2': [
    'antoine-barres',
    'bruno-abatti',
    'daniel-olahh',
    'daniel-olahs',
    'fabio-mangione',
    'federico-beccari',
    'ilya-yakover',
    'joshua-stannard',
    'login-image',
    'soroush-karimi',
    'uriel-soberanes',
  ],
  'soft-ui-design-system': [
    'annie-spratt',
    'blog7-1',
    'blog7-2',
    'blog7-3',
    'brooke',
    'card-2',
    'card-3',
    'charles',
    'ivana',
    'ivancik',
    'jordan',
    'kal-visuals',
    'meeting',
    'office-dark',
    'toa-heftiba',
  ],
};

/** 26 distinct photographs of 1 megapixel and more. */
const shippedPhotos = (): string[] => {
  const require = createRequire(import.meta.url);
  return Object.entries(SHIPPED).flatMap(([name, photos]) => {
    const folder = join(dirname(require.resolve(`${name}/package.json`)), 'assets', 'img');
    return photos.map((photo) => join(folder, `${photo}.jpg`));
  });
};

/** Paths of the JPEG files in a folder (not below it), by name; the shipped ones without a folder. */
export const findPhotos = async (folder: string | undefined): Promise<string[]> => {
  if (folder === undefined) return shippedPhotos();
  const found = await stat(folder).catch(() => undefined);
  if (!found?.isDirectory())
    throw new Error(`${folder} is not a folder. Give the folder that holds your photographs.`);
  const names = (await readdir(folder)).filter((name) => /\.jpe?g$/i.test(name)).sort();
  if (names.length === 0) throw new Error(`${folder} holds no JPEG files (.jpg, .jpeg).`);
  return names.map((name) => join(folder, name));
};
