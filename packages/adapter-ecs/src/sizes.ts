/** The sizes that a Fargate task can have. Pure. */

export interface FargateSize {
  /** 1,024 units are one vCPU. */
  readonly cpuUnits: number;
  readonly memoryMiB: number;
}

const steps = (from: number, to: number, by: number): readonly number[] =>
  Array.from({ length: (to - from) / by + 1 }, (_, i) => from + i * by);

interface Row {
  readonly cpuUnits: number;
  readonly memoriesMiB: readonly number[];
}

/** Source: Amazon ECS developer guide, Task CPU and memory on Fargate (Linux). 8 and 16 vCPU need platform version 1.4.0. */
const ROWS: readonly Row[] = [
  { cpuUnits: 256, memoriesMiB: [512, 1024, 2048] },
  { cpuUnits: 512, memoriesMiB: steps(1024, 4096, 1024) },
  { cpuUnits: 1024, memoriesMiB: steps(2048, 8192, 1024) },
  { cpuUnits: 2048, memoriesMiB: steps(4096, 16_384, 1024) },
  { cpuUnits: 4096, memoriesMiB: steps(8192, 30_720, 1024) },
  { cpuUnits: 8192, memoriesMiB: steps(16_384, 61_440, 4096) },
  { cpuUnits: 16_384, memoriesMiB: steps(32_768, 122_880, 8192) },
];

/** All of them, by CPU, then by memory. */
export const FARGATE_SIZES: readonly FargateSize[] = ROWS.flatMap(({ cpuUnits, memoriesMiB }) =>
  memoriesMiB.map((memoryMiB) => ({ cpuUnits, memoryMiB })),
);

/** The smallest size with at least this much of both; undefined where there is none. Less CPU goes before less memory. */
export const roundUp = (vcpus: number, memoryMiB: number): FargateSize | undefined =>
  FARGATE_SIZES.find((size) => size.cpuUnits >= vcpus * 1024 && size.memoryMiB >= memoryMiB);

export const vcpusOf = (size: FargateSize): number => size.cpuUnits / 1024;

/** `1 vCPU / 2 GiB`, for people. */
export const showSize = (size: FargateSize): string => `${vcpusOf(size)} vCPU / ${size.memoryMiB / 1024} GiB`;
