/** Ctrl-C at `muster map`. */
import { constants } from 'node:os';
import { EXIT } from '../errors.ts';
import type { Fleet } from '../fleet.ts';
import { EXIT_CLOSED_OUTPUT, onClosedOutput } from '../terminal.ts';

/** A line of our own among the jobs' output; takes the place of a progress bar, which is drawn anew below it. */
export const say = (line: string): void => {
  process.stderr.write(`${process.stderr.isTTY ? '\r\u001b[K' : ''}muster map: ${line}\n`);
};

export interface Interrupts {
  /** No more jobs; those that run go on. */
  readonly drain: AbortSignal;
  /** Those that run are killed. */
  readonly signal: AbortSignal;
  code(): number | undefined;
  dispose(): void;
}

/** First interrupt: drain. Second: kill what runs. Third: end without waiting for that. */
export const watchInterrupts = (fleet: Fleet | undefined): Interrupts => {
  const drain = new AbortController();
  const controller = new AbortController();
  let code: number | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    code ??= signal === 'SIGINT' ? EXIT.interrupted : 128 + constants.signals.SIGTERM;
    const again = signal === 'SIGINT' ? 'Ctrl-C again' : 'a second signal';
    const exit = (): never => process.exit(code ?? EXIT.interrupted);
    if (controller.signal.aborted) exit();
    if (!drain.signal.aborted) {
      say(
        `${signal === 'SIGINT' ? 'Ctrl-C' : signal}: no more jobs start, running ones end; ${again} kills them`,
      );
      drain.abort();
      return;
    }
    controller.abort();
    void fleet?.kill().then(exit, exit);
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  onClosedOutput(() => {
    code ??= EXIT_CLOSED_OUTPUT;
    controller.abort();
  });
  return {
    drain: drain.signal,
    signal: controller.signal,
    code: () => code,
    dispose: () => {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
};
