/** What a service of the peer is made of. */
import type { Principal } from './identity.ts';
import type { BucketSpec } from './throttle.ts';
import type { ServiceName } from './wire/model.ts';
import type { Structure } from './wire/validate.ts';

/** One question to IAM: may this caller do that to this resource? A call may need several. */
export interface Permission {
  readonly action: string;
  readonly resource: string;
  /** Condition keys, in lower case, such as `ecs:cluster`. */
  readonly context?: Readonly<Record<string, string | readonly string[]>>;
}

export interface Call {
  readonly principal: Principal;
  readonly requestId: string;
  /** A stale read shows the account as it was this long ago; 0 for now. */
  readonly staleMs: number;
}

/** Synchronous: between the first look at the account and the last change nothing else happens. */
export interface Operation {
  needs(input: Structure, call: Call): readonly Permission[];
  /** @throws AwsError for what the service answers with an error. */
  handle(input: Structure, call: Call): object;
}

export interface Service {
  readonly name: ServiceName;
  readonly operations: Readonly<Record<string, Operation>>;
  /** Which bucket a call draws from; absent: never throttled. */
  readonly bucketOf?: (operation: string) => BucketSpec | undefined;
}

/** Gives an operation the input type of the SDK; that the input has it was checked against the service model. */
export const operation = <I extends object>(spec: {
  needs(input: I, call: Call): readonly Permission[];
  handle(input: I, call: Call): object;
}): Operation => ({
  needs: (input, call) => spec.needs(input as I, call),
  handle: (input, call) => spec.handle(input as I, call),
});

/** The names of AWS say whether a call changes something. AssumeRole makes credentials, but nothing that stays. */
export const isReadOnly = (operation: string): boolean =>
  /^(Describe|List|Get|Filter|Simulate|AssumeRole)/.test(operation);

/**
 * What a policy can ask about tags in a request. Source: IAM user guide, "AWS global condition context keys",
 * `aws:RequestTag` and `aws:TagKeys`.
 */
export const tagContext = (
  tags: readonly { readonly key?: string | undefined; readonly value?: string | undefined }[] | undefined,
): Readonly<Record<string, string | readonly string[]>> => {
  if (tags === undefined || tags.length === 0) return {};
  return {
    ...Object.fromEntries(
      tags.map(({ key = '', value = '' }) => [`aws:requesttag/${key.toLowerCase()}`, value]),
    ),
    'aws:tagkeys': tags.map(({ key = '' }) => key),
  };
};
