/** What a worker host is told, whoever launches it. */
import { WORKER_ENV } from '@muster/protocol/calls';
import type { AdapterId, Capabilities } from '@muster/protocol/ids';
import type { Intent } from '@muster/core/provisioning';

/** `name` or `name=quantity`, comma-separated, in the order given. */
export const capabilitiesText = (capabilities: Capabilities): string =>
  [...capabilities]
    .map(([name, quantity]) => (quantity === 'present' ? name : `${name}=${quantity}`))
    .join(',');

/**
 * Byte-stable for one attempt: no time, no randomness (a repeat with other parameters is a conflict at some providers).
 * @param workerEnv further `MUSTER_…` settings; what identifies the group wins over them.
 */
export const groupEnv = (
  adapter: AdapterId,
  scheduler: string,
  workerEnv: Readonly<Record<string, string>>,
  intent: Intent,
): Readonly<Record<string, string>> => ({
  ...workerEnv,
  [WORKER_ENV.scheduler]: scheduler,
  [WORKER_ENV.groupId]: intent.groupId,
  [WORKER_ENV.workerIds]: intent.workerIds.join(','),
  [WORKER_ENV.capabilities]: capabilitiesText(intent.capabilities),
  [WORKER_ENV.owner]: adapter,
});
