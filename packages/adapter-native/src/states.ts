/** What processes say about the state of a group. Pure. */
import { groupId } from '@muster/protocol/ids';
import type { GroupInstance } from '@muster/adapter-kit/provisioner';
import type { GroupProcesses } from './processes/members.ts';

/** A group whose host is dead is on its way out: what it left behind is swept, never taken for a group. */
export const instanceOf = (group: GroupProcesses, stopAsked: boolean): GroupInstance => ({
  groupId: groupId(group.group),
  nativeId: String(group.host?.pid ?? group.members[0]?.pid ?? ''),
  state: group.host === undefined || stopAsked ? 'stopping' : 'running',
});
