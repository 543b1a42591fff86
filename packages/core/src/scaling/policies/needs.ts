/** Who can serve whom: what tasks need beside what is offered, here and by adapters. */
import type { Capabilities } from '@muster/protocol/ids';
import type { Demand, Unservable } from '../view.ts';
import { hasAll, workersByKind } from './draft.ts';
import type { Draft, Line } from './draft.ts';
import { Flow } from './flow.ts';
import { candidatesFor, surplusOf } from './place.ts';
import { missingOf } from './unservable.ts';

/** By demand and kind: 1 where the one may go to the other. */
export type Matrix = readonly Uint8Array[];

export interface Needs {
  readonly draft: Draft;
  /** Those that somebody can serve, those with the least choice first. */
  readonly demands: readonly Demand[];
  readonly unservable: readonly Unservable[];
  readonly serves: Matrix;
}

interface Row {
  readonly demand: Demand;
  readonly serves: Uint8Array;
  readonly choice: number;
}

export const needsOf = (draft: Draft): Needs => {
  const { view } = draft;
  const unservable: Unservable[] = [];
  const rows: Row[] = [];
  const named = namesOf(draft);
  for (const demand of view.demands) {
    const { needs, waiting } = demand;
    const serves = rowOf(draft, needs, named);
    const choice = serves.reduce((sum, one) => sum + one, 0);
    const isServed = serves.some((one, kind) => one === 1 && draft.kinds[kind]?.isThere === true);
    if (isServed || waiting === 0 || view.adapters.length === 0) rows.push({ demand, serves, choice });
    else unservable.push({ needs, tasks: waiting, missing: missingOf(view, needs) });
  }
  rows.sort((one, other) => one.choice - other.choice || mostNamesFirst(one.demand, other.demand));
  return {
    draft,
    demands: rows.map(({ demand }) => demand),
    unservable,
    serves: rows.map(({ serves }) => serves),
  };
};

/** Names that are offered, as bits; undefined where they are more than there are bits. */
interface Names {
  readonly bits: ReadonlyMap<string, number>;
  readonly byKind: readonly number[];
}
const BITS_MAX = 30;

const namesOf = ({ kinds }: Draft): Names | undefined => {
  const bits = new Map<string, number>();
  for (const { offers } of kinds)
    for (const name of offers.keys()) if (!bits.has(name)) bits.set(name, 1 << (bits.size % BITS_MAX));
  if (bits.size > BITS_MAX) return undefined;
  return { bits, byKind: kinds.map(({ offers }) => bitsOf(offers, bits) ?? 0) };
};

/**
 * By names. What nobody offers by name runs anywhere if the allocation policy ignores needs: then any worker matches,
 * which is what a mismatched pair such as `allocate=even_load; scaling=capability` comes to.
 */
const rowOf = (draft: Draft, needs: Capabilities, names: Names | undefined): Uint8Array => {
  const { kinds, view } = draft;
  const row = names === undefined ? rowByNames(draft, needs) : rowByBits(names, needs);
  if (!row.some((fits, kind) => fits === 1 && kinds[kind]?.isThere === true))
    kinds.forEach(({ offers }, kind) => (row[kind] ||= view.serves(offers, needs) ? 1 : 0));
  return row;
};

const rowByNames = ({ kinds }: Draft, needs: Capabilities): Uint8Array =>
  Uint8Array.from(kinds, ({ offers }) => (hasAll(offers, needs) ? 1 : 0));

const rowByBits = ({ bits, byKind }: Names, needs: Capabilities): Uint8Array => {
  const wanted = bitsOf(needs, bits);
  const row = new Uint8Array(byKind.length);
  if (wanted === undefined) return row;
  for (let kind = 0; kind < row.length; kind++) row[kind] = ((byKind[kind] ?? 0) & wanted) === wanted ? 1 : 0;
  return row;
};

/** Undefined when a name is not among them. */
const bitsOf = (capabilities: Capabilities, names: ReadonlyMap<string, number>): number | undefined => {
  let bits = 0;
  for (const name of capabilities.keys()) {
    const bit = names.get(name);
    if (bit === undefined) return undefined;
    bits |= bit;
  }
  return bits;
};

const mostNamesFirst = (one: Demand, other: Demand): number =>
  other.needs.size - one.needs.size || (one.key < other.key ? -1 : 1);

/** For each adapter what it would start for a demand, best first. */
export const ableFor = (needs: Needs, i: number, tierOf?: (line: Line) => number): readonly Line[] => {
  const serves = needs.serves[i];
  const named = needs.demands[i]?.needs;
  if (serves === undefined || named === undefined) return [];
  return candidatesFor(needs.draft, named, (line) => serves[line.kind] === 1, tierOf);
};

/** Capacity in workers, to be shared among demands. */
export const shareOut = (needs: Needs, serves: Matrix): Flow => new Flow(workersByKind(needs.draft), serves);

/** Of the kinds that can serve a need and are there, those that offer least beyond it. */
export const homesOf = (needs: Needs): Matrix => {
  const { kinds } = needs.draft;
  const workers = workersByKind(needs.draft);
  return needs.demands.map(({ needs: named }, i) => {
    const beyond = kinds.map(({ offers }, kind) =>
      needs.serves[i]?.[kind] === 1 && (workers[kind] ?? 0) > 0 ? surplusOf(offers, named) : Infinity,
    );
    const least = Math.min(...beyond);
    return Uint8Array.from(beyond, (names) => (names === least && names < Infinity ? 1 : 0));
  });
};
