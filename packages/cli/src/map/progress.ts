/** The progress bar of `muster map`: on a terminal only, and out of the way while jobs print. */
import cliProgress from 'cli-progress';

export interface Progress extends Disposable {
  finished(isSuccess: boolean): void;
  /** Takes the bar away while something else is written; an unfinished last line is ended, so that the bar does not cover it. */
  aside(write: () => Promise<void>, endsLine: boolean): Promise<void>;
}

const NONE: Progress = {
  finished: () => undefined,
  aside: (write) => write(),
  [Symbol.dispose]: () => undefined,
};

const REDRAWS_PER_SECOND = 10;

/** @param total jobs in all; undefined while the input is still read */
export const createProgress = (isShown: boolean, total: number | undefined): Progress => {
  if (!isShown) return NONE;
  const format =
    total === undefined
      ? '{value} jobs done · {failed} failed · {duration_formatted}'
      : '{bar} {value}/{total} · {failed} failed · {duration_formatted} · {eta_formatted} left';
  const bar = new cliProgress.SingleBar(
    {
      format,
      stream: process.stderr,
      clearOnComplete: true,
      fps: REDRAWS_PER_SECOND,
      hideCursor: null,
      barsize: 30,
      linewrap: false,
      noTTYOutput: false,
    },
    cliProgress.Presets.shades_classic,
  );
  let failed = 0;
  let done = 0;
  bar.start(total ?? 0, 0, { failed });
  return {
    finished: (isSuccess) => {
      done += 1;
      if (!isSuccess) failed += 1;
      if (total === undefined) bar.setTotal(done + 1);
      bar.update(done, { failed });
    },
    aside: async (write, endsLine) => {
      process.stderr.write('\r\u001b[K');
      await write();
      if (!endsLine) process.stderr.write('\n');
    },
    [Symbol.dispose]: () => {
      // The bar goes back to where the cursor was saved, which is where it began: save it anew, below the jobs' output.
      process.stderr.write('\u001b7');
      bar.stop();
    },
  };
};
