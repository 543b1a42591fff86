/** The job log of `muster map --joblog`, column by column that of GNU parallel, so that its readers work. */
import { closeSync, openSync, writeSync } from 'node:fs';

export interface JobRecord {
  /** Job number, from 1, in input order. */
  readonly sequence: number;
  /** Where it ran; ':' for this machine. */
  readonly host: string;
  /** Wall clock, seconds since 1970. */
  readonly startS: number;
  readonly runtimeS: number;
  /** Bytes of standard output. */
  readonly receivedBytes: number;
  /** Exit code; -1 where the job was stopped by the time limit or never ran. */
  readonly exitCode: number;
  /** Signal number that ended it; 0 for none. */
  readonly signal: number;
  readonly command: string;
}

const HEADER = 'Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n';

/** One line. Source: GNU parallel 20221122, `--joblog`; a newline in the command is written as \0. */
export const jobLine = (job: JobRecord): string =>
  [
    job.sequence,
    job.host,
    job.startS.toFixed(3).padStart(10),
    job.runtimeS.toFixed(3).padStart(10),
    0,
    job.receivedBytes,
    job.exitCode,
    job.signal,
    job.command.replaceAll('\n', '\0'),
  ].join('\t') + '\n';

export interface JobLog extends Disposable {
  write(job: JobRecord): void;
}

/** Replaces the file, then adds a line per finished job at once, so that a killed run leaves what it did. Throws the system's error where the file cannot be written. */
export const openJobLog = (path: string): JobLog => {
  const file = openSync(path, 'w');
  writeSync(file, HEADER);
  return {
    write: (job) => void writeSync(file, jobLine(job)),
    [Symbol.dispose]: () => closeSync(file),
  };
};
