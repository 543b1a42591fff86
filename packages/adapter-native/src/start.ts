/** Launches worker hosts: sessions of their own that outlive the adapter. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync } from 'node:fs';
import type {
  GroupInstance,
  GroupSpec,
  Provisioner,
  ProvisionFailure,
} from '@muster/adapter-kit/provisioner';
import { earlyExit, launchFailure } from './failures.ts';
import { launchOf } from './launch.ts';
import { note, pause, scan } from './native.ts';
import type { Native } from './native.ts';
import type { GroupProcesses } from './processes/members.ts';
import { instanceOf } from './states.ts';
import { onHostExit } from './stop.ts';

type Outcome = { readonly started: GroupInstance } | { readonly failure: ProvisionFailure };

export const startGroups = async (
  native: Native,
  specs: readonly GroupSpec[],
  signal: AbortSignal,
): ReturnType<Provisioner['start']> => {
  const existing = await scan(native);
  signal.throwIfAborted();
  const outcomes = await Promise.all(
    specs.map((spec) => startGroup(native, spec, existing.get(spec.groupId))),
  );
  return {
    started: outcomes.flatMap((one) => ('started' in one ? [one.started] : [])),
    failures: outcomes.flatMap((one) => ('failure' in one ? [one.failure] : [])),
  };
};

const startGroup = async (
  native: Native,
  spec: GroupSpec,
  existing: GroupProcesses | undefined,
): Promise<Outcome> => {
  const { groupId } = spec;
  if (existing !== undefined) {
    const instance = instanceOf(existing, native.records.all().get(groupId)?.stopBy !== undefined);
    if (instance.state !== 'stopping') return { started: instance };
    return { failure: { groupId, kind: 'throttled', detail: 'processes of this group are still ending' } };
  }
  try {
    return await launch(native, spec);
  } catch (error) {
    return { failure: launchFailure(groupId, native.command.join(' '), error) };
  }
};

/** Throws what the system says where no process came to be. */
const launch = async (native: Native, spec: GroupSpec): Promise<Outcome> => {
  const { groupId } = spec;
  const { file, args, env } = launchOf(native.command, native.ownerMark, spec, native.env);
  const output = native.logs.open(groupId);
  let child: ChildProcess;
  try {
    child = spawn(file, [...args], { env, detached: true, stdio: ['ignore', output, output] });
  } finally {
    closeSync(output);
  }
  // Listeners first: both events may come in the next turn.
  const spawned = new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject));
  const exited = new Promise<Outcome>((resolve) =>
    child.once('exit', (code, signal) =>
      resolve({ failure: earlyExit(groupId, code, signal, native.logs.tail(groupId)) }),
    ),
  );
  await spawned;
  child.unref();
  const { pid } = child;
  if (pid === undefined) throw new Error('the system gave no process id');
  const start = native.platform.startOf(pid);
  if (start !== undefined) native.records.put(groupId, { pid, start, stopBy: undefined });
  const settled = pause(native.clock, native.settleMs).then((): Outcome => ({
    started: { groupId, nativeId: String(pid), state: 'running' },
  }));
  const outcome = await Promise.race([exited, settled]);
  if ('failure' in outcome) native.records.drop(groupId);
  else child.once('exit', (code, signal) => onHostExit(native, groupId, code, signal));
  if (child.exitCode !== null && 'started' in outcome) onHostExit(native, groupId, child.exitCode, null);
  else note(native, 'debug', 'native.host.launched', { group: groupId, pid });
  return outcome;
};
