/** How a worker host is started. Pure. */
import { WORKER_ENV } from '@muster/protocol/calls';
import type { GroupSpec } from '@muster/adapter-kit/provisioner';

export interface Launch {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Settings of the user for every process of ours; all else that says `MUSTER_…` is about one process. */
const HANDED_ON: ReadonlySet<string> = new Set(['MUSTER_LOG_LEVEL', 'MUSTER_LOG_FORMAT']);

/**
 * The environment of the adapter is handed on, but little in it that says `MUSTER_…`: an adapter may itself run inside a
 * worker group of another one.
 *
 * @param command program and arguments that run a worker host.
 */
export const launchOf = (
  command: readonly string[],
  ownerMark: string,
  spec: GroupSpec,
  inherited: Readonly<Record<string, string | undefined>>,
): Launch => {
  const [file, ...args] = command;
  if (file === undefined) throw new RangeError('the worker command is empty');
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(inherited)) {
    if (value !== undefined && (!name.startsWith('MUSTER_') || HANDED_ON.has(name))) env[name] = value;
  }
  return {
    file,
    args,
    env: { ...env, ...spec.env, [WORKER_ENV.owner]: ownerMark, [WORKER_ENV.groupId]: spec.groupId },
  };
};
