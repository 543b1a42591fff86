/** What limits must remember from one decision to the next: plain data, safe in JSON, and bounded. */

/** What was wanted from then on, until the next entry. */
export interface Wanted {
  readonly from: number;
  readonly groups: number;
}

export interface SupplyMemory {
  readonly adapter: string;
  readonly supply: string;
  /** The most that was wanted in the window down: falling, oldest first. At most {@link WANTED_MAX}. */
  readonly most: readonly Wanted[];
  /** The least that was wanted in the window up: rising, oldest first. At most {@link WANTED_MAX}. */
  readonly least: readonly Wanted[];
}

/** Groups that an adapter let go since then, for the rate. */
export interface PaceMemory {
  readonly adapter: string;
  readonly since: number;
  readonly gone: number;
}

/** Of supplies and adapters that are in view; what is not, is forgotten. */
export interface LimitMemory {
  readonly supplies: readonly SupplyMemory[];
  readonly paces: readonly PaceMemory[];
}

export const NO_MEMORY: LimitMemory = { supplies: [], paces: [] };

export const WANTED_MAX = 32;
