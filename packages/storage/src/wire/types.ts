/**
 * Request and response types. The low numbers are the stock protocol's; those from 16 on are ours, and spoken only
 * with a peer that answered `hello`. A stock store ignores them. Those that the protocol package names have its
 * numbers (types.test.ts).
 */

export const REQUEST = {
  setObject: 0,
  getObject: 1,
  deleteObject: 2,
  duplicateObject: 3,
  infoGetTotal: 4,
  /**
   * First request of a peer of ours. With a `payloadLength` a JSON {@link Hello} follows; without, nothing: a stock
   * store ignores a request that it does not know, but would take its payload for the next one. Answer: `welcome`.
   */
  hello: 32,
  /** `payloadLength` is how long to wait in ms, 0 for not at all; no payload. Answer: `getOK` or `absent`. */
  getWithin: 17,
  /** Answer: `present` or `absent`. */
  has: 18,
  /** As setObject, but what is there stays. Answer: `setOK` or `present`. */
  putIfAbsent: 19,
  /** Payload: ids, 32 bytes each, in id order of bytes. Answer: `delOK`. */
  deleteMany: 33,
  /** Answer: `statsOK` with JSON {@link StoreStats}. */
  stats: 34,
  /** Owner connections only. Answer: `stopping`, then the store ends. */
  stop: 35,
} as const;

export const RESPONSE = {
  setOK: 0,
  getOK: 1,
  delOK: 2,
  delNotExists: 3,
  duplicateOK: 4,
  infoGetTotalOK: 5,
  absent: 16,
  present: 18,
  /** Payload: JSON {@link Welcome}. */
  welcome: 32,
  statsOK: 34,
  stopping: 35,
  /** The object was not stored: memory and disk are used up. */
  full: 48,
  /** The object was not stored: larger than `objectBytesMax`. */
  tooLarge: 49,
  /** Not allowed on this connection. */
  refused: 50,
} as const;

/** What a store of ours and of stock says first. */
export const STORE_IDENTITY = 'ObjectStorageServer';

/** Of every control payload: hello, welcome, statistics. */
export const CONTROL_BYTES_MAX: number = 64 * 1024;

export interface Hello {
  readonly muster: 1;
  /** The mark of the store's owner, from those who are. Heard on the local socket only. */
  readonly ownerMark?: string;
}

export interface Welcome {
  readonly muster: 1;
  /** Identity of this store process. */
  readonly epoch: string;
  readonly objectBytesMax: number;
  /** Local socket only: the store's process, and when it started ('0' where the system does not tell). */
  readonly pid?: number;
  readonly startTicks?: string;
  /** What stock peers are told; undefined without a TCP listener, and on TCP itself. */
  readonly address?: { readonly host: string; readonly port: number };
  /** Local socket only: whether this connection counts as the owner's. */
  readonly owner?: boolean;
}

/** Counts for operators; JSON-safe. */
export interface StoreStats {
  readonly epoch: string;
  readonly ids: number;
  readonly contents: number;
  readonly bytes: number;
  /** Bytes of objects and bookkeeping in memory, objects that are still arriving included. */
  readonly memoryBytes: number;
  readonly memoryBytesMax: number;
  /** Objects moved to disk since the start. */
  readonly spills: number;
  readonly connections: number;
  /** Gets and duplicates that wait for an id. */
  readonly held: number;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

const parseRecord = (bytes: Buffer): Record<string, unknown> | undefined => {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return isRecord(value) && value['muster'] === 1 ? value : undefined;
  } catch {
    // Not JSON: the caller tells the peer so.
    return undefined;
  }
};

/** Undefined when the bytes are no hello of ours. */
export const parseHello = (bytes: Buffer): Hello | undefined => {
  const value = parseRecord(bytes);
  if (value === undefined) return undefined;
  const mark = value['ownerMark'];
  return typeof mark === 'string' ? { muster: 1, ownerMark: mark } : { muster: 1 };
};

const parseAddress = (value: unknown): { host: string; port: number } | undefined =>
  isRecord(value) && typeof value['host'] === 'string' && typeof value['port'] === 'number'
    ? { host: value['host'], port: value['port'] }
    : undefined;

/** Undefined when the bytes are no welcome of ours. */
export const parseWelcome = (bytes: Buffer): Welcome | undefined => {
  const value = parseRecord(bytes);
  const epoch = value?.['epoch'];
  const objectBytesMax = value?.['objectBytesMax'];
  if (value === undefined || typeof epoch !== 'string' || typeof objectBytesMax !== 'number')
    return undefined;
  const pid = value['pid'];
  const ticks = value['startTicks'];
  const address = parseAddress(value['address']);
  return {
    muster: 1,
    epoch,
    objectBytesMax,
    owner: value['owner'] === true,
    ...(typeof pid === 'number' ? { pid } : {}),
    ...(typeof ticks === 'string' ? { startTicks: ticks } : {}),
    ...(address === undefined ? {} : { address }),
  };
};
