/** Secrets Manager and Parameter Store. Sources: their API references. */
import type { Operation, Permission, Service } from '../service.ts';
import { operation } from '../service.ts';
import { AwsError } from '../wire/errors.ts';
import type { Secret, SecretTag, Secrets } from './store.ts';
import { findSecret, retag } from './store.ts';

interface SecretInput {
  readonly SecretId: string;
}

const secretOf = (store: Secrets, id: string): Secret => {
  const secret = findSecret(store, id);
  if (secret === undefined)
    throw new AwsError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
  return secret;
};

const alive = (secret: Secret): Secret => {
  if (secret.deletedAt !== undefined)
    throw new AwsError(
      'InvalidRequestException',
      'You can’t perform this operation on the secret because it was marked for deletion.',
    );
  return secret;
};

const versionId = (secret: Secret): string =>
  `00000000-0000-4000-8000-${String(secret.version).padStart(12, '0')}`;

const shortly = (secret: Secret): object => ({ ARN: secret.arn, Name: secret.name });

interface CreateInput {
  readonly Name: string;
  readonly SecretString?: string;
  readonly Description?: string;
  readonly Tags?: readonly SecretTag[];
}

const createSecret = (store: Secrets, input: CreateInput): Secret => {
  const old = store.secrets.get(input.Name);
  if (old !== undefined) {
    alive(old);
    throw new AwsError(
      'ResourceExistsException',
      `The operation failed because the secret ${input.Name} already exists.`,
    );
  }
  const secret: Secret = {
    name: input.Name,
    // Source: Secrets Manager API reference, CreateSecret: six random characters end the ARN.
    arn: store.account.arn(
      'secretsmanager',
      `secret:${input.Name}-${store.account.random(`secret.${input.Name}`).hex(6)}`,
    ),
    createdAt: store.account.now(),
    description: input.Description,
    value: input.SecretString ?? '',
    version: 1,
    tags: [...(input.Tags ?? [])],
    deletedAt: undefined,
  };
  store.secrets.set(input.Name, secret);
  return secret;
};

interface DeleteInput extends SecretInput {
  readonly ForceDeleteWithoutRecovery?: boolean;
  readonly RecoveryWindowInDays?: number;
}

const DAY_MS = 86_400_000;

const deleteSecret = (store: Secrets, input: DeleteInput): object => {
  const secret = secretOf(store, input.SecretId);
  const days = input.RecoveryWindowInDays ?? 30;
  const isForced = input.ForceDeleteWithoutRecovery === true;
  if (isForced) store.secrets.delete(secret.name);
  else secret.deletedAt ??= store.account.now();
  return {
    ...shortly(secret),
    DeletionDate: store.account.wall(store.account.now() + (isForced ? 0 : days * DAY_MS)),
  };
};

const secretOperations = (store: Secrets): Readonly<Record<string, Operation>> => {
  const needs =
    (action: string) =>
    ({ SecretId }: SecretInput): readonly Permission[] => [
      {
        action: `secretsmanager:${action}`,
        resource:
          findSecret(store, SecretId)?.arn ?? store.account.arn('secretsmanager', `secret:${SecretId}`),
      },
    ];
  return {
    CreateSecret: operation<CreateInput>({
      needs: ({ Name }) => [
        {
          action: 'secretsmanager:CreateSecret',
          resource: store.account.arn('secretsmanager', `secret:${Name}`),
        },
      ],
      handle: (input) => {
        const secret = createSecret(store, input);
        return { ...shortly(secret), VersionId: versionId(secret) };
      },
    }),
    DescribeSecret: operation<SecretInput>({
      needs: needs('DescribeSecret'),
      handle: ({ SecretId }) => {
        const secret = secretOf(store, SecretId);
        return {
          ...shortly(secret),
          Description: secret.description,
          Tags: secret.tags,
          CreatedDate: store.account.wall(secret.createdAt),
          ...(secret.deletedAt === undefined ? {} : { DeletedDate: store.account.wall(secret.deletedAt) }),
        };
      },
    }),
    GetSecretValue: operation<SecretInput>({
      needs: needs('GetSecretValue'),
      handle: ({ SecretId }) => {
        const secret = alive(secretOf(store, SecretId));
        return { ...shortly(secret), SecretString: secret.value, VersionId: versionId(secret) };
      },
    }),
    PutSecretValue: operation<SecretInput & { readonly SecretString?: string }>({
      needs: needs('PutSecretValue'),
      handle: ({ SecretId, SecretString }) => {
        const secret = alive(secretOf(store, SecretId));
        secret.value = SecretString ?? secret.value;
        secret.version += 1;
        return { ...shortly(secret), VersionId: versionId(secret) };
      },
    }),
    DeleteSecret: operation<DeleteInput>({
      needs: needs('DeleteSecret'),
      handle: (input) => deleteSecret(store, input),
    }),
    RestoreSecret: operation<SecretInput>({
      needs: needs('RestoreSecret'),
      handle: ({ SecretId }) => {
        const secret = secretOf(store, SecretId);
        secret.deletedAt = undefined;
        return shortly(secret);
      },
    }),
    TagResource: operation<SecretInput & { readonly Tags: readonly SecretTag[] }>({
      needs: needs('TagResource'),
      handle: ({ SecretId, Tags }) => {
        retag(secretOf(store, SecretId), Tags, []);
        return {};
      },
    }),
    UntagResource: operation<SecretInput & { readonly TagKeys: readonly string[] }>({
      needs: needs('UntagResource'),
      handle: ({ SecretId, TagKeys }) => {
        retag(secretOf(store, SecretId), [], TagKeys);
        return {};
      },
    }),
  };
};

interface ParameterInput {
  readonly Name: string;
}

const parameterOf = (store: Secrets, name: string): Secret => {
  const parameter = store.parameters.get(name);
  if (parameter === undefined) throw new AwsError('ParameterNotFound', `Parameter ${name} not found.`);
  return parameter;
};

interface PutInput extends ParameterInput {
  readonly Value: string;
  readonly Overwrite?: boolean;
  readonly Description?: string;
  readonly Tags?: readonly SecretTag[];
}

const parameterArn = (store: Secrets, name: string): string =>
  store.account.arn('ssm', `parameter${name.startsWith('/') ? '' : '/'}${name}`);

const putParameter = (store: Secrets, input: PutInput): Secret => {
  const old = store.parameters.get(input.Name);
  if (old !== undefined && input.Overwrite !== true)
    throw new AwsError(
      'ParameterAlreadyExists',
      'The parameter already exists. To overwrite this value, set the overwrite option in the request to true.',
    );
  if (old !== undefined) {
    old.value = input.Value;
    old.version += 1;
    return old;
  }
  const parameter: Secret = {
    name: input.Name,
    arn: parameterArn(store, input.Name),
    createdAt: store.account.now(),
    description: input.Description,
    value: input.Value,
    version: 1,
    tags: [...(input.Tags ?? [])],
    deletedAt: undefined,
  };
  store.parameters.set(input.Name, parameter);
  return parameter;
};

const parameterOperations = (store: Secrets): Readonly<Record<string, Operation>> => {
  const needs =
    (action: string) =>
    ({ Name }: ParameterInput): readonly Permission[] => [
      { action: `ssm:${action}`, resource: parameterArn(store, Name) },
    ];
  return {
    PutParameter: operation<PutInput>({
      needs: needs('PutParameter'),
      handle: (input) => ({ Version: putParameter(store, input).version, Tier: 'Standard' }),
    }),
    GetParameter: operation<ParameterInput>({
      needs: needs('GetParameter'),
      handle: ({ Name }) => {
        const { name, arn, value, version } = parameterOf(store, Name);
        return { Parameter: { Name: name, ARN: arn, Type: 'SecureString', Value: value, Version: version } };
      },
    }),
    DeleteParameter: operation<ParameterInput>({
      needs: needs('DeleteParameter'),
      handle: ({ Name }) => {
        store.parameters.delete(parameterOf(store, Name).name);
        return {};
      },
    }),
    ListTagsForResource: operation<{ readonly ResourceId: string }>({
      needs: ({ ResourceId }) => needs('ListTagsForResource')({ Name: ResourceId }),
      handle: ({ ResourceId }) => ({ TagList: parameterOf(store, ResourceId).tags }),
    }),
    AddTagsToResource: operation<{ readonly ResourceId: string; readonly Tags: readonly SecretTag[] }>({
      needs: ({ ResourceId }) => needs('AddTagsToResource')({ Name: ResourceId }),
      handle: ({ ResourceId, Tags }) => {
        retag(parameterOf(store, ResourceId), Tags, []);
        return {};
      },
    }),
  };
};

export const secretsManagerService = (store: Secrets): Service => ({
  name: 'secretsmanager',
  operations: secretOperations(store),
});

export const parameterService = (store: Secrets): Service => ({
  name: 'ssm',
  operations: parameterOperations(store),
});
