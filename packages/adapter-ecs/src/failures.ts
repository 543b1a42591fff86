/**
 * What an answer of AWS means, by remedy. Pure.
 *
 * AWS has no code for most of it, so its texts are read here and nowhere else. What is not known counts as one that may have
 * happened and may pass: a wrong guess costs a repeat, not a second task.
 */
import type { ProvisionFailureKind } from '@muster/adapter-kit/provisioner';

/** What keeps an adapter from working, in one word for people and programs. */
export type TroubleState =
  | 'credentials-invalid'
  | 'access-denied'
  | 'quota'
  | 'throttled'
  | 'region-unreachable'
  | 'no-capacity'
  | 'misconfigured';

export interface Verdict {
  readonly kind: ProvisionFailureKind;
  /** Undefined for what concerns one call alone. */
  readonly state: TroubleState | undefined;
  /** For people: what AWS said, and what to do about it. */
  readonly detail: string;
  /** What the adapter does beyond the remedy of `kind`. */
  readonly then:
    | { readonly name: 'nothing' }
    /** Another market or subnet may have room. */
    | { readonly name: 'elsewhere' }
    /** The token has made these tasks before. */
    | { readonly name: 'adopt'; readonly taskArns: readonly string[] }
    /** The task is not known: not yet, or no more. */
    | { readonly name: 'missing' }
    /** The pinned revision can no longer be started. */
    | { readonly name: 'resolveDefinition' };
}

/** What an error was about, so that its explanation can name it. */
export interface Asked {
  /** As in policies: `ecs:RunTask`. */
  readonly action: string;
  readonly region: string;
  readonly cluster: string;
  readonly spot: boolean;
}

const NOTHING = { name: 'nothing' } as const;
const SETUP = '`muster setup ecs apply` makes it, in versions that have that command (see `muster --help`)';

const verdict = (
  kind: ProvisionFailureKind,
  state: TroubleState | undefined,
  detail: string,
  then: Verdict['then'] = NOTHING,
): Verdict => ({ kind, state, detail: state === undefined ? detail : `${state}: ${detail}`, then });

/** Source: Service Quotas, service `fargate`. */
const quotaCode = (spot: boolean): string =>
  spot ? 'L-36FBB829 (Fargate Spot vCPUs)' : 'L-3032A538 (Fargate On-Demand vCPUs)';

interface TextRule {
  readonly text: RegExp;
  readonly means: (said: string, asked: Asked) => Verdict;
}

const quota = (said: string, asked: Asked): Verdict =>
  verdict('quota', 'quota', `${said} The quota is ${quotaCode(asked.spot)} in ${asked.region}.`);
const roleTrouble = (said: string): Verdict =>
  verdict(
    'unauthorized',
    'access-denied',
    `${said} A role that was made within the last two minutes needs a moment; otherwise check that it exists and trusts ecs-tasks.amazonaws.com.`,
  );

/** Texts of refusals and of ClientException and InvalidParameterException; the first that fits. Sources: Amazon ECS API, RunTask and API failure reasons. */
const TEXTS: readonly TextRule[] = [
  {
    text: /capacity is unavailable|^RESOURCE:|insufficient capacity/i,
    means: (said, { spot }) =>
      verdict('capacity', 'no-capacity', `${said}${spot ? ' (Spot)' : ''}`, { name: 'elsewhere' }),
  },
  {
    text: /limit on the number of (tasks|vcpus)|above your limit|vcpu limit|concurrent(ly)?.*limit/i,
    means: quota,
  },
  { text: /currently blocked/i, means: (said, asked) => blocked(said, asked) },
  {
    text: /RequestLimitExceeded|rate exceeded|too many requests/i,
    means: (said) => verdict('throttled', 'throttled', said),
  },
  { text: /service.linked role/i, means: (said) => linkedRole(said) },
  {
    text: /unable to assume|assume the role|role .* (is )?(not valid|invalid)/i,
    means: (said) => roleTrouble(said),
  },
  {
    text: /task ?definition.*(inactive|not found|does not exist)/i,
    means: (said) => verdict('invalid', 'misconfigured', said, { name: 'resolveDefinition' }),
  },
  {
    text: /referenced task was not found/i,
    means: (said) => verdict('invalid', undefined, said, { name: 'missing' }),
  },
  {
    text: /referenced cluster was inactive|cluster not found/i,
    means: (said, { cluster }) => noCluster(said, cluster),
  },
  {
    text: /cpu.*setting|memory.*setting|no fargate configuration/i,
    means: (said) => verdict('invalid', 'misconfigured', said),
  },
];

const blocked = (said: string, asked: Asked): Verdict =>
  verdict(
    'unauthorized',
    'quota',
    `${said} AWS says so of suspended accounts, and also where quota ${quotaCode(asked.spot)} is 0.`,
  );

const linkedRole = (said: string): Verdict =>
  verdict(
    'unauthorized',
    'misconfigured',
    `${said} The service-linked role of ECS is missing: aws iam create-service-linked-role --aws-service-name ecs.amazonaws.com`,
  );

const noCluster = (said: string, cluster: string): Verdict =>
  verdict('invalid', 'misconfigured', `${said} Cluster '${cluster}' is not there or not active; ${SETUP}.`);

const byText = (said: string, asked: Asked): Verdict | undefined =>
  TEXTS.find(({ text }) => text.test(said))?.means(sentence(said), asked);

const sentence = (said: string): string => (/[.!?]$/.test(said) ? said : `${said}.`);

/**
 * One entry of `failures[]`: definitive, and stored with the token.
 * Source: Amazon ECS API, API failure reasons.
 */
export const refusal = (
  failure: { readonly reason?: string | undefined; readonly detail?: string | undefined },
  asked: Asked,
): Verdict => {
  const reason = failure.reason ?? 'no reason given';
  const said = failure.detail === undefined ? reason : `${reason} (${failure.detail})`;
  const known = byText(said, asked);
  if (known !== undefined) return known;
  if (reason === 'MISSING') return verdict('invalid', undefined, sentence(said), { name: 'missing' });
  if (/^(AGENT|ATTRIBUTE|LOCATION|INACTIVE)/.test(reason))
    return verdict('invalid', 'misconfigured', sentence(said));
  // "Internal error" is what a subnet gets whose zone has no Fargate.
  if (/internal error/i.test(reason))
    return verdict('capacity', 'no-capacity', sentence(said), { name: 'elsewhere' });
  return verdict('capacity', undefined, `AWS refused for a reason that is not known here: ${sentence(said)}`);
};

const CREDENTIALS: ReadonlySet<string> = new Set([
  'ExpiredTokenException',
  'ExpiredToken',
  'UnrecognizedClientException',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'SignatureDoesNotMatch',
  'IncompleteSignature',
  'IncompleteSignatureException',
  'MissingAuthenticationToken',
  'MissingAuthenticationTokenException',
  'AuthFailure',
  'RequestExpired',
  'CredentialsProviderError',
  'ProviderError',
  'TokenProviderError',
]);

const THROTTLES: ReadonlySet<string> = new Set([
  'ThrottlingException',
  'Throttling',
  'ThrottledException',
  'RequestThrottled',
  'RequestThrottledException',
  'TooManyRequestsException',
  'RequestLimitExceeded',
  'LimitExceededException',
  'BandwidthLimitExceeded',
  'SlowDown',
]);

/** The request never left, or was never accepted. */
const NOT_SENT: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'ENETDOWN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_HAS_EXPIRED',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'EPROTO',
]);

const stringOf = (error: unknown, key: string): string => {
  if (typeof error !== 'object' || error === null || !(key in error)) return '';
  const value: unknown = (error as Readonly<Record<string, unknown>>)[key];
  return typeof value === 'string' ? value : '';
};

const httpStatus = (error: unknown): number | undefined => {
  if (typeof error !== 'object' || error === null || !('$metadata' in error)) return undefined;
  const metadata: unknown = error.$metadata;
  if (typeof metadata !== 'object' || metadata === null || !('httpStatusCode' in metadata)) return undefined;
  return typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : undefined;
};

/** What a call threw. Matched by name, since some exceptions are not in the SDK's model (ThrottlingException for one). */
export const failureOf = (error: unknown, asked: Asked): Verdict => {
  const name = stringOf(error, 'name');
  const message = stringOf(error, 'message') || String(error);
  const status = httpStatus(error);
  if (CREDENTIALS.has(name)) return credentials(name, message);
  if (THROTTLES.has(name) || status === 429) return verdict('throttled', 'throttled', message || name);
  if (
    /^(AccessDenied|UnauthorizedOperation|NotAuthorized)/.test(name) ||
    /is not authorized to perform/.test(message)
  )
    return denied(message, asked);
  const known = status === undefined || status < 500 ? byName(name, message, error, asked) : undefined;
  if (known !== undefined) return known;
  if (status === undefined) return unanswered(error, message, asked);
  if (status >= 500) return verdict('unknown', undefined, `${name}: ${message} (HTTP ${status})`);
  // An answer that cannot be read has happened.
  if (status < 400) return verdict('unknown', undefined, `the answer cannot be read: ${message}`);
  return verdict('invalid', 'misconfigured', `${name}: ${message}`);
};

const byName = (name: string, message: string, error: unknown, asked: Asked): Verdict | undefined => {
  switch (name) {
    case 'ConflictException':
      return conflict(message, error);
    case 'BlockedException':
      return blocked(sentence(message), asked);
    case 'ClusterNotFoundException':
      return noCluster(sentence(message), asked.cluster);
    case 'ServerException':
      return verdict('unknown', undefined, `${name}: ${message}`);
    case 'ClientException':
    case 'InvalidParameterException':
      return byText(message, asked) ?? verdict('invalid', 'misconfigured', `${name}: ${message}`);
    case 'PlatformUnknownException':
    case 'PlatformTaskDefinitionIncompatibilityException':
    case 'UnsupportedFeatureException':
      return verdict('invalid', 'misconfigured', `${name}: ${message}`);
    default:
      return undefined;
  }
};

const conflict = (message: string, error: unknown): Verdict => {
  const ids: unknown =
    typeof error === 'object' && error !== null && 'resourceIds' in error ? error.resourceIds : undefined;
  const taskArns = Array.isArray(ids) ? ids.filter((id): id is string => typeof id === 'string') : [];
  const then = taskArns.length > 0 ? ({ name: 'adopt', taskArns } as const) : NOTHING;
  return verdict('unknown', undefined, `ConflictException: ${message}`, then);
};

const credentials = (name: string, message: string): Verdict =>
  verdict(
    'unauthorized',
    'credentials-invalid',
    `${name}: ${message} The adapter looks for new ones by itself: environment, profile (AWS_PROFILE), container or instance role.`,
  );

/**
 * The action and the resource that a policy has to allow.
 * Source: messages of several services; with and without a resource, and encoded by EC2.
 */
export const deniedAction = (
  message: string,
): {
  readonly action: string | undefined;
  readonly resource: string | undefined;
  readonly encoded: boolean;
} => {
  const [, action, resource] =
    /not authorized to perform:? ([\w-]+:\w+)(?: on resource:? ([^\s,]+))?/i.exec(message) ?? [];
  return { action, resource, encoded: /encoded authorization failure message/i.test(message) };
};

const denied = (message: string, asked: Asked): Verdict => {
  const { action, resource, encoded } = deniedAction(message);
  const decode = encoded ? ' The message decodes with: aws sts decode-authorization-message.' : '';
  return verdict(
    'unauthorized',
    'access-denied',
    `${action ?? asked.action} is not allowed${resource === undefined ? '' : ` on ${resource}`}; add it to the policy of the adapter.${decode} AWS said: ${message}`,
  );
};

/** No answer at all: whether AWS heard us depends on how far the request came. */
const unanswered = (error: unknown, message: string, { region }: Asked): Verdict => {
  const code = codeOf(error);
  if (NOT_SENT.has(code))
    return verdict(
      'throttled',
      'region-unreachable',
      `no connection to ECS in ${region || 'no region'}: ${message}`,
    );
  if (/region is missing/i.test(message))
    return verdict('invalid', 'misconfigured', 'no region is set: give --aws-region, or AWS_REGION');
  return verdict('unknown', 'region-unreachable', `no answer from ECS in ${region}: ${message}`);
};

/** The system's code, of the error itself or of what caused it; happy eyeballs bundle several. */
const codeOf = (error: unknown): string => {
  const code = stringOf(error, 'code');
  if (code !== '' || typeof error !== 'object' || error === null) return code;
  if ('errors' in error && Array.isArray(error.errors) && error.errors.length > 0)
    return codeOf(error.errors[0]);
  return 'cause' in error ? codeOf(error.cause) : '';
};
