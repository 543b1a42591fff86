/** Every operating error of this package. Retry is keyed on `code`, never on the message. */

export type ObjectStoreErrorCode =
  /** No connection within the request's deadline, or it was lost and did not come back. */
  | 'unavailable'
  /** Memory limit and spill directory are used up, or the disk is full. */
  | 'full'
  /** Larger than the store takes (`objectBytesMax`). */
  | 'tooLarge'
  /** Connected, but no answer and no progress within the request's deadline. */
  | 'timeout'
  /** The client or store was closed by its owner. */
  | 'closed'
  /** The other side does not speak the protocol. */
  | 'protocol'
  /** Another process serves this path or port. */
  | 'addressInUse'
  /** The store cannot start as configured: address, path or spill directory. */
  | 'config';

/** An operating error of the object store or its client. */
export class ObjectStoreError extends Error {
  override readonly name: string = 'ObjectStoreError';
  readonly code: ObjectStoreErrorCode;

  constructor(code: ObjectStoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Bytes cannot be taken: neither memory nor disk has room. `cause` is the disk's error where there is one. */
export class StoreFullError extends ObjectStoreError {
  override readonly name: string = 'StoreFullError';

  constructor(message: string, options?: ErrorOptions) {
    super('full', message, options);
  }
}

/** The `code` of a system error (`ENOSPC`, `ECONNREFUSED`), undefined for other values. */
export const systemCode = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
