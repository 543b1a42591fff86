/** Exit codes of every command, and the one error that a command ends with. */

export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  /** No scheduler answers at the address. */
  nobodyAnswers: 3,
  interrupted: 130,
} as const;

/** An end that the user can do something about: printed as its message, then its hint, without a stack. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly code: 'failed' | 'usage' | 'nobodyAnswers' | 'interrupted';
  /** What to do next; one or more lines. */
  readonly hint: string;

  constructor(code: CliError['code'], message: string, hint: string = '', options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.hint = hint;
  }
}

/** The system's error code (`ENOENT`, `EADDRINUSE`, …) of anything thrown; undefined where there is none. */
export const systemCode = (error: unknown): string | undefined => {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
};

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
