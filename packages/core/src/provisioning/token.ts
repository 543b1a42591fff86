/** Idempotency keys: the same for each repeat of an attempt, different for each attempt. */
import type { AdapterId, GroupId } from '@muster/protocol/ids';

const FNV_PRIME = 0x100000001b3n;
const MASK = 0xffffffffffffffffn;

const fnv1a64 = (text: string, basis: bigint): bigint => {
  let hash = basis;
  for (let i = 0; i < text.length; i++) hash = ((hash ^ BigInt(text.charCodeAt(i))) * FNV_PRIME) & MASK;
  return hash;
};

/**
 * At most 64 printable characters, the tightest limit of any provider.
 * Source: Amazon ECS API, Ensuring idempotency (`clientToken`).
 */
export const startToken = (adapter: AdapterId, group: GroupId, attempt: number): string => {
  const text = `${adapter}\u0000${group}\u0000${attempt}`;
  const high = fnv1a64(text, 0xcbf29ce484222325n).toString(16).padStart(16, '0');
  const low = fnv1a64(text, 0x84222325cbf29ce4n).toString(16).padStart(16, '0');
  return `m-${high}${low}-${attempt}`;
};
