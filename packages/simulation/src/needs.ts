/** Lists of names as the protocol has them. */
import { NO_CAPABILITIES } from '@muster/protocol/ids';
import type { Capabilities } from '@muster/protocol/ids';

export const capabilitiesOf = (names: readonly string[]): Capabilities =>
  names.length === 0 ? NO_CAPABILITIES : new Map(names.map((name) => [name, 'present' as const]));
