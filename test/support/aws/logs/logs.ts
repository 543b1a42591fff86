/** CloudWatch Logs. Source: CloudWatch Logs API reference. */
import type {
  CreateLogGroupRequest,
  CreateLogStreamRequest,
  DeleteLogGroupRequest,
  DescribeLogGroupsRequest,
  DescribeLogGroupsResponse,
  DescribeLogStreamsRequest,
  DescribeLogStreamsResponse,
  FilterLogEventsRequest,
  FilterLogEventsResponse,
  GetLogEventsRequest,
  GetLogEventsResponse,
  ListTagsForResourceRequest,
  PutLogEventsRequest,
  PutRetentionPolicyRequest,
  TagResourceRequest,
  UntagResourceRequest,
} from '@aws-sdk/client-cloudwatch-logs';
import type { Operation, Permission, Service } from '../service.ts';
import { operation } from '../service.ts';
import { AwsError } from '../wire/errors.ts';
import type { Group, Logs } from './store.ts';
import { append, createGroup, createStream, groupOf, streamOf } from './store.ts';

/** Source: CloudWatch Logs API reference, PutRetentionPolicy, possible values. */
const RETENTION_DAYS: readonly number[] = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

/** The name of a group from its name or ARN, with or without `:*`. */
const nameOf = (nameOrArn: string | undefined): string =>
  (nameOrArn ?? '').replace(/^arn:[^:]+:logs:[^:]*:[^:]*:log-group:/, '').replace(/:\*$/, '');

const after = (token: string | undefined): number => {
  const parts = /^peer-(\d+)$/.exec(token ?? '');
  return parts === null ? 0 : Number(parts[1]);
};

const shownGroup = (
  logs: Logs,
  group: Group,
): NonNullable<DescribeLogGroupsResponse['logGroups']>[number] => ({
  logGroupName: group.name,
  arn: `${logs.account.arn('logs', `log-group:${group.name}`)}:*`,
  logGroupArn: logs.account.arn('logs', `log-group:${group.name}`),
  creationTime: logs.account.wall(group.createdAt).getTime(),
  metricFilterCount: 0,
  storedBytes: 0,
  logGroupClass: 'STANDARD',
  ...(group.retentionDays === undefined ? {} : { retentionInDays: group.retentionDays }),
});

const describeGroups = (logs: Logs, request: DescribeLogGroupsRequest): DescribeLogGroupsResponse => {
  const { logGroupNamePrefix = '', logGroupNamePattern = '', limit = 50, nextToken } = request;
  const names = [...logs.groups.keys()]
    .filter((name) => name.startsWith(logGroupNamePrefix) && name.includes(logGroupNamePattern))
    .sort();
  const from = after(nextToken);
  const logGroups = names.slice(from, from + limit).flatMap((name) => {
    const group = logs.groups.get(name);
    return group === undefined ? [] : [shownGroup(logs, group)];
  });
  return { logGroups, ...(from + limit < names.length ? { nextToken: `peer-${from + limit}` } : {}) };
};

const describeStreams = (logs: Logs, request: DescribeLogStreamsRequest): DescribeLogStreamsResponse => {
  const group = groupOf(logs, nameOf(request.logGroupIdentifier ?? request.logGroupName));
  const names = [...group.streams.keys()]
    .filter((name) => name.startsWith(request.logStreamNamePrefix ?? ''))
    .sort();
  const from = after(request.nextToken);
  const limit = request.limit ?? 50;
  const logStreams = names.slice(from, from + limit).map((logStreamName) => ({
    logStreamName,
    arn: logs.account.arn('logs', `log-group:${group.name}:log-stream:${logStreamName}`),
    creationTime: logs.account.wall().getTime(),
  }));
  return { logStreams, ...(from + limit < names.length ? { nextToken: `peer-${from + limit}` } : {}) };
};

/** Tokens walk over the events; the end is reached when a token comes back as it was sent. */
const getEvents = (logs: Logs, request: GetLogEventsRequest): GetLogEventsResponse => {
  const { stream } = streamOf(
    logs,
    nameOf(request.logGroupIdentifier ?? request.logGroupName),
    request.logStreamName ?? '',
  );
  const { startTime = -Infinity, endTime = Infinity, limit = 10_000, nextToken } = request;
  const within = stream.filter(({ timestamp }) => timestamp >= startTime && timestamp < endTime);
  const [, way = '', at = ''] = /^peer-([fb])-(\d+)$/.exec(nextToken ?? '') ?? [];
  let from = request.startFromHead === true ? 0 : Math.max(0, within.length - limit);
  let to = Math.min(within.length, from + limit);
  if (way === 'f') [from, to] = [Number(at), Math.min(within.length, Number(at) + limit)];
  if (way === 'b') [from, to] = [Math.max(0, Number(at) - limit), Number(at)];
  return {
    events: within.slice(from, to).map((event) => ({ ...event })),
    nextForwardToken: `peer-f-${to}`,
    nextBackwardToken: `peer-b-${from}`,
  };
};

const filterEvents = (logs: Logs, request: FilterLogEventsRequest): FilterLogEventsResponse => {
  const group = groupOf(logs, nameOf(request.logGroupIdentifier ?? request.logGroupName));
  const { startTime = -Infinity, endTime = Infinity, limit = 10_000 } = request;
  const wanted = (name: string): boolean =>
    request.logStreamNames?.includes(name) ?? name.startsWith(request.logStreamNamePrefix ?? '');
  const events = [...group.streams]
    .filter(([name]) => wanted(name))
    .flatMap(([logStreamName, stream]) => stream.map((event) => ({ logStreamName, ...event })))
    .filter(
      ({ timestamp, message }) =>
        timestamp >= startTime && timestamp < endTime && message.includes(request.filterPattern ?? ''),
    )
    .sort((left, right) => left.timestamp - right.timestamp);
  const from = after(request.nextToken);
  return {
    events: events.slice(from, from + limit),
    searchedLogStreams: [],
    ...(from + limit < events.length ? { nextToken: `peer-${from + limit}` } : {}),
  };
};

const setRetention = (logs: Logs, request: PutRetentionPolicyRequest): void => {
  const days = request.retentionInDays ?? 0;
  if (!RETENTION_DAYS.includes(days))
    throw new AwsError(
      'InvalidParameterException',
      `${days} is no valid retention; valid are ${RETENTION_DAYS.join(', ')}.`,
    );
  groupOf(logs, request.logGroupName ?? '').retentionDays = days;
};

/** Source: access denied messages of CloudWatch Logs: a group is asked about as the prefix of its streams. */
const onGroup = (
  logs: Logs,
  action: string,
  group: string | undefined,
  stream = '',
): readonly Permission[] => [
  {
    action: `logs:${action}`,
    resource: logs.account.arn('logs', `log-group:${nameOf(group)}:log-stream:${stream}`),
  },
];

const groupOperations = (logs: Logs): Readonly<Record<string, Operation>> => ({
  CreateLogGroup: operation<CreateLogGroupRequest>({
    needs: ({ logGroupName, tags }) => [
      ...onGroup(logs, 'CreateLogGroup', logGroupName),
      ...(tags === undefined ? [] : onGroup(logs, 'TagResource', logGroupName)),
    ],
    handle: ({ logGroupName, tags }) => {
      createGroup(logs, logGroupName ?? '', tags);
      return {};
    },
  }),
  DeleteLogGroup: operation<DeleteLogGroupRequest>({
    needs: ({ logGroupName }) => onGroup(logs, 'DeleteLogGroup', logGroupName),
    handle: ({ logGroupName }) => {
      logs.groups.delete(groupOf(logs, logGroupName ?? '').name);
      return {};
    },
  }),
  DescribeLogGroups: operation<DescribeLogGroupsRequest>({
    // Source: Service authorization reference, CloudWatch Logs: no resource types.
    needs: () => [{ action: 'logs:DescribeLogGroups', resource: '*' }],
    handle: (request): DescribeLogGroupsResponse => describeGroups(logs, request),
  }),
  PutRetentionPolicy: operation<PutRetentionPolicyRequest>({
    needs: ({ logGroupName }) => onGroup(logs, 'PutRetentionPolicy', logGroupName),
    handle: (request) => {
      setRetention(logs, request);
      return {};
    },
  }),
  DeleteRetentionPolicy: operation<{ readonly logGroupName: string }>({
    needs: ({ logGroupName }) => onGroup(logs, 'DeleteRetentionPolicy', logGroupName),
    handle: ({ logGroupName }) => {
      groupOf(logs, logGroupName).retentionDays = undefined;
      return {};
    },
  }),
  TagResource: operation<TagResourceRequest>({
    needs: ({ resourceArn }) => [{ action: 'logs:TagResource', resource: resourceArn ?? '' }],
    handle: ({ resourceArn, tags }) => {
      const group = groupOf(logs, nameOf(resourceArn));
      group.tags = { ...group.tags, ...tags };
      return {};
    },
  }),
  UntagResource: operation<UntagResourceRequest>({
    needs: ({ resourceArn }) => [{ action: 'logs:UntagResource', resource: resourceArn ?? '' }],
    handle: ({ resourceArn, tagKeys }) => {
      const group = groupOf(logs, nameOf(resourceArn));
      group.tags = Object.fromEntries(
        Object.entries(group.tags).filter(([key]) => tagKeys?.includes(key) !== true),
      );
      return {};
    },
  }),
  ListTagsForResource: operation<ListTagsForResourceRequest>({
    needs: ({ resourceArn }) => [{ action: 'logs:ListTagsForResource', resource: resourceArn ?? '' }],
    handle: ({ resourceArn }) => ({ tags: groupOf(logs, nameOf(resourceArn)).tags }),
  }),
});

const streamOperations = (logs: Logs): Readonly<Record<string, Operation>> => ({
  CreateLogStream: operation<CreateLogStreamRequest>({
    needs: ({ logGroupName, logStreamName }) => onGroup(logs, 'CreateLogStream', logGroupName, logStreamName),
    handle: ({ logGroupName, logStreamName }) => {
      createStream(logs, logGroupName ?? '', logStreamName ?? '');
      return {};
    },
  }),
  DeleteLogStream: operation<CreateLogStreamRequest>({
    needs: ({ logGroupName, logStreamName }) => onGroup(logs, 'DeleteLogStream', logGroupName, logStreamName),
    handle: ({ logGroupName, logStreamName }) => {
      streamOf(logs, logGroupName ?? '', logStreamName ?? '').group.streams.delete(logStreamName ?? '');
      return {};
    },
  }),
  DescribeLogStreams: operation<DescribeLogStreamsRequest>({
    needs: (input) => onGroup(logs, 'DescribeLogStreams', input.logGroupIdentifier ?? input.logGroupName),
    handle: (request): DescribeLogStreamsResponse => describeStreams(logs, request),
  }),
  PutLogEvents: operation<PutLogEventsRequest>({
    needs: ({ logGroupName, logStreamName }) => onGroup(logs, 'PutLogEvents', logGroupName, logStreamName),
    handle: ({ logGroupName, logStreamName, logEvents }) => {
      const { stream } = streamOf(logs, logGroupName ?? '', logStreamName ?? '');
      for (const { timestamp = 0, message = '' } of logEvents ?? []) append(logs, stream, timestamp, message);
      // Source: CloudWatch Logs API reference, PutLogEvents: sequence tokens are ignored, and still answered.
      return { nextSequenceToken: 'peer' };
    },
  }),
  GetLogEvents: operation<GetLogEventsRequest>({
    needs: (input) =>
      onGroup(logs, 'GetLogEvents', input.logGroupIdentifier ?? input.logGroupName, input.logStreamName),
    handle: (request): GetLogEventsResponse => getEvents(logs, request),
  }),
  FilterLogEvents: operation<FilterLogEventsRequest>({
    needs: (input) => onGroup(logs, 'FilterLogEvents', input.logGroupIdentifier ?? input.logGroupName),
    handle: (request): FilterLogEventsResponse => filterEvents(logs, request),
  }),
});

export const logsService = (logs: Logs): Service => ({
  name: 'logs',
  operations: { ...groupOperations(logs), ...streamOperations(logs) },
});
