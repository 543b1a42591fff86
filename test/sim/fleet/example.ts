/**
 * The example of `npm start` over and over: 26 photographs of about a second each, groups of two workers, one policy
 * after the other, and now and then something that goes wrong. What must never happen is that scaling down ends a
 * running task, or that the fleet flaps.
 */
import { policyOf } from '@muster/core/policy-content';
import { FAULT_NAMES } from './faults.ts';
import type { Incident } from './incidents.ts';
import { Random } from './random.ts';
import { scenarioOf } from './scenario.ts';
import type { Scenario } from './scenario.ts';

const POLICIES = [
  'allocate=even_load; scaling=vanilla; upper_task_ratio=4; lower_task_ratio=1',
  'allocate=capability; scaling=capability',
  'allocate=even_load; scaling=target',
] as const;
const PHOTOGRAPHS = 26;

export const exampleOf = (seed: number): Scenario => {
  const base = scenarioOf(seed);
  const random = new Random(seed * 17 + 3);
  const policyText = POLICIES[seed % POLICIES.length] ?? POLICIES[0];
  const stormMs = random.int(8_000, 30_000);
  const [first] = base.adapters;
  if (first === undefined) throw new Error(`seed ${seed} has no adapter`);
  const caps = { ...first.config.caps, groupsMax: 4, vcpusMax: 100, dollarsPerHourMax: 100 };
  const plain = new Map<string, number>();
  const bootMs = random.pick([100, 500, 3_000]) ?? 500;
  const provider = { ...first.provider, groupsMax: 4, caps, capabilities: plain, bootMs };
  const { offers: _, ...settings } = first.config;
  const config = { ...settings, caps, capabilities: plain, workersPerGroup: 2 };
  const incidents = incidentsOf(random, stormMs);
  return {
    ...base,
    codec: false,
    policyText,
    scheduler: { ...base.scheduler, compat: 'own', policy: policyOf(policyText), idleBeforeStopMs: 1_000 },
    adapters: [{ provider: { ...provider, worker: { ...provider.worker, tasksMax: 1_000 } }, config }],
    late: [],
    island: undefined,
    statics: { own: 0, stock: 0 },
    stockFaults: false,
    clients: 1,
    needs: [plain],
    taskMinMs: 500,
    taskMs: 2_000,
    incidents,
    tasks: incidents.reduce((sum, one) => sum + ('tasks' in one ? one.tasks : 0), 0),
    faults: incidents.filter((one) => one.kind === 'fault').length,
    stormMs,
  };
};

/** All at once, or in a few portions; a few faults in most seeds, none in some. */
const incidentsOf = (random: Random, stormMs: number): readonly Incident[] => {
  const list: Incident[] = [];
  const seed = (): number => random.int(1, 0x7fffffff);
  const portions = random.pick([1, 1, 2, 5, 26]) ?? 1;
  let left = PHOTOGRAPHS;
  for (let portion = 0; portion < portions; portion++) {
    const tasks = Math.ceil(left / (portions - portion));
    left -= tasks;
    const at = portion === 0 ? 100 : random.int(100, stormMs);
    list.push({ kind: 'submit', at, seed: seed(), client: 0, tasks });
  }
  for (let fault = random.int(0, 4); fault > 0; fault--) {
    const name = random.pick(FAULT_NAMES) ?? 'cut';
    list.push({ kind: 'fault', at: random.int(500, stormMs), seed: seed(), name });
  }
  return list.sort((one, other) => one.at - other.at);
};
