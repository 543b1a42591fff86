/** Kinds of scenarios: by name, what a seed stands for. */
import { exampleOf } from './example.ts';
import { loadOf } from './load.ts';
import { scenarioOf } from './scenario.ts';
import type { Scenario } from './scenario.ts';

export type FamilyName = 'storm' | 'example' | 'load';

export const FAMILIES: Readonly<Record<FamilyName, (seed: number) => Scenario>> = {
  storm: scenarioOf,
  example: exampleOf,
  load: loadOf,
};
