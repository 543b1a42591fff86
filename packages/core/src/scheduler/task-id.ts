/** Task ids as four 32-bit words, which is how rows hold them. */
import { taskId } from '@muster/protocol/ids';
import type { TaskId } from '@muster/protocol/ids';

/** Four characters of one byte each. */
export const wordAt = (id: TaskId, at: number): number =>
  id.charCodeAt(at) |
  (id.charCodeAt(at + 1) << 8) |
  (id.charCodeAt(at + 2) << 16) |
  (id.charCodeAt(at + 3) << 24);

/** One call, because a string joined from parts would be flattened again by whoever looks at it. */
// prettier-ignore
export const idOf = (a: number, b: number, c: number, d: number): TaskId =>
  taskId(String.fromCharCode(
    a & 255, (a >>> 8) & 255, (a >>> 16) & 255, a >>> 24, b & 255, (b >>> 8) & 255, (b >>> 16) & 255, b >>> 24,
    c & 255, (c >>> 8) & 255, (c >>> 16) & 255, c >>> 24, d & 255, (d >>> 8) & 255, (d >>> 16) & 255, d >>> 24,
  ));

/** Spreads ids over a table; the seed keeps peers from choosing ids that collide. */
export const hashOf = (a: number, b: number, c: number, d: number, seed: number): number => {
  let hash = Math.imul(a ^ seed, 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 15) ^ b, 0x85ebca77);
  hash = Math.imul(hash ^ (hash >>> 13) ^ c, 0xc2b2ae3d);
  hash = Math.imul(hash ^ (hash >>> 16) ^ d, 0x27d4eb2f);
  return hash ^ (hash >>> 15);
};
