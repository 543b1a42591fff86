/** Everything long-lived: started once, stopped once, however often and in whatever order it is asked. */

export interface Service {
  /**
   * Resolves when it runs. Calls without a stop between them share one start. After a failed start it rejects,
   * and the next call tries again. Called off by a stop, it rejects with {@link StoppedError}.
   */
  start(): Promise<void>;
  /**
   * Resolves when nothing of it is left. Safe before, during and after start, any number of times; the last call
   * of start and stop decides how it ends. Rejects only if releasing failed, and counts as stopped then, too.
   */
  stop(): Promise<void>;
}

export interface ServiceParts {
  /** For messages. */
  readonly name: string;
  /**
   * Acquires. The signal is aborted when `stop()` is called meanwhile: throw to end early, or end as usual and be
   * released at once. What it acquired before it throws, it releases itself.
   */
  run(signal: AbortSignal): Promise<void>;
  /** Releases what a `run` that succeeded had acquired. Called exactly once for each. */
  release(): Promise<void>;
}

/** Rejects a start that a stop called off. */
export class StoppedError extends Error {
  override readonly name = 'StoppedError';
  readonly code = 'stopped';
}

const settled = async (promise: Promise<void> | undefined): Promise<void> => {
  try {
    await promise;
  } catch {
    // Whoever called it has been told.
  }
};

interface Operation {
  readonly kind: 'start' | 'stop';
  readonly done: Promise<void>;
  /** Of a start: calls it off. */
  readonly abort: AbortController;
  failed: boolean;
}

/** Makes a service of two functions, so that nobody writes the state machine twice. */
export const service = (parts: ServiceParts): Service => {
  // Operations run one after another; only the latest matters to the next call.
  let latest: Operation | undefined;
  let running = false;

  const push = (kind: Operation['kind'], work: (abort: AbortController) => Promise<void>): Promise<void> => {
    const abort = new AbortController();
    const operation: Operation = {
      kind,
      abort,
      failed: false,
      done: settled(latest?.done).then(() => work(abort)),
    };
    latest = operation;
    operation.done.catch(() => {
      operation.failed = true;
    });
    return operation.done;
  };
  const begin = async ({ signal }: AbortController): Promise<void> => {
    const calledOff = (cause?: unknown): StoppedError =>
      new StoppedError(
        `${parts.name} was stopped while it started`,
        cause === undefined ? undefined : { cause },
      );
    if (signal.aborted) throw calledOff();
    try {
      await parts.run(signal);
    } catch (error) {
      throw signal.aborted ? calledOff(error) : error;
    }
    running = true;
    // The stop that called it off comes next and releases it.
    if (signal.aborted) throw calledOff();
  };
  const end = async (): Promise<void> => {
    if (!running) return;
    running = false;
    await parts.release();
  };
  return {
    start: () => (latest?.kind === 'start' && !latest.failed ? latest.done : push('start', begin)),
    stop() {
      if (latest === undefined) return Promise.resolve();
      if (latest.kind === 'stop') return latest.done;
      latest.abort.abort();
      return push('stop', end);
    },
  };
};

/**
 * Several services as one: started in order, stopped in reverse. When one does not start, those before it are
 * stopped again and its error is the group's. A stop goes through all of them even if some fail, and rejects with
 * the only failure, or with an AggregateError.
 */
export const serviceGroup = (name: string, members: readonly Service[]): Service => {
  const stopAll = async (started: readonly Service[]): Promise<void> => {
    const failures: unknown[] = [];
    for (const member of [...started].reverse()) {
      try {
        await member.stop();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length === 1) throw failures[0];
    if (failures.length > 1)
      throw new AggregateError(failures, `${name}: ${failures.length} services did not stop cleanly`);
  };
  return service({
    name,
    run: async (signal) => {
      const started: Service[] = [];
      try {
        for (const member of members) {
          signal.throwIfAborted();
          started.push(member);
          // A stop of the group calls off the member that is starting.
          const callOff = (): void => void settled(member.stop());
          signal.addEventListener('abort', callOff, { once: true });
          await member.start();
          signal.removeEventListener('abort', callOff);
        }
      } catch (error) {
        await settled(stopAll(started));
        throw error;
      }
    },
    release: () => stopAll(members),
  });
};
