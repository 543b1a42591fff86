/** Ids of tasks, from their place in the workload and back. */
import { taskId } from '@muster/protocol/ids';
import type { TaskId } from '@muster/protocol/ids';

const PREFIX = 'simulated---';

export const taskIdOf = (index: number): TaskId =>
  taskId(
    PREFIX + String.fromCharCode(index >>> 24, (index >>> 16) & 0xff, (index >>> 8) & 0xff, index & 0xff),
  );

export const indexOfTask = (id: TaskId): number => {
  const at = PREFIX.length;
  return (
    (id.charCodeAt(at) << 24) |
    (id.charCodeAt(at + 1) << 16) |
    (id.charCodeAt(at + 2) << 8) |
    id.charCodeAt(at + 3)
  );
};
