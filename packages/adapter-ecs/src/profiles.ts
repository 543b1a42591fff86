/** Launch profiles: the kinds of groups that one adapter starts, chosen by what a group is asked to be capable of. Pure. */
import { capabilityKey } from '@muster/protocol/ids';
import type { Capabilities } from '@muster/protocol/ids';
import type { Architecture } from './prices.ts';
import type { FargateSize } from './sizes.ts';

/** `prefer`: on demand where Spot has no room. `only`: then no group. */
export type SpotPolicy = 'prefer' | 'only' | 'never';

export interface LaunchProfile {
  readonly name: string;
  readonly size: FargateSize;
  /** What each worker of such a group offers; no two profiles offer the same. */
  readonly capabilities: Capabilities;
  readonly spot: SpotPolicy;
  /** Family, `family:revision` or ARN. */
  readonly taskDefinition: string;
  /** What the definition must say, where this is given: checked, since a launch cannot change it. */
  readonly image: string | undefined;
  readonly architecture: Architecture;
  /** 20 is what every task has. */
  readonly storageGiB: number;
  /** Dollars per hour of one group, where the table of prices is not to be used. */
  readonly dollarsPerHour: number | undefined;
}

/**
 * The profile that gives exactly what the kit chose for a group.
 * @returns undefined for a group of a configuration that is no more.
 */
export const profileFor = (
  profiles: readonly LaunchProfile[],
  capabilities: Capabilities,
): LaunchProfile | undefined => {
  const key = capabilityKey(capabilities);
  return profiles.find((profile) => capabilityKey(profile.capabilities) === key);
};
