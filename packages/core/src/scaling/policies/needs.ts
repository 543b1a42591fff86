/** Who can serve whom: what tasks need beside what is offered, here and by adapters. */
import { capabilityKey } from '@muster/protocol/ids';
import type { Capabilities } from '@muster/protocol/ids';
import type { Demand, ScalingView, Unservable } from '../view.ts';
import { capacities, hasAll } from './draft.ts';
import type { Draft, Line } from './draft.ts';
import { Flow } from './flow.ts';
import { candidatesFor, surplusOf } from './place.ts';
import type { Matches } from './place.ts';
import { offersOf, unservableOf } from './unservable.ts';

/** Who can serve whom. */
export interface Needs {
  readonly draft: Draft;
  /** Those that somebody can serve, those with the least choice first. */
  readonly demands: readonly Demand[];
  readonly unservable: readonly Unservable[];
  /** Different offers, their places by key, and which of the demands each can serve. */
  readonly offers: readonly Capabilities[];
  readonly kinds: ReadonlyMap<string, number>;
  readonly serves: readonly (readonly boolean[])[];
}

export const needsOf = (draft: Draft): Needs => {
  const matches = matcherOf(draft.view);
  const unservable = unservableOf(draft.view, matches);
  const kinds = new Map<string, number>();
  const offers: Capabilities[] = [];
  for (const one of capacities(draft)) {
    if (kinds.has(one.key)) continue;
    kinds.set(one.key, offers.length);
    offers.push(one.offers);
  }
  const rows = draft.view.demands
    .filter((demand) => !unservable.has(demand))
    .map((demand) => {
      const serves = offers.map((one) => matches(one, demand.needs));
      return { demand, serves, choice: serves.filter((may) => may).length };
    })
    .sort((one, other) => one.choice - other.choice || mostNamesFirst(one.demand, other.demand));
  return {
    draft,
    demands: rows.map(({ demand }) => demand),
    unservable: [...unservable.values()],
    offers,
    kinds,
    serves: rows.map(({ serves }) => serves),
  };
};

/**
 * By names. What nobody offers by name runs anywhere if the allocation policy ignores needs: then any worker matches,
 * which is what a mismatched pair such as `allocate=even_load; scaling=capability` comes to.
 */
const matcherOf = (view: ScalingView): Matches => {
  const named = new Map<string, boolean>();
  return (offers, needs) => {
    if (hasAll(offers, needs)) return true;
    if (!view.serves(offers, needs)) return false;
    const key = capabilityKey(needs);
    let known = named.get(key);
    if (known === undefined) {
      known = [...offersOf(view)].some((one) => hasAll(one, needs));
      named.set(key, known);
    }
    return !known;
  };
};

const mostNamesFirst = (one: Demand, other: Demand): number =>
  other.needs.size - one.needs.size || (one.key < other.key ? -1 : 1);

/** @param key of what is offered. */
export const kindOf = ({ kinds }: Needs, key: string): number => kinds.get(key) ?? -1;

/** For each adapter what it would start for a demand, best first. */
export const ableFor = (needs: Needs, demand: Demand, tierOf?: (line: Line) => number): readonly Line[] => {
  const serves = needs.serves[needs.demands.indexOf(demand)] ?? [];
  const isAble = (line: Line): boolean => serves[kindOf(needs, line.supply.key)] === true;
  return candidatesFor(needs.draft, demand.needs, isAble, tierOf);
};

const workersByKind = (needs: Needs): readonly number[] => {
  const workers = needs.offers.map(() => 0);
  for (const one of capacities(needs.draft)) {
    const kind = kindOf(needs, one.key);
    workers[kind] = (workers[kind] ?? 0) + one.workers;
  }
  return workers;
};

/** Capacity in workers, to be shared among demands. */
export const shareOut = (needs: Needs, serves: Needs['serves']): Flow =>
  new Flow(workersByKind(needs), serves);

/** Of the kinds that can serve a need and are there, those that offer least beyond it. */
export const homesOf = (needs: Needs): Needs['serves'] => {
  const workers = workersByKind(needs);
  return needs.demands.map(({ needs: named }, i) => {
    const beyond = needs.offers.map((offers, kind) =>
      needs.serves[i]?.[kind] === true && (workers[kind] ?? 0) > 0 ? surplusOf(offers, named) : Infinity,
    );
    const least = Math.min(...beyond);
    return beyond.map((names) => names === least && names < Infinity);
  });
};
