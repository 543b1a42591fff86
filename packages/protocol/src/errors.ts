/** Every way in which bytes of a peer, or values of ours, can be refused by this package. */
export type ProtocolErrorCode =
  /** Segment table cut short, or its sizes do not add up to the length of the frame. */
  | 'frameMalformed'
  /** A pointer leads outside of its segment. */
  | 'outOfBounds'
  /** Another kind of pointer than the schema says. */
  | 'pointerKind'
  /** A list with another element size than the schema says. */
  | 'listKind'
  /** Text without its closing NUL. */
  | 'textMalformed'
  /** More is read than the frame holds: pointers that share their targets, or elements without size. */
  | 'budgetExceeded'
  /** A message tag that this release does not know. */
  | 'unknownTag'
  /** A message that exists on the wire but has no place in messages.ts (monitor channel, internals). */
  | 'unhandledTag'
  /** An enum number that this release does not know. */
  | 'unknownEnum'
  /** A task id that is not 16 bytes or an object id that is not 32. */
  | 'idLength'
  /** Lists that belong together element by element differ in length. */
  | 'listLength'
  /** A field that the message makes no sense without. */
  | 'fieldMissing'
  /** A field whose bytes do not have the form they must have. */
  | 'fieldInvalid'
  /** A value of ours does not fit the field it is written to. */
  | 'valueRange';

/** Bytes or values refused at the wire. Retry never helps; `code` says what to note. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  readonly code: ProtocolErrorCode;

  constructor(code: ProtocolErrorCode, message: string) {
    super(`${code}: ${message}`);
    this.code = code;
  }
}
