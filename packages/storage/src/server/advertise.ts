/**
 * The address that peers are told. Stock workers refuse anything but an IP literal.
 * Source: OpenGRIS Scaler 1.15.0, the worker wraps the host in an address type that parses literals only.
 */
import { isIP, isIPv4 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { ObjectStoreError } from '../errors.ts';

/** The first address of this machine that others could reach; undefined when there is none. */
const firstExternalIPv4 = (): string | undefined =>
  Object.values(networkInterfaces())
    .flat()
    .find((one) => one !== undefined && !one.internal && isIPv4(one.address))?.address;

const isWildcard = (host: string): boolean => host === '0.0.0.0' || host === '::';

/**
 * `bound` is the literal that the listener really has. Throws ObjectStoreError 'config' naming `flag` when no usable
 * literal is known.
 */
export const chooseAdvertisedHost = (bound: string, wanted: string | undefined, flag: string): string => {
  if (wanted !== undefined) {
    if (isIP(wanted) !== 0 && !isWildcard(wanted)) return wanted;
    throw new ObjectStoreError(
      'config',
      `${flag} must be an IP address that peers can reach, not "${wanted}"`,
    );
  }
  if (!isWildcard(bound)) return bound;
  const found = firstExternalIPv4();
  if (found !== undefined) return found;
  throw new ObjectStoreError(
    'config',
    `listening on ${bound}: name the address that peers reach with ${flag}`,
  );
};
