/** The object store as the scheduler process sees it: where it is, and what to delete there. */
import type { ObjectStoreState } from '@muster/core/scheduler-types';
import type { ObjectId } from '@muster/protocol/ids';
import type { ObjectStore } from '@muster/storage/object-store';

export interface StoreLink {
  /** Called with the present state at once, then on each change. */
  onState(listener: (state: ObjectStoreState) => void): void;
  /** Asks for deletion some time soon; never waits, never throws. What does not fit the queue is left to the store's own end. */
  delete(ids: readonly ObjectId[]): void;
  /** `release` leaves a store of our own to the next scheduler. */
  close(how: 'stop' | 'release'): Promise<void>;
}

const QUEUE_MAX = 200_000;
const BATCH_MAX = 1_000;

export interface Deleter {
  add(ids: readonly ObjectId[]): void;
  /** No further requests; the one in flight is abandoned by closing the store. */
  stop(): void;
}

/**
 * Deletes in batches, one request at a time. Ids whose request failed are dropped with a word: the store that
 * was gone has forgotten them, and one that is full of garbage reports that itself.
 */
export const createDeleter = (
  store: Pick<ObjectStore, 'delete'>,
  onTrouble: (what: { readonly dropped: number; readonly error: string }) => void,
): Deleter => {
  let queue: ObjectId[] = [];
  let isBusy = false;
  let isStopped = false;
  let overflow = 0;
  const run = async (): Promise<void> => {
    isBusy = true;
    while (queue.length > 0 && !isStopped) {
      const batch = queue.slice(0, BATCH_MAX);
      queue = queue.slice(BATCH_MAX);
      try {
        await store.delete(batch);
      } catch (error) {
        if (!isStopped)
          onTrouble({ dropped: batch.length, error: error instanceof Error ? error.message : String(error) });
      }
    }
    isBusy = false;
    if (overflow > 0 && !isStopped) {
      onTrouble({ dropped: overflow, error: 'more ids were waiting than are kept' });
      overflow = 0;
    }
  };
  return {
    add: (ids) => {
      for (const id of ids) {
        if (queue.length >= QUEUE_MAX) overflow += 1;
        else queue.push(id);
      }
      if (!isBusy && !isStopped) void run();
    },
    stop: () => {
      isStopped = true;
      queue = [];
    },
  };
};
