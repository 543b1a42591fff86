/** What people type, and the thing that is meant: a whole id in any form in which it is shown, or a part of it. */
import { groupOfWorker, showId, taskId } from '@muster/protocol/ids';
import type { TaskId } from '@muster/protocol/ids';
import type { SchedulerState } from '../scheduler/state.ts';
import { NO_TASK } from '../scheduler/task-table.ts';

export type Found<T> =
  | { readonly kind: 'one'; readonly value: T }
  | {
      readonly kind: 'many';
      /** The first of them. */
      readonly values: readonly T[];
      /** How many there are, if that is known. */
      readonly count: number | undefined;
    }
  | {
      readonly kind: 'none';
      /** Not all of them were looked at. */
      readonly partly: boolean;
    };

/** Rows that one question looks at: more would make all peers wait for an operator. */
const ROWS_MAX = 200_000;
const MATCHES_MAX = 5;
const TASK_ID_BYTES = 16;

/** A UUID is the same in hex; client errors and logs show hex. */
const plainHex = (text: string): string | undefined => {
  const hex = text.replaceAll('-', '').toLowerCase();
  return /^[0-9a-f]+$/.test(hex) ? hex : undefined;
};

const bytesOf = (hex: string): string => {
  let bytes = '';
  for (let i = 0; i + 1 < hex.length; i += 2)
    bytes += String.fromCharCode(Number.parseInt(hex.slice(i, i + 2), 16));
  return bytes;
};

/** Whether a task id begins or ends like this, in hex or as it is. Ids of one client of ours differ at their end. */
const isLike = (text: string): ((id: string) => boolean) => {
  const hex = plainHex(text);
  const isPart = (id: string): boolean => id.startsWith(text) || id.trimEnd().endsWith(text);
  if (hex === undefined) return isPart;
  const odd = hex.length % 2;
  const start = bytesOf(hex);
  const end = bytesOf(hex.slice(odd));
  const lastNibble = odd === 0 ? undefined : Number.parseInt(hex.slice(-1), 16);
  const firstNibble = odd === 0 ? undefined : Number.parseInt(hex.slice(0, 1), 16);
  const begins = (id: string): boolean =>
    id.startsWith(start) && (lastNibble === undefined || id.charCodeAt(start.length) >> 4 === lastNibble);
  const ends = (id: string): boolean =>
    id.endsWith(end) &&
    (firstNibble === undefined || (id.charCodeAt(id.length - end.length - 1) & 15) === firstNibble);
  return (id) => begins(id) || ends(id) || isPart(id);
};

/** Ids that are text are shown without what fills them up. */
const wholeTaskIds = (text: string): readonly TaskId[] => {
  const hex = plainHex(text);
  return [
    ...(hex !== undefined && hex.length === 2 * TASK_ID_BYTES ? [taskId(bytesOf(hex))] : []),
    ...(text.length <= TASK_ID_BYTES ? [taskId(text.padEnd(TASK_ID_BYTES, ' '))] : []),
  ];
};

/** Among the tasks that are here, those that ended not long ago, and those that a worker reported. */
export const findTask = (state: SchedulerState, text: string): Found<TaskId> => {
  for (const id of wholeTaskIds(text)) if (isKnown(state, id)) return { kind: 'one', value: id };
  const isMeant = isLike(text);
  const matches = new Set<TaskId>();
  for (const { taskId: id } of state.endings.latest()) if (isMeant(id)) matches.add(id);
  for (const id of state.orphans.keys()) if (isMeant(id)) matches.add(id);
  let left = ROWS_MAX;
  for (const row of state.tasks.rows()) {
    if (left-- === 0 || matches.size > MATCHES_MAX) return pick([...matches], true);
    const id = state.tasks.id(row);
    if (isMeant(id)) matches.add(id);
  }
  return pick([...matches], false);
};

const isKnown = (state: SchedulerState, id: TaskId): boolean => {
  if (state.tasks.find(id) !== NO_TASK || state.orphans.has(id)) return true;
  for (const ending of state.endings.latest()) if (ending.taskId === id) return true;
  return false;
};

const pick = <T>(matches: readonly T[], partly: boolean): Found<T> => {
  const [only] = matches;
  if (only === undefined) return { kind: 'none', partly };
  return matches.length === 1
    ? { kind: 'one', value: only }
    : { kind: 'many', values: matches.slice(0, MATCHES_MAX), count: partly ? undefined : matches.length };
};

/** By the readable form; a whole id wins over longer ones that begin with it. */
export const findByName = <T>(items: Iterable<T>, nameOf: (item: T) => string, text: string): Found<T> => {
  const matches: T[] = [];
  for (const item of items) {
    const name = nameOf(item);
    if (name === text) return { kind: 'one', value: item };
    if (name.startsWith(text)) matches.push(item);
  }
  return pick(matches, false);
};

/** The id of a worker names its group. */
export const groupText = (text: string): string => {
  const group = groupOfWorker(text);
  return group === undefined ? text : showId(group);
};
