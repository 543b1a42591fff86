/** The stated load of `npm run bench -- sim`: 2 adapters with 20 groups, 10 tasks a second, 10 faults a minute. */
import { policyOf } from '@muster/core/policy-content';
import { adapterId } from '@muster/protocol/ids';
import { FAULT_NAMES } from './faults.ts';
import type { Incident } from './incidents.ts';
import { Random } from './random.ts';
import { scenarioOf } from './scenario.ts';
import type { Scenario } from './scenario.ts';

const MINUTES = 5;
const GROUPS = 20;
const TASKS_PER_SECOND = 10;
const FAULTS_PER_MINUTE = 10;
const POLICY = 'allocate=even_load; scaling=target; min_groups=20';

export const loadOf = (seed: number): Scenario => {
  const base = scenarioOf(seed);
  const random = new Random(seed * 19 + 1);
  const [first] = base.adapters;
  if (first === undefined) throw new Error(`seed ${seed} has no adapter`);
  const plain = new Map<string, number>();
  const groupsMax = GROUPS / 2;
  const caps = { ...first.config.caps, groupsMax, vcpusMax: 100, dollarsPerHourMax: 100 };
  const { offers: _, ...settings } = first.config;
  const adapters = ['adapter-0', 'adapter-1'].map((name) => ({
    provider: { ...first.provider, name: `provider of ${name}`, groupsMax, caps, capabilities: plain },
    config: {
      ...settings,
      adapterId: adapterId(name),
      caps,
      capabilities: plain,
      workersPerGroup: 1,
    },
  }));
  const incidents = incidentsOf(random);
  return {
    ...base,
    codec: false,
    policyText: POLICY,
    scheduler: { ...base.scheduler, compat: 'own', policy: policyOf(POLICY) },
    adapters,
    late: [],
    island: undefined,
    statics: { own: 0, stock: 0 },
    stockFaults: false,
    clients: 1,
    needs: [plain],
    taskMinMs: 100,
    taskMs: 1_000,
    incidents,
    tasks: MINUTES * 60 * TASKS_PER_SECOND,
    faults: MINUTES * FAULTS_PER_MINUTE,
    stormMs: MINUTES * 60_000,
  };
};

const incidentsOf = (random: Random): readonly Incident[] => {
  const list: Incident[] = [];
  const seed = (): number => random.int(1, 0x7fffffff);
  for (let second = 0; second < MINUTES * 60; second++)
    list.push({ kind: 'submit', at: second * 1_000, seed: seed(), client: 0, tasks: TASKS_PER_SECOND });
  for (let fault = 0; fault < MINUTES * FAULTS_PER_MINUTE; fault++) {
    const name = random.pick(FAULT_NAMES) ?? 'cut';
    list.push({ kind: 'fault', at: random.int(500, MINUTES * 60_000), seed: seed(), name });
  }
  return list.sort((one, other) => one.at - other.at);
};
