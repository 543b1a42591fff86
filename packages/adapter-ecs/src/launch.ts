/**
 * RunTask requests. Pure, and the same bytes for the same group: a repeat with a token that is known must ask for the same.
 * Source: Amazon ECS API, RunTask; Ensuring idempotency.
 */
import type { RunTaskCommandInput } from '@aws-sdk/client-ecs';
import type { GroupSpec } from '@muster/adapter-kit/provisioner';
import { WORKER_ENV } from '@muster/protocol/calls';
import type { AdapterId } from '@muster/protocol/ids';
import { STORAGE_FREE_GIB } from './prices.ts';
import type { LaunchProfile } from './profiles.ts';
import type { Owner } from './states.ts';

/** Where and how tasks run, whatever their profile. */
export interface Place {
  readonly cluster: string;
  readonly subnets: readonly string[];
  readonly securityGroups: readonly string[];
  readonly assignPublicIp: boolean;
  /** '' for the latest. */
  readonly platformVersion: string;
  /** For the bill; beside our own. */
  readonly tags: ReadonlyMap<string, string>;
}

/** What a profile's definition turned out to be. */
export interface PinnedDefinition {
  readonly arn: string;
  readonly container: string;
}

/**
 * `startedBy` may hold letters, digits, `-`, `_` and `/`; older accounts take 36 characters, newer ones 128.
 * Source: Amazon ECS API, RunTask.
 */
export const STARTED_BY_PREFIX = 'muster/';
export const ADAPTER_NAME_MAX = 29;

export const ownerOf = (adapter: AdapterId): Owner => ({
  adapter,
  startedBy: `${STARTED_BY_PREFIX}${adapter}`,
});

/** One way to ask for a group. A definitive refusal of one leads to the next, always in the same order. */
export interface Variant {
  readonly spot: boolean;
  readonly subnets: readonly string[];
  /** A token of its own, since a token keeps the answer it was given, refusals included. */
  readonly suffix: string;
}

/** Single subnets that are tried after all of them together had no room. */
const ALONE_MAX = 2;

/**
 * Spot before on demand, all subnets before some of them alone. The order depends on the group alone, never on what happened
 * to others: a repeat after a crash has to walk the same way, or it could start the group twice.
 */
export const variantsOf = (profile: LaunchProfile, place: Place, token: string): readonly Variant[] => {
  const markets = profile.spot === 'prefer' ? [true, false] : [profile.spot === 'only'];
  const alone = place.subnets.length > 1 ? rotated(place.subnets, token).slice(0, ALONE_MAX) : [];
  return markets.flatMap((spot) =>
    [place.subnets, ...alone.map((subnet) => [subnet])].map((subnets, index) => ({
      spot,
      subnets,
      suffix: spot === markets[0] && index === 0 ? '' : `${spot ? 's' : 'd'}${index}`,
    })),
  );
};

/** Spreads groups over the subnets. */
const rotated = (subnets: readonly string[], token: string): readonly string[] => {
  let sum = 0;
  for (let i = 0; i < token.length; i++) sum = (sum * 31 + token.charCodeAt(i)) % 65_521;
  const at = sum % subnets.length;
  return [...subnets.slice(at), ...subnets.slice(0, at)];
};

/** Characters of all overrides as JSON. Source: Amazon ECS API, TaskOverride. */
export const OVERRIDES_MAX = 8_192;

export class LaunchError extends Error {
  override readonly name = 'LaunchError';
  readonly code = 'ECS_LAUNCH_TOO_LARGE';
}

/** @throws LaunchError where the overrides are larger than ECS takes. */
export const runTaskInput = (
  spec: GroupSpec,
  profile: LaunchProfile,
  definition: PinnedDefinition,
  place: Place,
  owner: Owner,
  variant: Variant,
): RunTaskCommandInput => {
  const overrides = overridesOf(spec, profile, definition, owner);
  const characters = JSON.stringify(overrides).length;
  if (characters > OVERRIDES_MAX)
    throw new LaunchError(
      `the settings of one group take ${characters} characters, and ECS takes ${OVERRIDES_MAX}: use fewer workers per group, or shorter capabilities`,
    );
  return {
    cluster: place.cluster,
    taskDefinition: definition.arn,
    count: 1,
    clientToken: spec.token + variant.suffix,
    startedBy: owner.startedBy,
    ...(variant.spot
      ? { capacityProviderStrategy: [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }] }
      : { launchType: 'FARGATE' }),
    ...(place.platformVersion === '' ? {} : { platformVersion: place.platformVersion }),
    networkConfiguration: {
      awsvpcConfiguration: {
        subnets: [...variant.subnets],
        ...(place.securityGroups.length === 0 ? {} : { securityGroups: [...place.securityGroups] }),
        assignPublicIp: place.assignPublicIp ? 'ENABLED' : 'DISABLED',
      },
    },
    overrides,
    enableECSManagedTags: true,
    propagateTags: 'TASK_DEFINITION',
    tags: tagsOf(spec, place, owner),
  };
};

const overridesOf = (
  spec: GroupSpec,
  profile: LaunchProfile,
  definition: PinnedDefinition,
  owner: Owner,
): NonNullable<RunTaskCommandInput['overrides']> => {
  const environment = { ...spec.env, [WORKER_ENV.owner]: owner.adapter, [WORKER_ENV.groupId]: spec.groupId };
  return {
    cpu: String(profile.size.cpuUnits),
    memory: String(profile.size.memoryMiB),
    ...(profile.storageGiB > STORAGE_FREE_GIB ? { ephemeralStorage: { sizeInGiB: profile.storageGiB } } : {}),
    containerOverrides: [
      {
        name: definition.container,
        environment: Object.entries(environment).map(([name, value]) => ({ name, value })),
      },
    ],
  };
};

/** For people and bills only: ECS takes them away when a task stops. */
const tagsOf = (spec: GroupSpec, place: Place, owner: Owner): { key: string; value: string }[] =>
  [...place.tags, ['muster:adapter', owner.adapter] as const, ['muster:group', spec.groupId] as const].map(
    ([key, value]) => ({ key, value }),
  );
