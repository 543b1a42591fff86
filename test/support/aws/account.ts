/** What every service of the peer shares: whose account it is, where, what time it is, and whence chance comes. */
import type { Clock } from '@muster/runtime/clock';
import type { Agenda } from './agenda.ts';
import { agendaOf } from './agenda.ts';
import type { Random } from './random.ts';
import { seeded } from './random.ts';

export interface Account {
  readonly id: string;
  readonly region: string;
  /** `aws`, `aws-cn` or `aws-us-gov`. */
  readonly partition: string;
  readonly agenda: Agenda;
  /** Milliseconds of the clock that the account lives by. */
  now(): number;
  /** The time of day that answers show; default: now. */
  wall(atMs?: number): Date;
  random(purpose: string): Random;
  /** @param resource such as `cluster/main`. IAM and STS have no region in their names. */
  arn(service: string, resource: string): string;
}

export interface AccountOptions {
  readonly clock: Clock;
  readonly seed: number;
  readonly accountId: string;
  readonly region: string;
  /** What time of day the clock's zero is. */
  readonly epochMs: number;
}

const REGIONLESS = new Set(['iam', 'sts']);

/** Source: AWS General Reference, "Amazon Resource Names": partitions of China and GovCloud. */
export const partitionOf = (region: string): string => {
  if (region.startsWith('cn-')) return 'aws-cn';
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
};

export const openAccount = ({ clock, seed, accountId, region, epochMs }: AccountOptions): Account => {
  const partition = partitionOf(region);
  const now = (): number => clock.now();
  return {
    id: accountId,
    region,
    partition,
    agenda: agendaOf(clock),
    now,
    wall: (atMs = now()) => new Date(epochMs + atMs),
    random: (purpose) => seeded(seed, purpose),
    arn: (service, resource) =>
      `arn:${partition}:${service}:${REGIONLESS.has(service) ? '' : region}:${accountId}:${resource}`,
  };
};
