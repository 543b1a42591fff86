/** Words for tests: a scenario in one call. */
import { expect } from 'vitest';
import { generateTasks } from '../generate.ts';
import type { TraceSource } from '../generate.ts';
import type { Plan } from '../plan.ts';
import { parseScenario } from '../scenario.ts';
import type { ScenarioWords } from '../scenario.ts';
import { simulate } from '../simulation.ts';
import type { Outcome } from '../outcome.ts';
import { summaryOf } from '../work.ts';
import type { Parsed } from '../words/words.ts';

export const VANILLA = 'allocate=even_load; scaling=vanilla';

export const right = <T>(parsed: Parsed<T>): T => {
  if (parsed.kind === 'wrong') expect.fail(parsed.errors.join('\n'));
  return parsed.value;
};

export const wrong = (parsed: Parsed<unknown>): readonly string[] => {
  if (parsed.kind === 'ok') expect.fail(`nothing is wrong: ${JSON.stringify(parsed.value)}`);
  return parsed.errors;
};

export interface Scene extends Partial<ScenarioWords> {
  readonly workloads: readonly string[];
  readonly adapters: readonly string[];
  readonly files?: ReadonlyMap<string, TraceSource>;
}

export const play = (scene: Scene): Plan => {
  const scenario = right(parseScenario({ policies: [VANILLA], compat: 'own', seed: 1, ...scene }));
  const tasks = right(generateTasks(scenario.workloads, scenario.seed, scene.files ?? new Map()));
  const lines = scenario.cases.map((one) => ({
    case: one,
    outcome: simulate({
      tasks,
      adapters: scenario.adapters,
      policy: one.policy,
      compat: one.compat,
      seed: scenario.seed,
    }),
  }));
  return { scenario, work: summaryOf(tasks), lines };
};

/** Of the one policy, or of that at the place. */
export const outcomeOf = (plan: Plan, at = 0): Outcome => {
  const line = plan.lines[at];
  if (line === undefined) expect.fail(`there is no policy ${at}`);
  return line.outcome;
};
