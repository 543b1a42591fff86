/**
 * Checks Signature Version 4: the signature is computed again from what arrived and the secret that the account
 * knows, so that a signer's mistake shows.
 * Source: IAM user guide, "Create a signed AWS API request".
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { AccessKey, Identities } from './identity.ts';
import type { FrontDoorTrouble } from './wire/errors.ts';

export interface SignedRequest {
  readonly method: string;
  /** Path and query, as they came. */
  readonly target: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

export interface Scope {
  readonly keyId: string;
  readonly date: string;
  readonly region: string;
  readonly service: string;
}

export type SignatureOutcome =
  | { readonly kind: 'signed'; readonly key: AccessKey }
  | { readonly kind: 'refused'; readonly trouble: FrontDoorTrouble; readonly message: string };

interface Authorization extends Scope {
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/\s]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request,\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})$/;

const parse = (header: string | undefined): Authorization | undefined => {
  const parts = AUTHORIZATION.exec(header ?? '');
  if (parts === null) return undefined;
  const [, keyId = '', date = '', region = '', service = '', headers = '', signature = ''] = parts;
  return { keyId, date, region, service, signedHeaders: headers.split(';'), signature };
};

/** What the signature says it is for; undefined when the header is absent or malformed. */
export const scopeOf = (header: string | undefined): Scope | undefined => parse(header);

const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');
const hmac = (key: string | Buffer, text: string): Buffer =>
  createHmac('sha256', key).update(text, 'utf8').digest();

const encoded = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);

const canonicalQuery = (query: string): string =>
  [...new URLSearchParams(query)]
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    .sort((left, right) => (left < right ? -1 : 1))
    .join('&');

const signatureOf = (request: SignedRequest, authorization: Authorization, secret: string): string => {
  const [path = '/', query = ''] = request.target.split('?', 2);
  const headers = authorization.signedHeaders.map(
    (name) => `${name}:${(request.headers[name] ?? '').trim().replace(/ +/g, ' ')}\n`,
  );
  const canonical = [
    request.method,
    // Every service but S3 encodes the path once more.
    path.split('/').map(encoded).join('/'),
    canonicalQuery(query),
    headers.join(''),
    authorization.signedHeaders.join(';'),
    sha256(request.body),
  ].join('\n');
  const { date, region, service } = authorization;
  const scope = `${date}/${region}/${service}/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', request.headers['x-amz-date'] ?? '', scope, sha256(canonical)].join('\n');
  const key = [date, region, service, 'aws4_request'].reduce<string | Buffer>(hmac, `AWS4${secret}`);
  return createHmac('sha256', key).update(text, 'utf8').digest('hex');
};

/** Source: IAM user guide, "Troubleshoot Signature Version 4": a request is good for five minutes. */
const SKEW_MS_MAX = 5 * 60_000;

const stamp = (date: Date): string => date.toISOString().replace(/[-:]|\.\d{3}/g, '');

const instantOf = (text: string): number | undefined => {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (parts === null) return undefined;
  const [year = 0, month = 0, ...rest] = parts.slice(1).map(Number);
  const [day = 0, hour = 0, minute = 0, second = 0] = rest;
  return Date.UTC(year, month - 1, day, hour, minute, second);
};

const skewMessage = (text: string, at: Date): string | undefined => {
  const signedAt = instantOf(text);
  if (signedAt === undefined) return `Date must be in ISO-8601 'basic format'. Got '${text}'.`;
  const [earliest, latest] = [new Date(at.getTime() - SKEW_MS_MAX), new Date(at.getTime() + SKEW_MS_MAX)];
  if (signedAt < earliest.getTime())
    return `Signature expired: ${text} is now earlier than ${stamp(earliest)} (${stamp(at)} - 5 min.)`;
  if (signedAt > latest.getTime())
    return `Signature not yet current: ${text} is still later than ${stamp(latest)} (${stamp(at)} + 5 min.)`;
  return undefined;
};

const MISMATCH =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access ' +
  'Key and signing method. Consult the service documentation for details.';

export interface Verifier {
  readonly identities: Identities;
  /** The time of day that signatures are held against. */
  readonly at: Date;
  /** Milliseconds of the account's clock, for the end of temporary keys. */
  readonly nowMs: number;
  /** A signature for another region is none. */
  readonly isRegion: (region: string, service: string) => boolean;
}

const refused = (trouble: FrontDoorTrouble, message: string): SignatureOutcome => ({
  kind: 'refused',
  trouble,
  message,
});

/** Every refusal in the order in which AWS checks: form, key, scope, time, signature. */
export const verify = (request: SignedRequest, verifier: Verifier): SignatureOutcome => {
  const header = request.headers['authorization'];
  if (header === undefined) return refused('missingToken', 'Missing Authentication Token');
  const authorization = parse(header);
  if (authorization === undefined || !authorization.signedHeaders.includes('host'))
    return refused('incompleteSignature', `Authorization header is malformed: '${header.slice(0, 40)}…'`);
  const key = verifier.identities.find(authorization.keyId);
  const token = request.headers['x-amz-security-token'];
  if (key === undefined || key.sessionToken !== token)
    return refused('unknownKey', 'The security token included in the request is invalid.');
  if (key.expiresAtMs !== undefined && key.expiresAtMs <= verifier.nowMs)
    return refused('expiredToken', 'The security token included in the request is expired');
  if (!verifier.isRegion(authorization.region, authorization.service))
    return refused(
      'badSignature',
      `Credential should be scoped to a valid region, not '${authorization.region}'.`,
    );
  const skew = skewMessage(request.headers['x-amz-date'] ?? '', verifier.at);
  if (skew !== undefined) return refused('badSignature', skew);
  const right = Buffer.from(signatureOf(request, authorization, key.secret), 'hex');
  return timingSafeEqual(right, Buffer.from(authorization.signature, 'hex'))
    ? { kind: 'signed', key }
    : refused('badSignature', MISMATCH);
};
