/** Files of a command: inside its working directory, or refused. */
import { constants } from 'node:fs';
import { mkdir, open, realpath } from 'node:fs/promises';
import { dirname, isAbsolute, join, normalize, sep } from 'node:path';
import { TaskFailure } from '../errors.ts';

const { O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_TRUNC, O_WRONLY } = constants;
/** Private, and executable, so that a tool can be sent along. */
const FILE_MODE = 0o700;

const refuse = (path: string): TaskFailure =>
  new TaskFailure(
    'TaskInvalidError',
    `file "${path}": only relative paths inside the working directory are allowed`,
  );

/** The path in its shortest form. @throws TaskFailure 'TaskInvalidError' for one that leaves the folder by itself. */
export const insidePath = (path: string): string => {
  const short = normalize(path);
  const leaves = short === '..' || short.startsWith(`..${sep}`) || isAbsolute(short);
  if (path === '' || path.includes('\0') || leaves || short === '.' || short.endsWith(sep))
    throw refuse(path);
  return short;
};

const isInside = (folder: string, path: string): boolean =>
  path === folder || path.startsWith(`${folder}${sep}`);

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');

/** Creates the folders above a file; one that a symbolic link leads outside is refused. */
const makeParents = async (root: string, relative: string): Promise<void> => {
  let folder = root;
  for (const part of dirname(relative).split(sep)) {
    if (part === '.') continue;
    folder = join(folder, part);
    await mkdir(folder, { mode: 0o700 }).catch((error: unknown) => {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    });
    if (!isInside(root, await realpath(folder))) throw refuse(relative);
  }
};

/** @param root Real path of the working directory. */
export const writeInside = async (root: string, path: string, content: Uint8Array): Promise<void> => {
  const relative = insidePath(path);
  await makeParents(root, relative);
  const file = await open(join(root, relative), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, FILE_MODE);
  try {
    await file.writeFile(content);
  } finally {
    await file.close();
  }
};

/** Undefined where there is no such file. @throws TaskFailure for one that is outside, no regular file or too large. */
export const readInside = async (
  root: string,
  path: string,
  bytesMax: number,
): Promise<Uint8Array | undefined> => {
  const relative = insidePath(path);
  try {
    const real = await realpath(join(root, relative));
    if (!isInside(root, real)) throw refuse(path);
    // Whoever swaps the file now meets NOFOLLOW; whoever makes it a pipe, NONBLOCK.
    const file = await open(real, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      const stat = await file.stat();
      if (!stat.isFile()) throw new TaskFailure('TaskInvalidError', `file "${path}" is no regular file`);
      if (stat.size > bytesMax) {
        throw new TaskFailure(
          'ResultInvalidError',
          `file "${path}" has ${stat.size} bytes; at most ${bytesMax} can travel`,
        );
      }
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
};
