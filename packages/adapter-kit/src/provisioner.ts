/** All that a provider author writes: four methods. The kit owns heartbeats, commands, caps, retries and adoption. */
import type { Capabilities, GroupId, WorkerId } from '@muster/protocol/ids';

/**
 * Why a start failed, by remedy, never by message text. Definitive kinds close the attempt (the next start gets
 * a new token); 'throttled' and 'unknown' keep attempt and token, so that a repeat cannot start a second group.
 */
export type ProvisionFailureKind =
  /** Definitive: the provider is out of it. Back off, tell the scheduler. */
  | 'capacity'
  /** Definitive: our limit. Answered as WorkerGroupTooMuch with the reason. */
  | 'quota'
  /** Definitive: stop trying, surface to the operator. */
  | 'unauthorized'
  /** Definitive: our request is wrong. Stop trying, surface. */
  | 'invalid'
  /** Not executed: slow down, repeat. */
  | 'throttled'
  /** May have happened: list first, then repeat; keep the cause. */
  | 'unknown';

export interface ProvisionFailure {
  readonly groupId: GroupId;
  readonly kind: ProvisionFailureKind;
  readonly detail: string;
  readonly cause?: unknown;
}

export interface GroupInstance {
  readonly groupId: GroupId;
  /** Process id, ECS task ARN, pod name. For people and logs only. */
  readonly nativeId: string;
  /** `pending`: accepted, and not shown by the provider yet. */
  readonly state: 'pending' | 'starting' | 'running' | 'stopping';
  /** Why it is in this state, where that is worth telling: what ended it, above all. */
  readonly detail?: string;
}

export interface GroupSpec {
  readonly groupId: GroupId;
  /** Idempotency key made by the kit from (adapter instance, group, attempt). */
  readonly token: string;
  /**
   * A start under this token got no answer before, perhaps from a former process. Whatever does not say what became of that
   * one (a right that is missing, a limit of calls) is then `unknown` or `throttled`, never definitive.
   */
  readonly mayExist?: boolean;
  /** Identities that the workers of this group register with, minted before the launch. */
  readonly workerIds: readonly WorkerId[];
  readonly capabilities: Capabilities;
  /** What the worker host process is told, as environment variables (`MUSTER_…`); holds no secret. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Rules for every method: idempotent by group id; safe to call again after any failure; partial success is
 * normal and reported in the result; rejects only on a bug or an aborted signal. Providers may be eventually
 * consistent: `list` may lag behind `start` and `stop`.
 */
export interface Provisioner {
  /** Short provider name for logs and metrics: 'native' | 'ecs' | 'eks' | … */
  readonly name: string;
  /** Verify that what is needed exists and say what to do where it does not. Never creates it. */
  prepare(signal: AbortSignal): Promise<void>;
  start(
    specs: readonly GroupSpec[],
    signal: AbortSignal,
  ): Promise<{ readonly started: readonly GroupInstance[]; readonly failures: readonly ProvisionFailure[] }>;
  /** Everything that bears our adapter's mark, including what a former process started. The truth. */
  list(signal: AbortSignal): Promise<readonly GroupInstance[]>;
  /** Ask for the end, with the provider's grace; a group that is already gone counts as stopped. Poll `list` for the end. */
  stop(
    ids: readonly GroupId[],
    reason: string,
    signal: AbortSignal,
  ): Promise<{ readonly stopped: readonly GroupId[]; readonly failures: readonly ProvisionFailure[] }>;
}
