/** An adapter as it is in production, the same machine with the same heartbeats, in front of a modelled provider. */
import { createAdapterMachine } from '@muster/core/provisioning';
import type { AdapterEffect, AdapterEvent, AdapterMachine } from '@muster/core/provisioning';
import { adapterId, instant, peerId } from '@muster/protocol/ids';
import type { PeerId } from '@muster/protocol/ids';
import type { Message } from '@muster/protocol/messages';
import type { AdapterSpec } from '../adapter.ts';
import { capabilitiesOf } from '../needs.ts';
import { randomOf } from '../random.ts';
import { ADAPTER_DEFAULTS } from '../settings.ts';
import type { Provider } from './provider.ts';

const HEARTBEAT_MS = ADAPTER_DEFAULTS.heartbeatMs;
const CALL_MS = 60_000;
const START_GIVE_UP_MS = 24 * 3_600_000;
const NO_CAP = 1e12;
/** More rounds at one instant are a loop. */
const ROUNDS_MAX = 10_000;

export class ModelAdapter {
  readonly peer: PeerId;
  readonly provider: Provider;
  readonly #machine: AdapterMachine;
  /** A stock adapter has no news between its regular heartbeats, and they began before the work. */
  readonly #isStock: boolean;
  #inbox: AdapterEvent[] = [];
  #dueMs: number;
  #beatMs = -Infinity;

  constructor(provider: Provider, seed: number, compat: 'own' | 'stock') {
    const { spec } = provider;
    this.provider = provider;
    this.#isStock = compat === 'stock';
    const nowMs = this.#isStock ? Math.floor(randomOf(seed, `beat of ${spec.id}`).next() * HEARTBEAT_MS) : 0;
    this.peer = peerId(`adapter:${spec.id}`);
    this.#machine = createAdapterMachine(machineConfig(spec, seed), [], true, instant(nowMs));
    this.#dueMs = nowMs;
  }

  /** When it must be run again; now if it was told something. */
  get dueMs(): number {
    return this.#inbox.length > 0 ? 0 : this.#dueMs;
  }

  get isQuiet(): boolean {
    if (this.#inbox.length > 0 || this.provider.groups.size > 0) return false;
    const { wanted, leaving } = this.#machine.snapshot();
    return wanted.length === 0 && leaving.length === 0;
  }

  /** Leaves out the heartbeats before that time, and keeps their beat. */
  sleepUntil(atMs: number): void {
    if (this.#dueMs < atMs) this.#dueMs += Math.ceil((atMs - this.#dueMs) / HEARTBEAT_MS) * HEARTBEAT_MS;
  }

  tell(message: Message): void {
    this.#inbox.push({ kind: 'message', message });
  }

  /** Steps the machine until it has nothing more to do now. @returns what it says to the scheduler. */
  run(nowMs: number): readonly Message[] {
    const said: Message[] = [];
    if (this.#beatMs < 0) this.#inbox.push({ kind: 'connection', state: 'up' });
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const events: readonly AdapterEvent[] = this.#inbox.length > 0 ? this.#inbox : [{ kind: 'deadline' }];
      this.#inbox = [];
      for (const effect of this.#machine.step(events, instant(nowMs))) this.#apply(effect, said, nowMs);
      if (this.#inbox.length === 0) break;
    }
    this.#dueMs = this.#machine.nextDeadline() ?? Infinity;
    return said;
  }

  #isNews(message: Message, nowMs: number): boolean {
    if (message.kind !== 'adapterHeartbeat') return true;
    if (this.#isStock && nowMs - this.#beatMs < HEARTBEAT_MS) return false;
    this.#beatMs = nowMs;
    return true;
  }

  #apply(effect: AdapterEffect, said: Message[], nowMs: number): void {
    switch (effect.kind) {
      case 'send':
        if (this.#isNews(effect.message, nowMs)) said.push(effect.message);
        return;
      case 'list':
        this.#inbox.push({ kind: 'listed', call: effect.call, groups: this.provider.list() });
        return;
      case 'start': {
        const started = effect.intents.map((intent) => this.provider.start(intent, nowMs));
        this.#inbox.push({ kind: 'startDone', call: effect.call, started, failures: [] });
        return;
      }
      case 'stop':
        for (const id of effect.groupIds) this.provider.stop(id, nowMs);
        this.#inbox.push({ kind: 'stopDone', call: effect.call, stopped: effect.groupIds, failures: [] });
        return;
      case 'abort':
      case 'holdIntent':
      case 'leaveIntent':
      case 'closeIntent':
      case 'exit':
      case 'note':
        return; // nothing here survives a crash, because nothing crashes
    }
  }
}

const machineConfig = (spec: AdapterSpec, seed: number): Parameters<typeof createAdapterMachine>[0] => {
  const random = randomOf(seed, `pace of ${spec.id}`);
  const [first] = spec.offers;
  let minted = 0;
  return {
    adapterId: adapterId(spec.id),
    provider: spec.id,
    workersPerGroup: spec.workersPerGroup,
    capabilities: capabilitiesOf(first?.offers ?? []),
    offers: spec.offers.map(({ offers, dollarsPerHour }) => ({
      name: offers.join('+'),
      capabilities: capabilitiesOf(offers),
      dollarsPerHour,
      billedMinimumMs: spec.billedMinimumMs,
    })),
    caps: {
      groupsMax: spec.groupsMax,
      vcpusPerGroup: 1,
      vcpusMax: NO_CAP,
      startsPerMinuteMax: spec.startsPerMinuteMax,
      dollarsPerGroupHour: Math.max(0, ...spec.offers.map((one) => one.dollarsPerHour)),
      dollarsPerHourMax: spec.dollarsPerHourMax ?? NO_CAP,
      dollarsPerDayMax: NO_CAP,
      lifetimeMaxMs: 24 * 3_600_000,
    },
    ...ADAPTER_DEFAULTS,
    listLagMs: 0,
    listTimeoutMs: CALL_MS,
    startTimeoutMs: CALL_MS,
    stopTimeoutMs: CALL_MS,
    startGiveUpMs: START_GIVE_UP_MS,
    stopRepeatMs: CALL_MS,
    mintHex: () => (minted++).toString(16).padStart(32, '0'),
    random: () => random.next(),
  };
};
