/** One call to ECS: within its bucket, with a deadline of our clock, judged, and repeated where that is safe. */
import type { ECSClient } from '@aws-sdk/client-ecs';
import { instant } from '@muster/protocol/ids';
import type { Clock } from '@muster/runtime/clock';
import type { Sdk } from './client.ts';
import { note } from './ecs.ts';
import type { CallKind, Ecs } from './ecs.ts';
import { failureOf } from './failures.ts';
import type { Asked, Verdict } from './failures.ts';

/** A call that AWS did not answer with what was asked for. */
export class EcsCallError extends Error {
  override readonly name = 'EcsCallError';
  readonly code = 'ECS_CALL_FAILED';
  readonly verdict: Verdict;
  constructor(action: string, verdict: Verdict, cause: unknown) {
    super(`${action}: ${verdict.detail}`, { cause });
    this.verdict = verdict;
  }
}

export type Send<T> = (client: ECSClient, sdk: Sdk, abortSignal: AbortSignal) => Promise<T>;

const CALL_TIMEOUT_MS = 20_000;
/** Of reads and stops, which may happen twice. A launch is repeated by the kit, which asks for a listing first. */
const TRIES_MAX = 4;
const RETRY_BASE_MS = 250;

/**
 * @param spot whether the call is about Spot capacity; for the explanation of a quota.
 * @throws EcsCallError with what it means, or the signal's reason.
 */
export const callEcs = async <T>(
  ecs: Ecs,
  kind: CallKind,
  action: string,
  send: Send<T>,
  signal: AbortSignal,
  spot = false,
): Promise<T> => {
  for (let tries = 1; ; tries++) {
    try {
      return await once(ecs, kind, action, send, signal, spot);
    } catch (error) {
      if (!(error instanceof EcsCallError) || signal.aborted) throw error;
      const renewed = error.verdict.state === 'credentials-invalid' && ecs.client.renew();
      if (kind === 'launch' || tries === TRIES_MAX || !(renewed || isWorthRepeating(error.verdict)))
        throw error;
      await pause(ecs.clock, RETRY_BASE_MS * 2 ** (tries - 1), signal);
    }
  }
};

const isWorthRepeating = ({ kind, then }: Verdict): boolean =>
  (kind === 'throttled' || kind === 'unknown') && then.name === 'nothing';

const once = async <T>(
  ecs: Ecs,
  kind: CallKind,
  action: string,
  send: Send<T>,
  signal: AbortSignal,
  spot: boolean,
): Promise<T> => {
  const bucket = ecs.buckets[kind];
  await bucket.take(signal);
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  const alarm = ecs.clock.wakeAt(instant(ecs.clock.now() + CALL_TIMEOUT_MS), () =>
    controller.abort(new Error(`no answer within ${CALL_TIMEOUT_MS / 1000} s`)),
  );
  try {
    const answer = await Promise.race([aborted(controller.signal), run(ecs, send, controller.signal)]);
    bucket.onSuccess();
    onAnswer(ecs, action);
    return answer;
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    const reason: unknown = controller.signal.aborted ? controller.signal.reason : error;
    const asked: Asked = { action, region: await regionOf(ecs), cluster: ecs.place.cluster, spot };
    const verdict = failureOf(reason, asked);
    if (verdict.state === 'throttled') bucket.onThrottled();
    onTrouble(ecs, action, verdict);
    throw new EcsCallError(action, verdict, reason);
  } finally {
    alarm.cancel();
    signal.removeEventListener('abort', onAbort);
  }
};

const run = async <T>(ecs: Ecs, send: Send<T>, abortSignal: AbortSignal): Promise<T> => {
  const { client, sdk } = await ecs.client.get();
  return send(client, sdk, abortSignal);
};

/** Credentials that are fetched over the network do not hear of the signal. */
const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
  );

const regionOf = (ecs: Ecs): Promise<string> => ecs.client.region().catch(() => '');

const onAnswer = (ecs: Ecs, action: string): void => {
  const before = ecs.troubles.get(action);
  // Any answer proves credentials and connection.
  for (const [other, { state }] of [...ecs.troubles])
    if (other === action || state === 'credentials-invalid' || state === 'region-unreachable')
      ecs.troubles.delete(other);
  if (before !== undefined) note(ecs, 'info', 'ecs.recovered', { action, from: before.state ?? '' });
};

/** One line per change, not per call. */
export const onTrouble = (ecs: Ecs, action: string, verdict: Verdict): void => {
  if (verdict.state === undefined) return;
  const before = ecs.troubles.get(action);
  ecs.troubles.set(action, verdict);
  if (before?.state === verdict.state) return;
  const level = verdict.state === 'throttled' || verdict.state === 'no-capacity' ? 'warn' : 'error';
  note(ecs, level, 'ecs.trouble', { action, state: verdict.state, detail: verdict.detail });
};

export const pause = (clock: Clock, ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as Error);
    const alarm = clock.wakeAt(instant(clock.now() + ms), () => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    });
    const onAbort = (): void => {
      alarm.cancel();
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', onAbort, { once: true });
  });
