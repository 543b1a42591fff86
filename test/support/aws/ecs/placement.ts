/** Which provider and which subnet a task gets, and why it may get none. */
import type { CapacityProviderStrategyItem } from '@aws-sdk/client-ecs';
import type { SubnetSpec } from '../ec2/network.ts';
import type { Size } from './definition-rules.ts';
import type { Ecs } from './state.ts';

export type Provider = 'FARGATE' | 'FARGATE_SPOT';

/**
 * The provider of each of `count` tasks: first the base, then by weight.
 * Source: ECS developer guide, "Amazon ECS capacity providers", base and weight.
 */
export const spread = (
  strategy: readonly CapacityProviderStrategyItem[],
  count: number,
): readonly Provider[] => {
  const items = strategy.map(({ capacityProvider, weight = 0, base = 0 }) => ({
    provider: capacityProvider as Provider,
    weight,
    base,
    given: 0,
  }));
  const chosen: Provider[] = [];
  const total = items.reduce((sum, { weight }) => sum + weight, 0);
  while (chosen.length < count) {
    const based = items.find(({ base, given }) => given < base);
    // The one furthest behind its share; the first of equals.
    const behind = (item: (typeof items)[number]): number =>
      (item.weight / total) * (chosen.length + 1) - Math.max(0, item.given - item.base);
    const weighted = items
      .filter(({ weight }) => weight > 0)
      .reduce<(typeof items)[number] | undefined>(
        (best, item) => (best === undefined || behind(item) > behind(best) + 1e-9 ? item : best),
        undefined,
      );
    const item = based ?? weighted;
    if (item === undefined) break;
    item.given += 1;
    chosen.push(item.provider);
  }
  return chosen;
};

export type Placement =
  | { readonly kind: 'placed'; readonly subnet: SubnetSpec }
  | { readonly kind: 'failed'; readonly reason: string };

/** Source: ECS developer guide, "Service event messages", Fargate capacity and quota texts. */
export const NO_CAPACITY =
  'Capacity is unavailable at this time. Please try again later or in a different availability zone';
export const VCPU_LIMIT = 'You’ve reached the limit on the number of vCPUs you can run concurrently';

const underQuota = (ecs: Ecs, provider: Provider, vcpus: number): boolean =>
  provider === 'FARGATE_SPOT'
    ? ecs.usage.spotVcpus + vcpus <= ecs.quotas.spotVcpus
    : ecs.usage.onDemandVcpus + vcpus <= ecs.quotas.onDemandVcpus;

/** Fargate picks the zone; a caller that wants another names other subnets. */
export const place = (
  ecs: Ecs,
  subnets: readonly SubnetSpec[],
  provider: Provider,
  size: Size,
): Placement => {
  if (!underQuota(ecs, provider, size.cpu / 1_024)) return { kind: 'failed', reason: VCPU_LIMIT };
  const subnet = subnets[ecs.chance.places.between(0, subnets.length - 1)];
  // Reported by users for a subnet in a zone that has no Fargate.
  if (subnet?.hasFargate === false) return { kind: 'failed', reason: 'Internal error' };
  if (subnet === undefined) return { kind: 'failed', reason: NO_CAPACITY };
  const reason = ecs.capacity({
    availabilityZone: subnet.availabilityZone,
    subnetId: subnet.id,
    provider,
    cpu: size.cpu,
    memoryMib: size.memoryMib,
  });
  return reason === undefined ? { kind: 'placed', subnet } : { kind: 'failed', reason };
};
