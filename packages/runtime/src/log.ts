/** Logging: one structured line per decision, to standard error; standard output belongs to results. */
import { isatty } from 'node:tty';
import type { Note } from '@muster/core/machine';
import { pino } from 'pino';
import type { DestinationStream, Logger as PinoLogger } from 'pino';
import { LineWriter } from './log/descriptor.ts';
import { masked } from './log/mask.ts';
import { prettyLine } from './log/pretty.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * The level says who must act: nobody ('debug', 'info'), the operator some time ('warn') or now ('error').
 * `event` is a stable dotted name such as `group.started`; what varies goes into fields, ids always under the
 * same key. Values under secret-looking keys are masked.
 */
export interface Log {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
  /** The same log with these fields on every line. */
  child(fields: LogFields): Log;
  /** Whether a line of this level would be written: ask before building expensive fields. */
  enabled(level: LogLevel): boolean;
  /** Writes what is still in memory. Before `process.kill(process.pid, …)`; ordinary exits do it by themselves. */
  flush(): void;
}

export interface LogOptions {
  /** Who speaks: `scheduler`, `adapter.native`, `worker`; on every line. */
  readonly component: string;
  /** Default: the environment variable MUSTER_LOG_LEVEL, else 'info'. */
  readonly level?: LogLevel | 'silent';
  /** Default 'json'. */
  readonly format?: 'json' | 'pretty';
  /** File descriptor. Default 2, standard error. */
  readonly fd?: number;
  /** Where whole lines go instead of a descriptor. For tests. */
  readonly write?: (line: string) => void;
  /** Colours of the pretty format. Default: only when the descriptor is a terminal and NO_COLOR is not set. */
  readonly colours?: boolean;
}

const LEVELS: ReadonlySet<string> = new Set(['debug', 'info', 'warn', 'error', 'silent']);
/** Fields that would write over what every line has. */
const RESERVED = ['level', 'time', 'pid', 'event', 'component'] as const;

const levelFromEnvironment = (): string | undefined => {
  const level = process.env['MUSTER_LOG_LEVEL']?.toLowerCase();
  return level !== undefined && LEVELS.has(level) ? level : undefined;
};

const destination = (options: LogOptions): DestinationStream & { flushSync?(): void } => {
  const fd = options.fd ?? 2;
  const { write } = options;
  const target: DestinationStream & { flushSync?(): void } =
    write === undefined ? new LineWriter(fd) : { write };
  if (options.format !== 'pretty') return target;
  const colours =
    options.colours ?? (write === undefined && isatty(fd) && process.env['NO_COLOR'] === undefined);
  return {
    write: (line) => target.write(prettyLine(line, colours)),
    flushSync: () => target.flushSync?.(),
  };
};

const safeFields = (fields: LogFields): LogFields => {
  const result = masked(fields);
  for (const key of RESERVED) {
    if (!(key in result)) continue;
    result[`${key}_`] = result[key];
    delete result[key];
  }
  return result;
};

const wrap = (logger: PinoLogger, flush: () => void): Log => {
  const at =
    (level: LogLevel) =>
    (event: string, fields?: LogFields): void => {
      if (logger.isLevelEnabled(level))
        logger[level](fields === undefined ? { event } : { event, ...safeFields(fields) });
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => wrap(logger.child(safeFields(fields)), flush),
    enabled: (level) => logger.isLevelEnabled(level),
    flush,
  };
};

/** One per process; parts of it get a {@link Log.child}. */
export const createLog = (options: LogOptions): Log => {
  const target = destination(options);
  const logger = pino(
    {
      level: options.level ?? levelFromEnvironment() ?? 'info',
      base: { pid: process.pid, component: options.component },
      timestamp: pino.stdTimeFunctions.isoTime,
      // Errors are plain data by then; pino would drop their cause and make a `msg` of a field named err.
      errorKey: '_',
      serializers: { err: (value: unknown) => value },
      formatters: { level: (label) => ({ level: label }) },
    },
    target,
  );
  return wrap(logger, () => target.flushSync?.());
};

/** Writes the notes of a machine of the core: the function its shell gives to the `note` effect. */
export const noteLogger =
  (log: Log): ((note: Note) => void) =>
  (note) =>
    log[note.level](note.event, note.fields);

/** Says nothing. */
export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLog,
  enabled: () => false,
  flush: () => undefined,
};
