/** Short forms of what machines say, for transcripts: the decisions, not the bytes. */
import type { Note } from '@muster/core/machine';
import { showId } from '@muster/protocol/ids';
import type { Message, TaskAttempt, TaskHead, TaskResultHead } from '@muster/protocol/messages';

const attempts = (list: readonly TaskAttempt[]): string =>
  list.map(({ taskId, attempt }) => `${taskId.replace(/\.+$/, '')}#${attempt}`).join(' ');

const heads = (list: readonly (TaskHead | TaskResultHead)[], numbers: readonly number[]): string =>
  list.map(({ taskId }, at) => `${taskId.replace(/\.+$/, '')}#${numbers[at] ?? 0}`).join(' ');

export const sayMessage = (message: Message): string => {
  const { kind } = message;
  switch (kind) {
    case 'taskBatch':
      return `${kind} ${heads(message.tasks, message.attempts)}`;
    case 'taskResultBatch':
      return `${kind} ${heads(message.results, message.attempts)}`;
    case 'task':
      return `${kind} ${heads([message.task], [])}`;
    case 'taskResult':
      return `${kind} ${heads([message.result], [])}`;
    case 'resultAck':
    case 'takeBack':
    case 'tasksHeld':
      return `${kind} ${attempts(message.tasks)}`;
    case 'tasksReturned':
      return `${kind} ${attempts(message.returned)} kept ${attempts(message.kept)}`;
    case 'taskCancel':
      return `${kind} ${message.taskId.replace(/\.+$/, '')} ${message.force ? 'force' : ''}`;
    case 'taskCancelConfirm':
      return `${kind} ${message.taskId.replace(/\.+$/, '')} ${message.confirm}`;
    case 'drain':
      return `${kind} ${message.action}`;
    case 'drainStatus':
      return `${kind} ${message.status} ${message.reason}`;
    case 'adapterCommand':
      return `${kind} ${message.command} ${message.groupId ?? ''}`;
    case 'adapterCommandResponse':
      return `${kind} ${message.command} ${message.groupId ?? ''} ${message.status} ${message.failure} ${message.reason}`;
    case 'adapterHeartbeat':
      return `${kind} ${message.groupsMax} ${(message.groups ?? []).map((one) => `${one.groupId}=${one.state}`).join(' ')}`;
    case 'adapterHeartbeatEcho':
      return `${kind} ${message.registered.join(' ')}`;
    case 'workerHeartbeatEcho':
    case 'clientHeartbeatEcho':
      return `${kind} ${message.extras?.epoch ?? ''}`;
    case 'workerHeartbeat':
      return `${kind} ${message.queuedTasks}`;
    default:
      return kind;
  }
};

export const sayNote = (note: Note): string => {
  let text = `note ${note.event}`;
  for (const [name, value] of Object.entries(note.fields)) text += ` ${name}=${showId(String(value))}`;
  return text;
};
