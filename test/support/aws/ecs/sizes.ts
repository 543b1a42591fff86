/** Sizes that Fargate sells. Source: ECS developer guide, "Fargate task definition parameters", task CPU and memory. */

const GIB = 1_024;

const steps = (low: number, high: number, step: number): readonly number[] =>
  Array.from({ length: (high - low) / step + 1 }, (_, index) => (low + index * step) * GIB);

/** Memory in MiB, by CPU units. */
export const FARGATE_SIZES: ReadonlyMap<number, readonly number[]> = new Map([
  [256, [512, 1 * GIB, 2 * GIB]],
  [512, steps(1, 4, 1)],
  [1_024, steps(2, 8, 1)],
  [2_048, steps(4, 16, 1)],
  [4_096, steps(8, 30, 1)],
  [8_192, steps(16, 60, 4)],
  [16_384, steps(32, 120, 8)],
]);

/** Units in which sizes may be written: `1024`, `1 vCPU`, `.25 vcpu`; `2048`, `2GB`, `2 GB`. */
const amount = (text: string, unit: RegExp): number | undefined => {
  const parts = /^([\d.]+)\s*([a-z]*)$/i.exec(text.trim());
  if (parts === null) return undefined;
  const [, digits = '', suffix = ''] = parts;
  const value = Number(digits);
  if (!Number.isFinite(value)) return undefined;
  if (suffix === '') return Number.isInteger(value) ? value : undefined;
  return unit.test(suffix) ? value * GIB : undefined;
};

export const cpuUnits = (text: string): number | undefined => amount(text, /^vcpus?$/i);

export const memoryMib = (text: string): number | undefined => amount(text, /^gb$/i);
