/** One policy against one workload: the production scheduler in a modelled world, as fast as it computes. */
import type { PolicyConfig } from '@muster/core/scheduler-types';
import type { AdapterSpec } from './adapter.ts';
import { outcomeOf } from './outcome.ts';
import type { Outcome } from './outcome.ts';
import { schedulerConfig } from './settings.ts';
import type { Tasks } from './tasks.ts';
import { World } from './world/world.ts';

export interface SimulationSpec {
  readonly tasks: Tasks;
  readonly adapters: readonly AdapterSpec[];
  readonly policy: PolicyConfig;
  /** 'stock': the scheduler decides as Scaler 1.15.0 does. */
  readonly compat: 'own' | 'stock';
  readonly seed: number;
}

export interface Progress {
  readonly over: number;
  readonly tasks: number;
  readonly simulatedMs: number;
}

export interface Simulation {
  /** Goes on for at most that many steps. @returns whether it is over. */
  advance(steps: number): boolean;
  progress(): Progress;
  /** Once it is over. */
  outcome(): Outcome;
}

/** The same specification gives the same outcome, to the last bit. */
export const createSimulation = (spec: SimulationSpec): Simulation => {
  const world = new World({
    tasks: spec.tasks,
    adapters: spec.adapters,
    scheduler: schedulerConfig(spec.policy, spec.compat),
    seed: spec.seed,
  });
  let isClosed = false;
  return {
    advance: (steps) => {
      for (let step = 0; step < steps && !world.isOver; step++) world.step();
      return world.isOver;
    },
    progress: () => ({
      over: world.books.over,
      tasks: spec.tasks.count,
      simulatedMs: world.nowMs,
    }),
    outcome: () => {
      if (!isClosed) world.close();
      isClosed = true;
      return outcomeOf(world);
    },
  };
};

/** To the end, at once. */
export const simulate = (spec: SimulationSpec): Outcome => {
  const simulation = createSimulation(spec);
  while (!simulation.advance(1_000_000));
  return simulation.outcome();
};
