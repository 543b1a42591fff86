/** The shortest list of incidents that still breaks the promise: halves, quarters, … are left out as long as it breaks. */
import type { Incident } from './incidents.ts';
import { runScenario } from './run.ts';
import type { SeedFailure } from './run.ts';
import type { Scenario } from './scenario.ts';

/** A run takes some 50 ms: the list is as short as this many of them make it. */
const RUNS_MAX = 300;

export interface Minimised {
  readonly scenario: Scenario;
  readonly failure: SeedFailure;
  readonly runs: number;
}

const WATCHED = { checks: true, replays: false, tells: 'nothing' } as const;

export const minimise = (scenario: Scenario, failure: SeedFailure): Minimised => {
  let runs = 0;
  let best = { scenario, failure };
  const breaks = (incidents: readonly Incident[]): boolean => {
    if (runs >= RUNS_MAX) return false;
    runs++;
    const shorter = { ...scenario, incidents };
    const found = runScenario(shorter, WATCHED).failure;
    if (found?.promise !== failure.promise) return false;
    best = { scenario: shorter, failure: found };
    return true;
  };
  let list = scenario.incidents;
  let parts = 2;
  while (list.length > 1 && runs < RUNS_MAX) {
    const size = Math.ceil(list.length / parts);
    const kept = without(list, size).find(breaks);
    if (kept !== undefined) {
      list = kept;
      parts = Math.max(2, parts - 1);
    } else if (size > 1) parts = Math.min(list.length, parts * 2);
    else break;
  }
  return { ...best, runs };
};

/** The list without its first `size` entries, without the next ones, and so on. */
const without = (list: readonly Incident[], size: number): readonly (readonly Incident[])[] => {
  const shorter: Incident[][] = [];
  for (let at = 0; at < list.length; at += size)
    shorter.push([...list.slice(0, at), ...list.slice(at + size)]);
  return shorter;
};
