/** Errors as each protocol writes them. */
import type { ServiceModel } from './model.ts';
import { element, textElement } from './query.ts';

/** An answer that is an error: what a service says, not what went wrong in the peer. */
export class AwsError extends Error {
  readonly code: string;
  readonly status: number;
  /** Modelled members beside the message, such as `resourceIds`. */
  readonly fields: Readonly<Record<string, unknown>>;

  /** @param code as on the wire: `ClusterNotFoundException` in JSON, `NoSuchEntity` in XML. */
  constructor(code: string, message: string, status = 400, fields: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.name = 'AwsError';
    this.code = code;
    this.status = status;
    this.fields = fields;
  }
}

export interface WireAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Source: Smithy specification, operation error serialization of each protocol; EC2's from its API reference. */
export const errorAnswer = (
  model: ServiceModel | undefined,
  error: AwsError,
  requestId: string,
): WireAnswer => {
  const protocol = model?.metadata.protocol ?? 'json';
  if (protocol === 'json') {
    return {
      status: error.status,
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': requestId },
      body: JSON.stringify({ __type: error.code, message: error.message, ...error.fields }),
    };
  }
  const code = textElement('Code', error.code);
  const message = textElement('Message', error.message);
  const body =
    protocol === 'ec2'
      ? element(
          'Response',
          element('Errors', element('Error', code + message)) + element('RequestID', requestId),
        )
      : `<ErrorResponse xmlns="${model?.metadata.xmlNamespace ?? ''}">` +
        element('Error', element('Type', error.status < 500 ? 'Sender' : 'Receiver') + code + message) +
        element('RequestId', requestId) +
        '</ErrorResponse>';
  return {
    status: error.status,
    headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestId },
    body,
  };
};

/** Every front end of AWS names the same troubles differently. */
export type FrontDoorTrouble =
  | 'missingToken'
  | 'unknownKey'
  | 'expiredToken'
  | 'badSignature'
  | 'incompleteSignature'
  | 'throttled'
  | 'accessDenied'
  | 'unavailable'
  | 'internal';

/**
 * Source: "Common errors" in the API references of ECS (JSON), IAM and STS (query) and "Error codes" of EC2.
 */
const CODES: Readonly<
  Record<FrontDoorTrouble, Readonly<Record<'json' | 'query' | 'ec2', readonly [string, number]>>>
> = {
  missingToken: {
    json: ['MissingAuthenticationTokenException', 400],
    query: ['MissingAuthenticationToken', 403],
    ec2: ['AuthFailure', 401],
  },
  unknownKey: {
    json: ['UnrecognizedClientException', 400],
    query: ['InvalidClientTokenId', 403],
    ec2: ['AuthFailure', 401],
  },
  expiredToken: {
    json: ['ExpiredTokenException', 400],
    query: ['ExpiredToken', 403],
    ec2: ['RequestExpired', 400],
  },
  badSignature: {
    json: ['InvalidSignatureException', 400],
    query: ['SignatureDoesNotMatch', 403],
    ec2: ['SignatureDoesNotMatch', 403],
  },
  incompleteSignature: {
    json: ['IncompleteSignatureException', 400],
    query: ['IncompleteSignature', 400],
    ec2: ['IncompleteSignature', 400],
  },
  throttled: {
    json: ['ThrottlingException', 400],
    query: ['Throttling', 400],
    ec2: ['RequestLimitExceeded', 503],
  },
  accessDenied: {
    json: ['AccessDeniedException', 400],
    query: ['AccessDenied', 403],
    ec2: ['UnauthorizedOperation', 403],
  },
  unavailable: {
    json: ['ServiceUnavailableException', 503],
    query: ['ServiceUnavailable', 503],
    ec2: ['Unavailable', 503],
  },
  internal: { json: ['ServerException', 500], query: ['InternalFailure', 500], ec2: ['InternalError', 500] },
};

export const frontDoorError = (
  model: ServiceModel | undefined,
  trouble: FrontDoorTrouble,
  message: string,
): AwsError => {
  const [code, status] = CODES[trouble][model?.metadata.protocol ?? 'json'];
  return new AwsError(code, message, status);
};
