/** What a client tells about its connection to the scheduler. */

/** How it stands with the scheduler when its state changes. */
export interface ConnectionDetail {
  /** Of the scheduler. */
  readonly address: string;
  /** Tasks that have not ended. */
  readonly openTasks: number;
  /**
   * How long they wait from now on for the scheduler to come back, in milliseconds, before they end in
   * SchedulerUnreachableError. 0 when it has said good-bye: they have ended with that.
   */
  readonly waitMs: number;
}

/**
 * Called with 'lost' when nothing was to be heard of the scheduler for about two seconds (six where the connection
 * itself looks well), or at once when it says good-bye; with 'connected' when it is back. Not for the first
 * connection: that is what `connect()` resolves for.
 */
export type OnConnection = (state: 'connected' | 'lost', detail: ConnectionDetail) => void;

/** One plain line per loss on stderr, and one when it is over. A good-bye is told by the errors of the tasks. */
export const connectionLines = (write: (line: string) => void): OnConnection => {
  let isTold = false;
  return (state, { address, waitMs }) => {
    if (state === 'lost' && waitMs > 0) {
      const seconds = Math.ceil(waitMs / 1_000);
      write(`muster: lost the scheduler at ${address}; waiting up to ${seconds} s for it to come back\n`);
      isTold = true;
    }
    if (state === 'connected' && isTold) {
      write(`muster: the scheduler at ${address} is back\n`);
      isTold = false;
    }
  };
};
