/** How much memory this machine, or the container around us, gives, and what of it one task may use. */
import { totalmem } from 'node:os';

/**
 * The limit of our control group where there is one below the memory of the machine. Node reads it for both versions of
 * control groups. Source: https://nodejs.org/docs/latest-v20.x/api/process.html#processconstrainedmemory
 */
export const machineMemoryBytes = (
  constrainedBytes: number = process.constrainedMemory(),
  totalBytes: number = totalmem(),
): number => (constrainedBytes > 0 ? Math.min(constrainedBytes, totalBytes) : totalBytes);

const SHARE_OF_MEMORY = 0.8;

/** A processor that runs nothing has about 50 MiB: below this no task would get far. */
const PROCESSOR_BYTES_MIN = 128 * 1024 * 1024;

/**
 * Memory limit of one processor where none is given: an equal share of 80 % of the memory, but at least 128 MiB.
 *
 * @param processors most that may run at a time
 */
export const processorMemoryShare = (
  processors: number,
  memoryBytes: number = machineMemoryBytes(),
): number =>
  Math.max(PROCESSOR_BYTES_MIN, Math.floor((memoryBytes * SHARE_OF_MEMORY) / Math.max(1, processors)));
