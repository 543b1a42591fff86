/** What a Fargate task costs, from a dated table. Pure. */
import { vcpusOf } from './sizes.ts';
import type { FargateSize } from './sizes.ts';

export type Architecture = 'X86_64' | 'ARM64';

interface Rates {
  readonly vcpuHour: number;
  readonly gibHour: number;
}

/** Day of the price pages that the table was read from: prices change without notice. */
export const PRICES_DATED = '2026-10';

/** Dollars on demand, Linux. Source: AWS Fargate pricing, us-east-1, pages of March to October 2026. */
const US_EAST_1: Readonly<Record<Architecture, Rates>> = {
  X86_64: { vcpuHour: 0.04048, gibHour: 0.004445 },
  ARM64: { vcpuHour: 0.03238, gibHour: 0.00356 },
};

const RATES: ReadonlyMap<string, Readonly<Record<Architecture, Rates>>> = new Map([['us-east-1', US_EAST_1]]);

/** For a region that is not in the table: the known price and half as much again, so that a cap errs on the safe side. */
const UNKNOWN_REGION_FACTOR = 1.5;

/** Per GiB and hour above the free 20 GiB. Source: as above. */
const STORAGE_GIB_HOUR = 0.000111;
export const STORAGE_FREE_GIB = 20;

/** A public IPv4 address. Source: Amazon VPC pricing, 2026. */
const PUBLIC_ADDRESS_HOUR = 0.005;

/** A task is paid for at least this long, from the start of the image's download. Source: AWS Fargate pricing. */
export const BILLED_MINIMUM_MS = 60_000;

export interface Priced {
  readonly size: FargateSize;
  readonly architecture: Architecture;
  readonly storageGiB: number;
  readonly publicAddress: boolean;
}

/** Whether the table knows the region, or the price is a guess that is too high. */
export const isPriced = (region: string): boolean => RATES.has(region);

/**
 * Dollars that one task costs per hour at most: on demand. Spot costs less, by how much changes by the minute, so that caps
 * count the full price.
 */
export const dollarsPerHour = (task: Priced, region: string): number => {
  const known = RATES.get(region);
  const { vcpuHour, gibHour } = (known ?? US_EAST_1)[task.architecture];
  const storage = Math.max(0, task.storageGiB - STORAGE_FREE_GIB) * STORAGE_GIB_HOUR;
  const compute = vcpusOf(task.size) * vcpuHour + (task.size.memoryMiB / 1024) * gibHour + storage;
  const dollars =
    compute * (known === undefined ? UNKNOWN_REGION_FACTOR : 1) +
    (task.publicAddress ? PUBLIC_ADDRESS_HOUR : 0);
  // To the millionth, upwards: that is how the price travels.
  return Math.ceil(dollars * 1e6 - 1e-6) / 1e6;
};
