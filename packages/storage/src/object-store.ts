/** Bytes by id, as a port. The scheduler never holds them: bulk data goes past its event loop. */
import type { ObjectId } from '@muster/protocol/ids';

export interface ObjectStore extends AsyncDisposable {
  /** Stores or replaces. Ids that we mint are never reused, except content-addressed ones, whose bytes are equal. */
  put(id: ObjectId, body: Uint8Array, signal?: AbortSignal): Promise<void>;
  /** Undefined when nothing is stored under the id. Never waits for it to appear. */
  get(id: ObjectId, signal?: AbortSignal): Promise<Uint8Array | undefined>;
  /** Waits up to `waitMs` for the id to appear; undefined after that. */
  getWithin(id: ObjectId, waitMs: number, signal?: AbortSignal): Promise<Uint8Array | undefined>;
  has(id: ObjectId, signal?: AbortSignal): Promise<boolean>;
  /** Deleting a missing object succeeds. */
  delete(ids: readonly ObjectId[], signal?: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
