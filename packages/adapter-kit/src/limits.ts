/** Hard limits of an adapter. All of them always apply; none can be switched off. */
import type { Caps } from '@muster/core/provisioning';
import type { Capabilities } from '@muster/protocol/ids';
import type { GroupOffer } from '@muster/protocol/messages';

export interface AdapterLimits {
  /** Worker groups that may exist at once, whatever the scheduler asks for. */
  readonly groupsMax: number;
  /** vCPUs that all groups together may use. Default: what `groupsMax` groups need. */
  readonly vcpusMax?: number;
  /** Groups handed to the provider per minute, repeats included. Default 60. */
  readonly startsPerMinuteMax?: number;
  /** Required where groups have a price. */
  readonly dollarsPerHourMax?: number;
  readonly dollarsPerDayMax?: number;
}

/** What one group is, for the arithmetic of the limits. */
export interface GroupCost {
  /** vCPUs of one group. Default: one for each worker. */
  readonly vcpus?: number;
  /** Price of one group per hour. Default 0: the user's own machine. */
  readonly dollarsPerHour?: number;
  /** What is paid at least for a group, whenever it ends. Default 0. */
  readonly billedMinimumMs?: number;
  /** The longest that a group can live (the workers' `max lifetime`). Default a day. */
  readonly lifetimeMaxMs?: number;
}

/** The one kind of group of an adapter, for the scheduler's choice; none where groups cost nothing. */
export const offersOf = (capabilities: Capabilities, cost: GroupCost = {}): readonly GroupOffer[] => {
  const { dollarsPerHour = 0, billedMinimumMs = 0 } = cost;
  if (dollarsPerHour === 0 && billedMinimumMs === 0) return [];
  return [{ name: '', capabilities, dollarsPerHour, billedMinimumMs }];
};

export class LimitsError extends Error {
  override readonly name = 'LimitsError';
  readonly code = 'LIMITS_INVALID';
}

const DAY_MS = 24 * 3_600_000;
const STARTS_PER_MINUTE_DEFAULT = 60;

/**
 * Completes and checks the limits.
 * @throws LimitsError naming every limit that is missing or not a usable number.
 */
export const resolveCaps = (limits: AdapterLimits, workersPerGroup: number, cost: GroupCost = {}): Caps => {
  const vcpusPerGroup = cost.vcpus ?? workersPerGroup;
  const dollarsPerGroupHour = cost.dollarsPerHour ?? 0;
  const free = dollarsPerGroupHour === 0 ? 0 : undefined;
  const caps = {
    groupsMax: limits.groupsMax,
    vcpusPerGroup,
    vcpusMax: limits.vcpusMax ?? limits.groupsMax * vcpusPerGroup,
    startsPerMinuteMax: limits.startsPerMinuteMax ?? STARTS_PER_MINUTE_DEFAULT,
    dollarsPerGroupHour,
    dollarsPerHourMax: limits.dollarsPerHourMax ?? free,
    dollarsPerDayMax: limits.dollarsPerDayMax ?? free,
    lifetimeMaxMs: cost.lifetimeMaxMs ?? DAY_MS,
  };
  const wrong = Object.entries(caps)
    .filter(([, value]) => value === undefined || !Number.isFinite(value) || value < 0)
    .map(
      ([name, value]) =>
        `${name}: ${value === undefined ? 'must be set, since groups have a price' : `${value} is not a limit`}`,
    );
  if (!Number.isInteger(caps.groupsMax)) wrong.push(`groupsMax: ${caps.groupsMax} is not a whole number`);
  if (wrong.length > 0) throw new LimitsError(wrong.join('; '));
  return {
    ...caps,
    dollarsPerHourMax: caps.dollarsPerHourMax ?? 0,
    dollarsPerDayMax: caps.dollarsPerDayMax ?? 0,
  };
};
