/**
 * What a task or an instance finds at its link-local addresses: metadata of its task, and credentials of its role.
 * Sources: ECS developer guide, "Task IAM role"; EC2 user guide, "Use IMDSv2" and "Retrieve security credentials".
 */
import type { Ecs } from './ecs/state.ts';
import { taskMetadata } from './ecs/metadata.ts';
import type { Session, Sessions } from './sts/session.ts';
import { openSession } from './sts/session.ts';

export interface LocalRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

export interface LocalAnswer {
  readonly status: number;
  readonly type: 'application/json' | 'text/plain';
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const json = (value: object): LocalAnswer => ({
  status: 200,
  type: 'application/json',
  body: JSON.stringify(value),
});
const text = (body: string, headers: Readonly<Record<string, string>> = {}): LocalAnswer => ({
  status: 200,
  type: 'text/plain',
  body,
  headers,
});

/** Six hours, as both metadata services give. */
const SESSION_SECONDS = 6 * 3_600;

const keysOf = (session: Session): object => ({
  AccessKeyId: session.accessKeyId,
  SecretAccessKey: session.secretAccessKey,
  Token: session.sessionToken,
  Expiration: session.expiration.toISOString().replace(/\.\d{3}Z$/, 'Z'),
});

const INSTANCE_TOKEN = 'peer-imds-token';
const CREDENTIALS = '/latest/meta-data/iam/security-credentials/';

/** Keys are new at each question, as a metadata service would rotate them long before their end. */
const instanceAnswer = (
  sessions: Sessions,
  { method, path, headers }: LocalRequest,
  roleName: string | undefined,
): LocalAnswer | undefined => {
  if (method === 'PUT' && path === '/latest/api/token')
    return text(INSTANCE_TOKEN, { 'x-aws-ec2-metadata-token-ttl-seconds': '21600' });
  // Version 2 only, as new instances are.
  if (headers['x-aws-ec2-metadata-token'] !== INSTANCE_TOKEN)
    return { status: 401, type: 'text/plain', body: '' };
  if (path === '/latest/meta-data/placement/region') return text(sessions.account.region);
  const role = roleName === undefined ? undefined : sessions.roles.byName.get(roleName);
  if (role === undefined) return undefined;
  if (path === CREDENTIALS) return text(role.name);
  if (path !== `${CREDENTIALS}${role.name}`) return undefined;
  const session = openSession(sessions, role, 'i-0123456789abcdef0', SESSION_SECONDS);
  return json({
    Code: 'Success',
    LastUpdated: sessions.account.wall().toISOString(),
    Type: 'AWS-HMAC',
    ...keysOf(session),
  });
};

const credentialsAnswer = (sessions: Sessions, ecs: Ecs, path: string): LocalAnswer | undefined => {
  const [, kind, id = ''] = /^\/v2\/credentials\/(task|role)\/(.+)$/.exec(path) ?? [];
  const task = [...ecs.tasks.values()].find((one) => kind === 'task' && one.id === id);
  const taskRole = task?.task.overrides?.taskRoleArn ?? task?.definition.view.taskRoleArn;
  const role = kind === 'role' ? sessions.roles.byName.get(id) : sessions.roles.byArn(taskRole ?? '');
  if (role === undefined) return undefined;
  const session = openSession(sessions, role, kind === 'task' ? id : 'container', SESSION_SECONDS);
  return json({ RoleArn: role.arn, ...keysOf(session) });
};

/** @param instanceRole name of the role of the instance that asks; undefined: it has none. */
export const linkLocal =
  (sessions: Sessions, ecs: Ecs, instanceRole: () => string | undefined) =>
  (request: LocalRequest): LocalAnswer => {
    const { path } = request;
    const metadata = path.startsWith('/v4/') ? taskMetadata(ecs, path) : undefined;
    const found =
      metadata !== undefined
        ? json(metadata)
        : path.startsWith('/v2/')
          ? credentialsAnswer(sessions, ecs, path)
          : path.startsWith('/latest/')
            ? instanceAnswer(sessions, request, instanceRole())
            : undefined;
    return found ?? { status: 404, type: 'application/json', body: '{"message":"nothing is there"}' };
  };
