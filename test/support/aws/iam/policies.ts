/** Policies of roles: inline, attached, and the boundary. Source: IAM API reference; limits from "IAM and AWS STS quotas". */
import type { Operation } from '../service.ts';
import { operation } from '../service.ts';
import { AwsError } from '../wire/errors.ts';
import type { Iam, RoleInput } from './iam.ts';
import { checkDocument, encodedDocument, limitExceeded, onRole, roleOf } from './iam.ts';
import { MANAGED_POLICIES } from './managed.ts';

const INLINE_CHARACTERS_MAX = 10_240;
const ATTACHED_MAX = 10;

interface InlineInput extends RoleInput {
  readonly PolicyName: string;
}
interface AttachInput extends RoleInput {
  readonly PolicyArn: string;
}

const put = (
  iam: Iam,
  { RoleName, PolicyName, PolicyDocument }: InlineInput & { readonly PolicyDocument: string },
): void => {
  const role = roleOf(iam, RoleName);
  checkDocument(PolicyDocument, false);
  const others = [...role.inline].filter(([name]) => name !== PolicyName).map(([, text]) => text);
  const length = [...others, PolicyDocument].join('').replace(/\s/g, '').length;
  if (length > INLINE_CHARACTERS_MAX)
    throw limitExceeded(
      `Maximum policy size of ${INLINE_CHARACTERS_MAX} bytes exceeded for role ${RoleName}`,
    );
  role.inline.set(PolicyName, PolicyDocument);
};

const inlineOf = (iam: Iam, { RoleName, PolicyName }: InlineInput): string => {
  const text = roleOf(iam, RoleName).inline.get(PolicyName);
  if (text === undefined)
    throw new AwsError('NoSuchEntity', `The role policy with name ${PolicyName} cannot be found.`, 404);
  return text;
};

const isKnown = (arn: string): boolean => MANAGED_POLICIES.has(arn.replace(/^arn:[^:]+:/, 'arn:aws:'));

const attach = (iam: Iam, { RoleName, PolicyArn }: AttachInput): void => {
  const role = roleOf(iam, RoleName);
  if (!isKnown(PolicyArn))
    throw new AwsError('NoSuchEntity', `Policy ${PolicyArn} does not exist or is not attachable.`, 404);
  if (!role.attached.has(PolicyArn) && role.attached.size >= ATTACHED_MAX)
    throw limitExceeded(`Cannot exceed quota for PoliciesPerRole: ${ATTACHED_MAX}`);
  role.attached.add(PolicyArn);
};

const detach = (iam: Iam, { RoleName, PolicyArn }: AttachInput): void => {
  if (!roleOf(iam, RoleName).attached.delete(PolicyArn))
    throw new AwsError('NoSuchEntity', `Policy ${PolicyArn} was not found.`, 404);
};

const nameOf = (arn: string): string => arn.slice(arn.lastIndexOf('/') + 1);

const inlineOperations = (iam: Iam): Readonly<Record<string, Operation>> => ({
  PutRolePolicy: operation<InlineInput & { readonly PolicyDocument: string }>({
    needs: ({ RoleName }) => onRole(iam, 'PutRolePolicy', RoleName),
    handle: (input) => {
      put(iam, input);
      return {};
    },
  }),
  GetRolePolicy: operation<InlineInput>({
    needs: ({ RoleName }) => onRole(iam, 'GetRolePolicy', RoleName),
    handle: (input) => ({
      RoleName: input.RoleName,
      PolicyName: input.PolicyName,
      PolicyDocument: encodedDocument(inlineOf(iam, input)),
    }),
  }),
  DeleteRolePolicy: operation<InlineInput>({
    needs: ({ RoleName }) => onRole(iam, 'DeleteRolePolicy', RoleName),
    handle: (input) => {
      inlineOf(iam, input);
      roleOf(iam, input.RoleName).inline.delete(input.PolicyName);
      return {};
    },
  }),
  ListRolePolicies: operation<RoleInput>({
    needs: ({ RoleName }) => onRole(iam, 'ListRolePolicies', RoleName),
    handle: ({ RoleName }) => ({ PolicyNames: [...roleOf(iam, RoleName).inline.keys()], IsTruncated: false }),
  }),
});

const attachedOperations = (iam: Iam): Readonly<Record<string, Operation>> => {
  const withPolicy = (action: string, { RoleName, PolicyArn }: AttachInput) =>
    onRole(iam, action, RoleName).map((permission) => ({
      ...permission,
      context: { 'iam:policyarn': PolicyArn },
    }));
  return {
    AttachRolePolicy: operation<AttachInput>({
      needs: (input) => withPolicy('AttachRolePolicy', input),
      handle: (input) => {
        attach(iam, input);
        return {};
      },
    }),
    DetachRolePolicy: operation<AttachInput>({
      needs: (input) => withPolicy('DetachRolePolicy', input),
      handle: (input) => {
        detach(iam, input);
        return {};
      },
    }),
    ListAttachedRolePolicies: operation<RoleInput>({
      needs: ({ RoleName }) => onRole(iam, 'ListAttachedRolePolicies', RoleName),
      handle: ({ RoleName }) => ({
        AttachedPolicies: [...roleOf(iam, RoleName).attached].map((arn) => ({
          PolicyName: nameOf(arn),
          PolicyArn: arn,
        })),
        IsTruncated: false,
      }),
    }),
    GetPolicy: operation<{ readonly PolicyArn: string }>({
      needs: ({ PolicyArn }) => [{ action: 'iam:GetPolicy', resource: PolicyArn }],
      handle: ({ PolicyArn }) => {
        if (!isKnown(PolicyArn))
          throw new AwsError('NoSuchEntity', `Policy ${PolicyArn} was not found.`, 404);
        return { Policy: { PolicyName: nameOf(PolicyArn), Arn: PolicyArn, IsAttachable: true } };
      },
    }),
  };
};

const boundaryOperations = (iam: Iam): Readonly<Record<string, Operation>> => ({
  PutRolePermissionsBoundary: operation<RoleInput & { readonly PermissionsBoundary: string }>({
    needs: ({ RoleName }) => onRole(iam, 'PutRolePermissionsBoundary', RoleName),
    handle: ({ RoleName, PermissionsBoundary }) => {
      roleOf(iam, RoleName).boundary = PermissionsBoundary;
      return {};
    },
  }),
  DeleteRolePermissionsBoundary: operation<RoleInput>({
    needs: ({ RoleName }) => onRole(iam, 'DeleteRolePermissionsBoundary', RoleName),
    handle: ({ RoleName }) => {
      roleOf(iam, RoleName).boundary = undefined;
      return {};
    },
  }),
});

export const policyOperations = (iam: Iam): Readonly<Record<string, Operation>> => ({
  ...inlineOperations(iam),
  ...attachedOperations(iam),
  ...boundaryOperations(iam),
});
