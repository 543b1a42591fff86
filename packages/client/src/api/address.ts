/** Where the scheduler is. */
import { lstatSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConnectError } from './errors.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Written by `muster up`, for its user alone. */
export const announcementPath = (env: Environment): string => {
  const runtime = env['XDG_RUNTIME_DIR'];
  const base =
    runtime !== undefined && runtime !== '' ? runtime : join(tmpdir(), `muster-${process.getuid?.() ?? 0}`);
  return join(base, 'muster', 'up.json');
};

const isAlive = (pid: unknown): boolean => {
  if (typeof pid !== 'number') return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
};

const announced = (path: string): string | undefined => {
  try {
    // In a shared temporary directory somebody else may have been first: only this user's own word counts.
    if (process.getuid !== undefined && lstatSync(path).uid !== process.getuid()) return undefined;
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (
      typeof value !== 'object' ||
      value === null ||
      !('scheduler' in value) ||
      typeof value.scheduler !== 'string'
    )
      return undefined;
    return isAlive('pid' in value ? value.pid : undefined) ? value.scheduler : undefined;
  } catch {
    return undefined; // nobody announced anything, or it is half written: as good as none
  }
};

const ADDRESS = /^(tcp:\/\/.+:\d{1,5}|ipc:\/\/.+)$/;

/**
 * The given address, else `MUSTER_SCHEDULER`, else the `muster up` of this user.
 *
 * @throws ConnectError 'noAddress' | 'invalidAddress'
 */
export const findScheduler = (given: string | undefined, env: Environment = process.env): string => {
  const named = given ?? env['MUSTER_SCHEDULER'];
  const address = named === undefined || named === '' ? announced(announcementPath(env)) : named;
  if (address === undefined) {
    const fix =
      'start one in another terminal with "muster up", or name one: connect({ address: \'tcp://host:8516\' }) or MUSTER_SCHEDULER';
    throw new ConnectError('noAddress', `no scheduler is known: ${fix}`);
  }
  if (ADDRESS.test(address)) return address;
  throw new ConnectError(
    'invalidAddress',
    `"${address}" is no address of a scheduler; write tcp://host:port or ipc:///path`,
  );
};
