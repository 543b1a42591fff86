/** A scenario that was played through: what all reports are made of. */
import type { Outcome } from './outcome.ts';
import type { Case, Scenario } from './scenario.ts';

export interface Line {
  readonly case: Case;
  readonly outcome: Outcome;
}

export interface Plan {
  readonly scenario: Scenario;
  readonly work: WorkSummary;
  readonly lines: readonly Line[];
}

export interface WorkSummary {
  readonly tasks: number;
  /** From the start of the simulation. */
  readonly firstSubmitMs: number;
  readonly lastSubmitMs: number;
  /** Sum of all service times. */
  readonly workHours: number;
  readonly kinds: readonly {
    readonly needs: readonly string[];
    readonly functionName: string;
    readonly tasks: number;
  }[];
}
