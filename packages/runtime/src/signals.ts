/** How a process learns that it should end: signals from people and supervisors, or the end of its parent. */
import { Socket } from 'node:net';

export interface ShutdownOptions {
  /** First SIGINT or SIGTERM: begin to end gracefully. */
  readonly onFirst: (signal: 'SIGINT' | 'SIGTERM') => void;
  /**
   * A later SIGINT, or a SIGTERM after a SIGTERM: whoever sent it is done waiting. Release what must not stay
   * behind, synchronously; the process exits right after with {@link exitCodeOf}. A SIGTERM after a SIGINT is
   * ignored, because terminals and supervisors often send both.
   */
  readonly onForce?: (signal: 'SIGINT' | 'SIGTERM') => void;
  /** For tests. Default: `process`. */
  readonly source?: SignalSource;
}

export interface SignalSource {
  on(signal: 'SIGINT' | 'SIGTERM', listener: (signal: NodeJS.Signals) => void): unknown;
  off(signal: 'SIGINT' | 'SIGTERM', listener: (signal: NodeJS.Signals) => void): unknown;
  exit(code: number): void;
}

/** 128 and the signal's number, as shells count. */
export const exitCodeOf = (signal: 'SIGINT' | 'SIGTERM'): number => (signal === 'SIGINT' ? 130 : 143);

/**
 * Listens for the two signals that ask for an end.
 *
 * @returns disposes the listeners; the process then dies of the next signal, as without us.
 */
export const onShutdownSignal = (
  options: ShutdownOptions,
): { first(): 'SIGINT' | 'SIGTERM' | undefined } & Disposable => {
  const source: SignalSource = options.source ?? process;
  let first: 'SIGINT' | 'SIGTERM' | undefined;
  const onSignal = (name: NodeJS.Signals): void => {
    const signal = name === 'SIGTERM' ? 'SIGTERM' : 'SIGINT';
    if (first === undefined) {
      first = signal;
      options.onFirst(signal);
      return;
    }
    if (signal === 'SIGTERM' && first === 'SIGINT') return;
    try {
      options.onForce?.(signal);
    } finally {
      source.exit(exitCodeOf(signal));
    }
  };
  source.on('SIGINT', onSignal);
  source.on('SIGTERM', onSignal);
  return {
    first: () => first,
    [Symbol.dispose]() {
      source.off('SIGINT', onSignal);
      source.off('SIGTERM', onSignal);
    },
  };
};

/**
 * Calls `onEnd` once when the other end of an inherited pipe or socket closes, that is, when the parent is gone,
 * whatever killed it. What arrives on it is read and thrown away. Does not keep the process alive. A descriptor
 * that is not open counts as a parent that is gone.
 *
 * @returns disposes the watch without closing the descriptor's other uses.
 */
export const watchLifeline = (fd: number, onEnd: () => void): Disposable => {
  let over = false;
  const end = (): void => {
    if (over) return;
    over = true;
    socket?.destroy();
    onEnd();
  };
  let socket: Socket | undefined;
  try {
    socket = new Socket({ fd, readable: true, writable: false });
  } catch {
    setImmediate(end);
    return { [Symbol.dispose]: () => (over = true) };
  }
  socket.on('end', end).on('close', end).on('error', end);
  socket.resume();
  socket.unref();
  return {
    [Symbol.dispose]() {
      over = true;
      socket.destroy();
    },
  };
};
