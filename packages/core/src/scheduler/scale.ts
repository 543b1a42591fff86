/** When the size of the fleet is decided upon, and the way of a decision: view, policy and limits, carrying out. */
import { instant } from '@muster/protocol/ids';
import type { Instant } from '@muster/protocol/ids';
import { decide } from '../scaling/decide.ts';
import type { Adapter } from './adapter.ts';
import { act, carryOut } from './apply.ts';
import { remember, tellPolicy, tellUnservable } from './decisions.ts';
import { armBy, side } from './state.ts';
import { decideAsStock } from './stock-scale.ts';
import type { SchedulerState } from './state.ts';
import { viewOf } from './view.ts';

/** Decisions are at least this far apart, whatever happens. */
const INTERVAL_MS = 20;

/** Decides if something changed that scaling looks at, or its timer is due. */
export const scaleIfDue = (state: SchedulerState): void => {
  if (!state.scalingDirty || state.shutdown !== undefined || state.config.compat === 'stock') return;
  if (state.config.policy.tuning.decideOn === 'heartbeat' && !state.scalingBeat) return;
  const due = instant(state.lastScalingAt + INTERVAL_MS);
  if (state.now < due) return armBy(state, state.scalingTimer, due);
  state.scalingDirty = false;
  state.scalingBeat = false;
  state.lastScalingAt = state.now;
  state.timers.clear(state.scalingTimer);
  tellPolicy(state);
  const lines: string[] = [];
  for (const own of [true, false]) {
    const reason = scaleSide(state, own);
    if (reason !== undefined) lines.push(own || state.stock.tasks === 0 ? reason : `stock: ${reason}`);
  }
  if (lines.length > 0) state.scalingLine = lines.join('; ');
};

/** @returns what is said of it; undefined for a side that nobody is on. */
const scaleSide = (state: SchedulerState, own: boolean): string | undefined => {
  const mine = side(state, own);
  const view = viewOf(state, own);
  const isNobody = view.adapters.length === 0 && mine.tasks === 0;
  if (isNobody && !(own && state.config.policy.scaling === 'no')) return undefined;
  const { targets, decision, memory } = decide(state.config.policy, view, mine.limits);
  mine.limits = memory;
  act(
    state,
    () => carryOut(state, own, targets, decision.reason),
    (changes) => {
      remember(state, own, view, decision, changes);
      tellUnservable(state, own, decision.unservable);
    },
  );
  recheck(state, decision.recheckAt);
  return decision.reason;
};

const recheck = (state: SchedulerState, at: Instant | undefined): void => {
  if (at === undefined) return;
  armBy(state, state.scalingTimer, instant(Math.max(at, state.now + INTERVAL_MS)));
};

/** Ours say at once what has changed; each of those of Scaler 1.15.0 beats every two seconds, late or a little early. */
const STOCK_INTERVAL_MS = 1_900;

const isTooEarly = (state: SchedulerState, { own, decidedAt }: Adapter): boolean =>
  own && decidedAt !== undefined && state.now - decidedAt < STOCK_INTERVAL_MS;

/** At each heartbeat of an adapter, after its echo. */
export const scaleOnHeartbeat = (state: SchedulerState, adapter: Adapter): void => {
  if (state.shutdown !== undefined) return;
  if (state.config.compat === 'stock') {
    if (isTooEarly(state, adapter)) return;
    tellPolicy(state);
    adapter.decidedAt = state.now;
    decideAsStock(state, adapter);
    return;
  }
  if (state.config.policy.tuning.decideOn !== 'heartbeat') return;
  state.scalingBeat = true;
  state.scalingDirty = adapter.up;
};
