/** Why a launch failed, by remedy. Pure. */
import type { GroupId } from '@muster/protocol/ids';
import type { ProvisionFailure, ProvisionFailureKind } from '@muster/adapter-kit/provisioner';

/** Error codes of the system. What is not listed is our request's fault: ENOENT, EACCES, E2BIG, ENOEXEC … */
const KINDS: Readonly<Record<string, ProvisionFailureKind>> = {
  // Processes, memory or disk are used up.
  EAGAIN: 'capacity',
  ENOMEM: 'capacity',
  ENOSPC: 'capacity',
  // Our own limits, which pass.
  EMFILE: 'throttled',
  ENFILE: 'throttled',
  EINTR: 'throttled',
};

export const launchFailure = (groupId: GroupId, program: string, error: unknown): ProvisionFailure => {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const what = error instanceof Error ? error.message : String(error);
  return {
    groupId,
    kind: KINDS[code] ?? 'invalid',
    detail: `cannot start ${program}: ${what}`,
    cause: error,
  };
};

/** A host that ends right after its start: killed by the kernel is a matter of memory, all else of what we asked for. */
export const earlyExit = (
  groupId: GroupId,
  code: number | null,
  signal: string | null,
  lastLines: string,
): ProvisionFailure => {
  const how = signal === null ? `exited at once with code ${code ?? '?'}` : `was ended at once by ${signal}`;
  const said = lastLines === '' ? 'and said nothing' : `and said: ${lastLines}`;
  return {
    groupId,
    kind: signal === 'SIGKILL' ? 'capacity' : 'invalid',
    detail: `the worker host ${how} ${said}`,
  };
};
