/** Lists groups, and ends them: SIGTERM to the host, later SIGKILL to all that bears the group's mark. */
import { groupId as toGroupId, instant } from '@muster/protocol/ids';
import type { GroupId } from '@muster/protocol/ids';
import type { GroupInstance, Provisioner } from '@muster/adapter-kit/provisioner';
import { note, pause, scan } from './native.ts';
import type { Native } from './native.ts';
import type { ProcessEntry } from './processes/entry.ts';
import type { GroupProcesses } from './processes/members.ts';
import { instanceOf } from './states.ts';

/** Between looks; doubles. */
const SWEEP_PAUSE_MS = 20;
const SWEEP_PAUSE_MS_MAX = 250;
/**
 * What bears no mark is given this long after the rest was killed: a host's guardian, which wiped its environment to be
 * out of the way, cleans up after its host then.
 */
const UNMARKED_MS = 2_500;
/** Killed processes that do not vanish in this time wait for the kernel; the next stop looks again. */
const SWEEP_MS = 5_000;

/** The truth, from the processes themselves. Also takes up what a former adapter left half done: due graces, dead hosts. */
export const listGroups = async (native: Native): Promise<readonly GroupInstance[]> => {
  const groups = await scan(native);
  for (const [id, record] of [...native.records.all()]) {
    const group = groups.get(id);
    if (group === undefined) forget(native, toGroupId(id), record.pid);
    else if (record.stopBy !== undefined) resumeStop(native, toGroupId(id), group, record.stopBy);
  }
  native.logs.prune(new Set(groups.keys()));
  return [...groups.values()].map((group) =>
    instanceOf(group, native.records.all().get(group.group)?.stopBy !== undefined),
  );
};

/** The scan may be older than the record: only a host that is really gone is forgotten. */
const forget = (native: Native, groupId: GroupId, pid: number): void => {
  const record = native.records.all().get(groupId);
  if (record?.pid !== pid || native.platform.startOf(pid) === record.start) return;
  native.records.drop(groupId);
  native.alarms.get(groupId)?.cancel();
  native.alarms.delete(groupId);
};

const resumeStop = (native: Native, groupId: GroupId, group: GroupProcesses, stopBy: number): void => {
  if (group.host === undefined || stopBy <= Date.now()) void sweep(native, groupId);
  else armGrace(native, groupId, stopBy - Date.now());
};

export const stopGroups = async (
  native: Native,
  ids: readonly GroupId[],
): ReturnType<Provisioner['stop']> => {
  const groups = await scan(native);
  for (const id of ids) {
    const group = groups.get(id);
    if (group !== undefined) stopGroup(native, id, group);
  }
  return { stopped: ids, failures: [] };
};

const stopGroup = (native: Native, groupId: GroupId, group: GroupProcesses): void => {
  const record = native.records.all().get(groupId);
  const { host } = group;
  if (host === undefined || (record?.stopBy !== undefined && record.stopBy <= Date.now()))
    return void sweep(native, groupId);
  if (record?.stopBy !== undefined) return armGrace(native, groupId, record.stopBy - Date.now());
  native.records.put(groupId, { pid: host.pid, start: host.start, stopBy: Date.now() + native.graceMs });
  armGrace(native, groupId, native.graceMs);
  if (isStill(native, host)) native.kill(host.pid, 'SIGTERM');
};

const armGrace = (native: Native, groupId: GroupId, ms: number): void => {
  if (native.alarms.has(groupId)) return;
  const alarm = native.clock.wakeAt(instant(native.clock.now() + ms), () => {
    native.alarms.delete(groupId);
    void sweep(native, groupId);
  });
  native.alarms.set(groupId, alarm);
};

/** A host that was asked to go is gone: nothing of its group may stay. One that was not asked is the adapter's to judge. */
export const onHostExit = (
  native: Native,
  groupId: GroupId,
  code: number | null,
  signal: string | null,
): void => {
  const asked = native.records.all().get(groupId)?.stopBy !== undefined;
  const said = asked ? '' : native.logs.tail(groupId);
  note(native, asked ? 'debug' : 'warn', 'native.host.exited', {
    group: groupId,
    code: code ?? '',
    signal: signal ?? '',
    asked,
    said,
  });
  if (asked) void sweep(native, groupId);
};

/** Kills everything of a group. One sweep per group at a time. @returns whether nothing is left. */
export const sweep = (native: Native, groupId: GroupId): Promise<boolean> => {
  const running = native.sweeps.get(groupId);
  if (running !== undefined) return running;
  const fresh = sweepOnce(native, groupId)
    .catch((error: unknown) => {
      note(native, 'error', 'native.sweep.failed', { group: groupId, detail: String(error) });
      return false;
    })
    .finally(() => native.sweeps.delete(groupId));
  native.sweeps.set(groupId, fresh);
  return fresh;
};

const sweepOnce = async (native: Native, groupId: GroupId): Promise<boolean> => {
  const begunAt = native.clock.now();
  for (let pauseMs = SWEEP_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, SWEEP_PAUSE_MS_MAX)) {
    const group = (await scan(native)).get(groupId);
    if (group === undefined) {
      const record = native.records.all().get(groupId);
      if (record !== undefined) forget(native, groupId, record.pid);
      return true;
    }
    const sweptMs = native.clock.now() - begunAt;
    if (sweptMs >= SWEEP_MS) {
      note(native, 'warn', 'native.sweep.incomplete', { group: groupId, processes: group.members.length });
      return false;
    }
    const living = group.members.filter((one) => isStill(native, one));
    killProcesses(native, sweptMs < UNMARKED_MS ? living.filter((one) => one.mark !== undefined) : living);
    await pause(native.clock, pauseMs);
  }
};

/** Process groups first: nothing can be forked away between two signals to one group. */
const killProcesses = (native: Native, living: readonly ProcessEntry[]): void => {
  for (const leader of living) if (leader.pid === leader.pgid) native.kill(-leader.pgid, 'SIGKILL');
  for (const one of living) native.kill(one.pid, 'SIGKILL');
};

/** Its pid may have been given away since the table was read. */
const isStill = (native: Native, one: ProcessEntry): boolean =>
  native.platform.startOf(one.pid) === one.start;

export const killEverything = async (native: Native): Promise<readonly GroupId[]> => {
  const ids = [...(await scan(native)).keys()].map(toGroupId);
  const swept = await Promise.all(ids.map((id) => sweep(native, id)));
  return ids.filter((_, index) => swept[index] === false);
};
