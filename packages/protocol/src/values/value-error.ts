/** Why a value cannot travel, or bytes are not a value. */
export type ValueErrorCode =
  /** Encoding: something that has no copy in another process (function, symbol, class instance, promise …). */
  | 'notTransferable'
  /** Encoding: a getter or proxy trap of the value threw; see `cause`. */
  | 'unreadable'
  /** Nested deeper than {@link DEPTH_MAX}, either way. */
  | 'tooDeep'
  /** Encoding: more bytes, or more holes in arrays, than a value may have. */
  | 'tooLarge'
  /** Decoding: written by a newer release, or not a value at all. */
  | 'unknownVersion'
  /** Decoding: truncated, trailing or contradictory bytes. */
  | 'malformed'
  /** Decoding: an object that the value refers to was not handed in. */
  | 'referenceMissing';

/** `path` leads from the root name given by the caller to the culprit, such as `argument.items[3].callback`; '' when decoding. */
export class ValueError extends Error {
  override readonly name = 'ValueError';
  readonly code: ValueErrorCode;
  readonly path: string;

  constructor(code: ValueErrorCode, message: string, path: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.path = path;
  }
}
