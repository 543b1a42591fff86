/** Every error of this package that a caller may want to tell apart, with its codes. */

/** Codes of {@link TransportError}. */
export type TransportErrorCode =
  /** Another process listens on the address. */
  | 'EADDRINUSE'
  /** The address does not exist on this machine. */
  | 'EADDRNOTAVAIL'
  /** No permission (privileged port, directory that cannot be written). */
  | 'EACCES'
  /** The address is not one of ours: bad syntax, unknown scheme, a path that is too long or not a socket. */
  | 'EINVAL'
  /** Whatever else the system said; the cause has it. */
  | 'EFAILED';

/** An address that cannot be bound or connected to. The message says what to do. */
export class TransportError extends Error {
  override readonly name = 'TransportError';
  readonly code: TransportErrorCode;
  readonly address: string;
  constructor(code: TransportErrorCode, address: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.address = address;
  }
}

/** Codes of {@link ConfigError} and of each of its problems. */
export type ConfigErrorCode =
  /** The configuration file cannot be read. */
  | 'unreadable'
  /** The configuration file is not TOML. */
  | 'syntax'
  /** A section or key that no command knows. */
  | 'unknownKey'
  /** A value that does not fit its option. */
  | 'invalid'
  /** A required option that was given nowhere. */
  | 'missing';

export interface ConfigProblem {
  readonly code: ConfigErrorCode;
  /** Where the value came from: `--workers`, `MUSTER_WORKERS`, `muster.toml [worker] workers`. */
  readonly where: string;
  readonly what: string;
  /** What to write instead; undefined where `what` says it all. */
  readonly hint: string | undefined;
}

/** Everything that is wrong with a configuration, at once. Exit code of a command that meets it: 2. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  /** That of the first problem. */
  readonly code: ConfigErrorCode;
  readonly problems: readonly ConfigProblem[];
  constructor(problems: readonly ConfigProblem[]) {
    super(
      problems
        .map(({ where, what, hint }) => `${where}: ${what}${hint === undefined ? '' : ` (${hint})`}`)
        .join('\n'),
    );
    this.code = problems[0]?.code ?? 'invalid';
    this.problems = problems;
  }
}
