/** One call, from its bytes to its answer, through everything that AWS and bad luck put in its way. */
import type { Account } from '../account.ts';
import type { Fault, Faults } from '../faults.ts';
import type { Identities, Principal } from '../identity.ts';
import { judge, refusal } from '../policy.ts';
import type { LoggedRequest, RequestBook } from '../request-log.ts';
import type { Permission, Service } from '../service.ts';
import { isReadOnly } from '../service.ts';
import type { SignedRequest } from '../sigv4.ts';
import { scopeOf, verify } from '../sigv4.ts';
import type { Buckets } from '../throttle.ts';
import type { Addressed } from './codec.ts';
import { addressOf, decodeInput, encodeOutput, outputViolations } from './codec.ts';
import type { WireAnswer } from './errors.ts';
import { AwsError, errorAnswer, frontDoorError } from './errors.ts';
import type { ServiceName } from './model.ts';
import type { Structure } from './validate.ts';

/** What the HTTP server does with the connection. */
export type Reply =
  | { readonly kind: 'answer'; readonly answer: WireAnswer; readonly delayMs: number }
  | { readonly kind: 'drop'; readonly delayMs: number }
  | { readonly kind: 'hang' };

export interface Front {
  readonly account: Account;
  readonly services: ReadonlyMap<ServiceName, Service>;
  readonly identities: Identities;
  readonly faults: Faults;
  readonly buckets: Buckets;
  readonly log: RequestBook;
  /** The time of day that signatures are held against. */
  readonly signingTime: () => Date;
  /** Mistakes of the peer itself: answers that AWS's model does not allow, exceptions that are no AWS errors. */
  readonly bugs: string[];
  readonly nextRequestId: () => string;
}

interface Progress {
  params: Structure;
  caller: string;
  needs: readonly Permission[];
  applied: boolean;
}

const REGION_OF_IAM: Readonly<Record<string, string>> = {
  aws: 'us-east-1',
  'aws-cn': 'cn-north-1',
  'aws-us-gov': 'us-gov-west-1',
};

const authenticate = (front: Front, addressed: Addressed, request: SignedRequest): Principal => {
  const { account, identities, signingTime } = front;
  const outcome = verify(request, {
    identities,
    at: signingTime(),
    nowMs: account.now(),
    // IAM is one service for all regions of a partition; the others are asked where they are.
    isRegion: (region, service) =>
      region === (service === 'iam' ? REGION_OF_IAM[account.partition] : account.region),
  });
  if (outcome.kind === 'refused') throw frontDoorError(addressed.model, outcome.trouble, outcome.message);
  return outcome.key.principal;
};

const authorize = (addressed: Addressed, principal: Principal, needs: readonly Permission[]): void => {
  const policies = principal.policies();
  if (policies === undefined) return;
  for (const permission of needs) {
    const verdict = judge(policies, permission);
    if (verdict === 'allow') continue;
    const text = refusal(principal.arn, permission, verdict);
    const message =
      addressed.service === 'ec2' ? `You are not authorized to perform this operation. ${text}` : text;
    throw frontDoorError(addressed.model, 'accessDenied', message);
  }
};

/** Faults that take the place of the operation. */
const refuseByFault = (addressed: Addressed, fault: Fault): void => {
  switch (fault.kind) {
    case 'serverError':
      throw new AwsError('ServerException', 'The service has an internal error.', fault.status);
    case 'throttle':
      throw frontDoorError(addressed.model, 'throttled', 'Rate exceeded');
    case 'expiredToken':
      throw frontDoorError(
        addressed.model,
        'expiredToken',
        'The security token included in the request is expired',
      );
    case 'error':
      throw new AwsError(fault.code, fault.message, fault.status);
    default:
  }
};

const carryOut = (
  front: Front,
  addressed: Addressed,
  request: SignedRequest,
  requestId: string,
  faults: readonly Fault[],
  progress: Progress,
): WireAnswer => {
  const principal = authenticate(front, addressed, request);
  progress.caller = principal.arn;
  for (const fault of faults) refuseByFault(addressed, fault);
  const service = front.services.get(addressed.service);
  const operation = service?.operations[addressed.operation];
  const bucket = service?.bucketOf?.(addressed.operation);
  if (bucket !== undefined && !front.buckets.take(bucket, 1))
    throw frontDoorError(addressed.model, 'throttled', 'Rate exceeded');
  progress.params = decodeInput(addressed, request.body);
  if (operation === undefined)
    throw new AwsError('UnknownOperationException', `the peer does not model ${addressed.operation}`, 404);
  const stale = faults.find((fault) => fault.kind === 'stale');
  const staleMs = stale !== undefined && isReadOnly(addressed.operation) ? stale.byMs : 0;
  const call = { principal, requestId, staleMs };
  progress.needs = operation.needs(progress.params, call);
  if (faults.some((fault) => fault.kind === 'accessDenied')) {
    const [permission = { action: `${addressed.service}:${addressed.operation}`, resource: '*' }] =
      progress.needs;
    throw frontDoorError(addressed.model, 'accessDenied', refusal(principal.arn, permission, 'implicitDeny'));
  }
  authorize(addressed, principal, progress.needs);
  const output = operation.handle(progress.params, call);
  progress.applied = true;
  const wrong = outputViolations(addressed, output);
  if (wrong.length > 0) throw new Error(`${addressed.operation} answered: ${wrong.join('; ')}`);
  return encodeOutput(addressed, output, requestId);
};

const failed = (front: Front, addressed: Addressed, error: unknown): AwsError => {
  if (error instanceof AwsError) return error;
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  front.bugs.push(`${addressed.service}.${addressed.operation}: ${text}`);
  return frontDoorError(addressed.model, 'internal', `the peer itself failed: ${text}`);
};

/** What becomes of the answer on its way back. */
const onTheWay = (answer: WireAnswer, faults: readonly Fault[], delayMs: number): Reply => {
  for (const fault of faults) {
    switch (fault.kind) {
      case 'applyThenDrop':
        return { kind: 'drop', delayMs };
      case 'hang':
        return { kind: 'hang' };
      case 'applyThenServerError':
        return {
          kind: 'answer',
          delayMs,
          answer: { ...answer, status: fault.status, body: '{"__type":"ServerException"}' },
        };
      case 'truncate':
        return {
          kind: 'answer',
          delayMs,
          answer: { ...answer, body: answer.body.slice(0, Math.floor(answer.body.length / 2)) },
        };
      default:
    }
  }
  return { kind: 'answer', answer, delayMs };
};

const notExecuted = (faults: readonly Fault[], delayMs: number): Reply | undefined => {
  for (const fault of faults) {
    if (fault.kind === 'drop') return { kind: 'drop', delayMs };
    if (fault.kind === 'hang' && !fault.applied) return { kind: 'hang' };
  }
  return undefined;
};

export const dispatch = (front: Front, request: SignedRequest): Reply => {
  const requestId = front.nextRequestId();
  const scope = scopeOf(request.headers['authorization']);
  const addressed = addressOf(request.headers, request.body, scope?.service);
  if (addressed === undefined) {
    const error = new AwsError('UnknownOperationException', 'No service of this peer answers to that.', 404);
    return { kind: 'answer', answer: errorAnswer(undefined, error, requestId), delayMs: 0 };
  }
  const faults = front.faults.strike(addressed.service, addressed.operation);
  const delayMs = faults.reduce((sum, fault) => sum + (fault.kind === 'delay' ? fault.ms : 0), 0);
  const progress: Progress = { params: {}, caller: '', needs: [], applied: false };
  const note = (outcome: Pick<LoggedRequest, 'status' | 'error' | 'message'>): void =>
    front.log.add({
      at: front.account.now(),
      requestId,
      service: addressed.service,
      operation: addressed.operation,
      ...progress,
      ...outcome,
      faults: faults.map(({ kind }) => kind),
    });
  const lost = notExecuted(faults, delayMs);
  if (lost !== undefined) {
    note({ status: 0, error: '', message: '' });
    return lost;
  }
  let answer: WireAnswer;
  let error: AwsError | undefined;
  try {
    answer = carryOut(front, addressed, request, requestId, faults, progress);
  } catch (thrown) {
    error = failed(front, addressed, thrown);
    answer = errorAnswer(addressed.model, error, requestId);
  }
  const reply = onTheWay(answer, faults, delayMs);
  note({
    status: reply.kind === 'answer' ? reply.answer.status : 0,
    error: error?.code ?? '',
    message: error?.message ?? '',
  });
  return reply;
};
