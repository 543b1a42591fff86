/** IAM: roles, their policies and tags. Source: IAM API reference. */
import type { Account } from '../account.ts';
import type { Identities } from '../identity.ts';
import type { Range } from '../ecs/settings.ts';
import { drawn } from '../ecs/settings.ts';
import type { PolicyDocument } from '../policy.ts';
import { judge } from '../policy.ts';
import type { Operation, Permission, Service } from '../service.ts';
import { operation, tagContext } from '../service.ts';
import { AwsError } from '../wire/errors.ts';
import { policyOperations } from './policies.ts';
import type { RoleRecord, RoleSpec, Roles, Tag } from './roles.ts';
import { SERVICE_LINKED_ECS } from './roles.ts';

export interface Iam {
  readonly account: Account;
  readonly roles: Roles;
  readonly identities: Identities;
  /** Until other services see a new or changed role. Source: IAM user guide, "Changes that I make are not always immediately visible". */
  readonly propagationMs: Range;
}

export interface RoleInput {
  readonly RoleName: string;
}

export const roleOf = (iam: Iam, name: string): RoleRecord => {
  const role = iam.roles.byName.get(name);
  if (role === undefined)
    throw new AwsError('NoSuchEntity', `The role with name ${name} cannot be found.`, 404);
  return role;
};

/** The question to IAM about a role, with its path when it is known. */
export const onRole = (iam: Iam, action: string, name: string, path = '/'): readonly Permission[] => [
  {
    action: `iam:${action}`,
    resource: iam.roles.byName.get(name)?.arn ?? iam.account.arn('iam', `role${path}${name}`),
  },
];

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** @param needsPrincipal a trust policy names who, an identity policy must not. */
export const checkDocument = (text: string, needsPrincipal: boolean): void => {
  const document = parsed(text) as PolicyDocument | undefined;
  const statements = document?.Statement === undefined ? [] : [document.Statement].flat();
  const isWhole = statements.every(
    (one) =>
      ['Allow', 'Deny'].includes(one.Effect) &&
      (one.Action !== undefined || one.NotAction !== undefined) &&
      (one.Principal !== undefined) === needsPrincipal &&
      (needsPrincipal || one.Resource !== undefined || one.NotResource !== undefined),
  );
  if (statements.length === 0 || !isWhole)
    throw new AwsError('MalformedPolicyDocument', 'Syntax errors in policy.', 400);
};

/** Source: IAM user guide, "IAM and AWS STS quotas": 2048 characters without white space. */
const TRUST_CHARACTERS_MAX = 2_048;

export const limitExceeded = (message: string): AwsError => new AwsError('LimitExceeded', message, 409);

const checkTrust = (text: string): void => {
  checkDocument(text, true);
  if (text.replace(/\s/g, '').length > TRUST_CHARACTERS_MAX)
    throw limitExceeded(`Cannot exceed quota for ACLSizePerRole: ${TRUST_CHARACTERS_MAX}`);
};

/** Documents come back URL-encoded. Source: IAM API reference, Role. */
export const encodedDocument = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);

const shown = (iam: Iam, role: RoleRecord): object => ({
  Path: role.path,
  RoleName: role.name,
  RoleId: role.id,
  Arn: role.arn,
  CreateDate: iam.account.wall(role.createdAt),
  AssumeRolePolicyDocument: encodedDocument(role.trusts.at(-1)?.text ?? ''),
  Description: role.description,
  MaxSessionDuration: role.maxSessionSeconds,
  ...(role.boundary === undefined
    ? {}
    : {
        PermissionsBoundary: {
          PermissionsBoundaryType: 'PermissionsBoundaryPolicy',
          PermissionsBoundaryArn: role.boundary,
        },
      }),
  ...(role.tags.length === 0 ? {} : { Tags: role.tags }),
});

interface CreateRoleInput extends RoleInput {
  readonly Path?: string;
  readonly AssumeRolePolicyDocument: string;
  readonly Description?: string;
  readonly MaxSessionDuration?: number;
  readonly PermissionsBoundary?: string;
  readonly Tags?: readonly Tag[];
}

const create = (iam: Iam, input: CreateRoleInput): RoleRecord => {
  if (iam.roles.byName.has(input.RoleName))
    throw new AwsError('EntityAlreadyExists', `Role with name ${input.RoleName} already exists.`, 409);
  checkTrust(input.AssumeRolePolicyDocument);
  const spec: RoleSpec = {
    name: input.RoleName,
    trust: input.AssumeRolePolicyDocument,
    ...(input.Path === undefined ? {} : { path: input.Path }),
    ...(input.Description === undefined ? {} : { description: input.Description }),
    ...(input.MaxSessionDuration === undefined ? {} : { maxSessionSeconds: input.MaxSessionDuration }),
    ...(input.PermissionsBoundary === undefined ? {} : { boundary: input.PermissionsBoundary }),
    tags: input.Tags ?? [],
  };
  return iam.roles.create(spec, drawn(iam.propagationMs, iam.account.random(`iam.${input.RoleName}`)));
};

const remove = (iam: Iam, role: RoleRecord): void => {
  const conflict = (what: string): AwsError =>
    new AwsError('DeleteConflict', `Cannot delete entity, must ${what} first.`, 409);
  if (role.attached.size > 0) throw conflict('detach all policies');
  if (role.inline.size > 0) throw conflict('delete policies');
  iam.roles.byName.delete(role.name);
};

const retag = (role: RoleRecord, added: readonly Tag[], removed: readonly string[]): void => {
  const tags = new Map(role.tags.map((tag) => [tag.Key, tag]));
  for (const tag of added) tags.set(tag.Key, tag);
  for (const key of removed) tags.delete(key);
  if (tags.size > 50) throw limitExceeded('Cannot exceed quota for TagsPerRole: 50');
  role.tags = [...tags.values()];
};

const linked = (iam: Iam, service: string): RoleRecord => {
  if (service !== 'ecs.amazonaws.com')
    throw new AwsError('InvalidInput', `${service} is not a service that the peer knows a role for.`, 400);
  if (iam.roles.byName.has(SERVICE_LINKED_ECS.name))
    throw new AwsError(
      'InvalidInput',
      `Service role name ${SERVICE_LINKED_ECS.name} has been taken in this account, please try a different suffix.`,
      400,
    );
  return iam.roles.create(SERVICE_LINKED_ECS, 0);
};

interface SimulateInput {
  readonly PolicySourceArn: string;
  readonly ActionNames: readonly string[];
  readonly ResourceArns?: readonly string[];
}

const DECISIONS = { allow: 'allowed', implicitDeny: 'implicitDeny', explicitDeny: 'explicitDeny' } as const;

const simulate = (iam: Iam, input: SimulateInput, own: readonly PolicyDocument[] | undefined): object => {
  const role = iam.roles.byArn(input.PolicySourceArn);
  const policies = role === undefined ? own : iam.roles.policiesOf(role);
  const EvaluationResults = input.ActionNames.flatMap((action) =>
    (input.ResourceArns ?? ['*']).map((resource) => ({
      EvalActionName: action,
      EvalResourceName: resource,
      EvalDecision: policies === undefined ? 'allowed' : DECISIONS[judge(policies, { action, resource })],
    })),
  );
  return { EvaluationResults, IsTruncated: false };
};

const roleOperations = (iam: Iam): Readonly<Record<string, Operation>> => ({
  CreateRole: operation<CreateRoleInput>({
    needs: (input) => {
      const context = tagContext(input.Tags?.map(({ Key, Value }) => ({ key: Key, value: Value })));
      const on = (action: string): readonly Permission[] =>
        onRole(iam, action, input.RoleName, input.Path).map((permission) => ({ ...permission, context }));
      return [...on('CreateRole'), ...((input.Tags ?? []).length === 0 ? [] : on('TagRole'))];
    },
    handle: (input) => ({ Role: shown(iam, create(iam, input)) }),
  }),
  GetRole: operation<RoleInput>({
    needs: ({ RoleName }) => onRole(iam, 'GetRole', RoleName),
    handle: ({ RoleName }) => ({ Role: shown(iam, roleOf(iam, RoleName)) }),
  }),
  ListRoles: operation<{ readonly PathPrefix?: string }>({
    needs: () => [{ action: 'iam:ListRoles', resource: iam.account.arn('iam', 'role/') }],
    handle: ({ PathPrefix = '/' }) => ({
      Roles: [...iam.roles.byName.values()]
        .filter(({ path }) => path.startsWith(PathPrefix))
        .map((role) => shown(iam, role)),
      IsTruncated: false,
    }),
  }),
  DeleteRole: operation<RoleInput>({
    needs: ({ RoleName }) => onRole(iam, 'DeleteRole', RoleName),
    handle: ({ RoleName }) => {
      remove(iam, roleOf(iam, RoleName));
      return {};
    },
  }),
  UpdateRole: operation<RoleInput & { readonly Description?: string; readonly MaxSessionDuration?: number }>({
    needs: ({ RoleName }) => onRole(iam, 'UpdateRole', RoleName),
    handle: ({ RoleName, Description, MaxSessionDuration }) => {
      const role = roleOf(iam, RoleName);
      role.description = Description ?? role.description;
      role.maxSessionSeconds = MaxSessionDuration ?? role.maxSessionSeconds;
      return {};
    },
  }),
  UpdateAssumeRolePolicy: operation<RoleInput & { readonly PolicyDocument: string }>({
    needs: ({ RoleName }) => onRole(iam, 'UpdateAssumeRolePolicy', RoleName),
    handle: ({ RoleName, PolicyDocument }) => {
      const role = roleOf(iam, RoleName);
      checkTrust(PolicyDocument);
      iam.roles.setTrust(
        role,
        PolicyDocument,
        drawn(iam.propagationMs, iam.account.random(`iam.${RoleName}`)),
      );
      return {};
    },
  }),
  TagRole: operation<RoleInput & { readonly Tags: readonly Tag[] }>({
    needs: ({ RoleName }) => onRole(iam, 'TagRole', RoleName),
    handle: ({ RoleName, Tags }) => {
      retag(roleOf(iam, RoleName), Tags, []);
      return {};
    },
  }),
  UntagRole: operation<RoleInput & { readonly TagKeys: readonly string[] }>({
    needs: ({ RoleName }) => onRole(iam, 'UntagRole', RoleName),
    handle: ({ RoleName, TagKeys }) => {
      retag(roleOf(iam, RoleName), [], TagKeys);
      return {};
    },
  }),
  ListRoleTags: operation<RoleInput>({
    needs: ({ RoleName }) => onRole(iam, 'ListRoleTags', RoleName),
    handle: ({ RoleName }) => ({ Tags: roleOf(iam, RoleName).tags, IsTruncated: false }),
  }),
  ListInstanceProfilesForRole: operation<RoleInput>({
    needs: ({ RoleName }) => onRole(iam, 'ListInstanceProfilesForRole', RoleName),
    handle: ({ RoleName }) => {
      roleOf(iam, RoleName);
      return { InstanceProfiles: [], IsTruncated: false };
    },
  }),
  CreateServiceLinkedRole: operation<{ readonly AWSServiceName: string }>({
    needs: ({ AWSServiceName }) => [
      {
        action: 'iam:CreateServiceLinkedRole',
        resource: iam.account.arn(
          'iam',
          `role/aws-service-role/${AWSServiceName}/${SERVICE_LINKED_ECS.name}`,
        ),
        context: { 'iam:awsservicename': AWSServiceName },
      },
    ],
    handle: ({ AWSServiceName }) => ({ Role: shown(iam, linked(iam, AWSServiceName)) }),
  }),
  SimulatePrincipalPolicy: operation<SimulateInput>({
    needs: ({ PolicySourceArn }) => [{ action: 'iam:SimulatePrincipalPolicy', resource: PolicySourceArn }],
    handle: (input, { principal }) => simulate(iam, input, principal.policies()),
  }),
});

export const iamService = (iam: Iam): Service => ({
  name: 'iam',
  operations: { ...roleOperations(iam), ...policyOperations(iam) },
});
