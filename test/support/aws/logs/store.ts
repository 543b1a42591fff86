/** Log groups, their streams, and what was written. */
import type { Account } from '../account.ts';
import { AwsError } from '../wire/errors.ts';

export interface LogEvent {
  readonly timestamp: number;
  readonly message: string;
  readonly ingestionTime: number;
}

export interface Group {
  readonly name: string;
  readonly createdAt: number;
  retentionDays: number | undefined;
  tags: Readonly<Record<string, string>>;
  readonly streams: Map<string, LogEvent[]>;
}

export interface Logs {
  readonly account: Account;
  readonly groups: Map<string, Group>;
}

/** A stream forgets its oldest lines beyond this. */
const EVENTS_MAX = 100_000;

const notFound = (what: string): AwsError =>
  new AwsError('ResourceNotFoundException', `The specified ${what} does not exist.`);

export const groupOf = (logs: Logs, name: string): Group => {
  const group = logs.groups.get(name);
  if (group === undefined) throw notFound('log group');
  return group;
};

export const streamOf = (
  logs: Logs,
  groupName: string,
  name: string,
): { readonly group: Group; readonly stream: LogEvent[] } => {
  const group = groupOf(logs, groupName);
  const stream = group.streams.get(name);
  if (stream === undefined) throw notFound('log stream');
  return { group, stream };
};

/** Source: CloudWatch Logs API reference, CreateLogGroup: no retention, a second one is refused. */
export const createGroup = (logs: Logs, name: string, tags: Readonly<Record<string, string>> = {}): Group => {
  if (logs.groups.has(name))
    throw new AwsError('ResourceAlreadyExistsException', 'The specified log group already exists');
  const group: Group = {
    name,
    createdAt: logs.account.now(),
    retentionDays: undefined,
    tags,
    streams: new Map(),
  };
  logs.groups.set(name, group);
  return group;
};

export const createStream = (logs: Logs, groupName: string, name: string): LogEvent[] => {
  const group = groupOf(logs, groupName);
  if (group.streams.has(name))
    throw new AwsError('ResourceAlreadyExistsException', 'The specified log stream already exists');
  const stream: LogEvent[] = [];
  group.streams.set(name, stream);
  return stream;
};

export const append = (logs: Logs, stream: LogEvent[], timestamp: number, message: string): void => {
  if (stream.length >= EVENTS_MAX) stream.shift();
  stream.push({ timestamp, message, ingestionTime: logs.account.wall().getTime() });
};

/** What the log driver does: a stream is made with its first line; without the group the line is lost. */
export const writeLine = (logs: Logs, groupName: string, streamName: string, line: string): void => {
  const group = logs.groups.get(groupName);
  if (group === undefined) return;
  const stream = group.streams.get(streamName) ?? createStream(logs, groupName, streamName);
  append(logs, stream, logs.account.wall().getTime(), line);
};
