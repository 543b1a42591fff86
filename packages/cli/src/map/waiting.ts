/** Tells why jobs wait, when nothing has happened for a while: silence looks like a hang. */
import type { SchedulerStatus } from '@muster/core/scheduler-types';
import { showCount } from '@muster/core/words';
import { connectOperator, type Operator } from '../operator.ts';

/** Without a finished job for this long, the scheduler is asked. */
const QUIET_MS = 3_000;
const ASK_MS = 1_000;

export interface WaitingNotes {
  /** A job has finished. */
  progress(nowMs: number): void;
  isQuiet(nowMs: number): boolean;
  look(status: SchedulerStatus, nowMs: number): void;
}

/** Busy workers are no trouble: they run jobs. */
const isBusy = (reason: string): boolean => reason.endsWith(' busy');

/** Times count down from one look to the next: that is no news. */
const newsOf = (reason: string): string => reason.replaceAll(/\d+ (?:ms|s|min|h)\b/g, '');

/** @param needs capabilities of the jobs. @param say is given one line without its end, once per change. */
export const createWaitingNotes = (
  needs: readonly string[],
  nowMs: number,
  say: (line: string) => void,
): WaitingNotes => {
  const ours = needs.toSorted().join(' ');
  let progressMs = nowMs;
  let said = '';
  const isQuiet = (atMs: number): boolean => atMs - progressMs >= QUIET_MS;
  return {
    isQuiet,
    progress: (atMs) => (progressMs = atMs),
    look: (status, atMs) => {
      const row = status.waiting.find((one) => one.needs.toSorted().join(' ') === ours);
      if (!isQuiet(atMs) || row === undefined || isBusy(row.reason) || newsOf(row.reason) === said) return;
      said = newsOf(row.reason);
      say(`${showCount(row.count)} ${row.count === 1 ? 'job waits' : 'jobs wait'}: ${row.reason}`);
    },
  };
};

/** Asks the scheduler while it is quiet, until disposed. */
export const watchWaiting = (address: string, notes: WaitingNotes): AsyncDisposable => {
  let operator: Promise<Operator> | undefined;
  let isAsking = false;
  const ask = async (): Promise<void> => {
    operator ??= connectOperator(address);
    const status = await (await operator).ask({ query: 'status' });
    notes.look(status, performance.now());
  };
  const timer = setInterval(() => {
    if (isAsking || !notes.isQuiet(performance.now())) return;
    isAsking = true;
    // Whoever does not answer is the client's to report.
    void ask()
      .catch(() => undefined)
      .finally(() => (isAsking = false));
  }, ASK_MS);
  timer.unref();
  return {
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer);
      await (await operator)?.close();
    },
  };
};
