/** What can go wrong between a caller and AWS, on purpose: by script, or by chance with a seed. */
import type { Random } from './random.ts';
import type { ServiceName } from './wire/model.ts';

export type Fault =
  /** The connection ends before anything was done. */
  | { readonly kind: 'drop' }
  /** It was done, and the connection ends before the answer. */
  | { readonly kind: 'applyThenDrop' }
  /** Not done. */
  | { readonly kind: 'serverError'; readonly status: 500 | 502 | 503 | 504 }
  /** Done, and an error is all that comes back. */
  | { readonly kind: 'applyThenServerError'; readonly status: 500 | 502 | 503 | 504 }
  | { readonly kind: 'throttle' }
  /** Done; the answer stops in the middle. */
  | { readonly kind: 'truncate' }
  /** A read shows what was true so long ago. Calls that change something are not touched. */
  | { readonly kind: 'stale'; readonly byMs: number }
  /** The connection stays open and nothing comes. */
  | { readonly kind: 'hang'; readonly applied: boolean }
  | { readonly kind: 'delay'; readonly ms: number }
  | { readonly kind: 'expiredToken' }
  | { readonly kind: 'accessDenied' }
  /** Not done; an error of the service. */
  | { readonly kind: 'error'; readonly code: string; readonly message: string; readonly status: number };

export interface FaultRule {
  /** Absent: any. */
  readonly service?: ServiceName;
  readonly operation?: string | readonly string[];
  /** Which of the matching calls; numbers start at 1. Default: every one. */
  readonly on?: 'every' | { readonly calls: readonly number[] } | { readonly probability: number };
  /** Spent after so many hits. Default: never. */
  readonly times?: number;
  readonly fault: Fault;
}

export interface SetFault {
  /** How often it struck. */
  readonly hits: number;
  clear(): void;
}

export interface Faults {
  set(rule: FaultRule): SetFault;
  clear(): void;
  /** The faults that strike this call; chance is drawn here, once a rule. */
  strike(service: ServiceName, operation: string): readonly Fault[];
}

export const faultsOf = (random: Random): Faults => {
  interface Live {
    readonly rule: FaultRule;
    calls: number;
    hits: number;
  }
  const live = new Set<Live>();
  const matches = ({ rule }: Live, service: ServiceName, operation: string): boolean =>
    (rule.service === undefined || rule.service === service) &&
    (rule.operation === undefined || [rule.operation].flat().includes(operation));
  const strikes = ({ rule, calls }: Live): boolean => {
    const on = rule.on ?? 'every';
    if (on === 'every') return true;
    return 'calls' in on ? on.calls.includes(calls) : random.next() < on.probability;
  };
  return {
    set: (rule) => {
      const one: Live = { rule, calls: 0, hits: 0 };
      live.add(one);
      return {
        get hits() {
          return one.hits;
        },
        clear: () => void live.delete(one),
      };
    },
    clear: () => live.clear(),
    strike: (service, operation) => {
      const struck: Fault[] = [];
      for (const one of live) {
        if (!matches(one, service, operation)) continue;
        one.calls += 1;
        if (!strikes(one)) continue;
        one.hits += 1;
        struck.push(one.rule.fault);
        if (one.hits === one.rule.times) live.delete(one);
      }
      return struck;
    },
  };
};

/** One rule for each kind of trouble that a caller cannot be blamed for, each with the same chance at every call. */
export const everyFault = (probability: number, staleMs = 30_000): readonly FaultRule[] => {
  const kinds: readonly Fault[] = [
    { kind: 'drop' },
    { kind: 'applyThenDrop' },
    { kind: 'serverError', status: 500 },
    { kind: 'serverError', status: 503 },
    { kind: 'throttle' },
    { kind: 'truncate' },
    { kind: 'stale', byMs: staleMs },
    { kind: 'hang', applied: false },
    { kind: 'hang', applied: true },
    { kind: 'expiredToken' },
  ];
  return kinds.map((fault) => ({ on: { probability }, fault }));
};
