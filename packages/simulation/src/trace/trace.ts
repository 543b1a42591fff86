/** What every kind of trace is read into. */
export interface TraceRow {
  readonly submittedMs: number;
  readonly serviceMs: number;
  /** Sorted. */
  readonly needs: readonly string[];
  readonly functionName: string;
  /** Tasks that it stands for. */
  readonly copies: number;
}

export interface Trace {
  readonly rows: readonly TraceRow[];
}

/** A file with more errors than this has one error. */
export const ERRORS_MAX = 5;
