/** Everything that a plan is made of: what arrives, who can start groups for it, and which policies are compared. */
import { parsePolicyContent } from '@muster/core/policy-content';
import type { PolicyConfig } from '@muster/core/scheduler-types';
import { parseAdapter } from './adapter.ts';
import type { AdapterSpec } from './adapter.ts';
import { parseWorkload } from './workload.ts';
import type { Workload } from './workload.ts';
import type { Parsed } from './words/words.ts';

/** One line of the comparison. */
export interface Case {
  /** Short and different from the others. */
  readonly label: string;
  readonly text: string;
  readonly policy: PolicyConfig;
  readonly compat: 'own' | 'stock';
}

export interface Scenario {
  readonly workloads: readonly Workload[];
  readonly adapters: readonly AdapterSpec[];
  readonly cases: readonly Case[];
  readonly seed: number;
}

export interface ScenarioWords {
  readonly workloads: readonly string[];
  readonly adapters: readonly string[];
  /** None: those that this release has. */
  readonly policies: readonly string[];
  /** 'stock': each policy a second time, decided as Scaler 1.15.0 does. */
  readonly compat: 'own' | 'stock';
  readonly seed: number;
}

export const parseScenario = (words: ScenarioWords): Parsed<Scenario> => {
  const errors: string[] = [];
  const read = <T>(
    option: string,
    texts: readonly string[],
    parse: (text: string) => Parsed<T>,
  ): readonly T[] =>
    texts.flatMap((text) => {
      const parsed = parse(text);
      if (parsed.kind === 'ok') return [parsed.value];
      errors.push(...parsed.errors.map((error) => `${option} "${text}": ${error}`));
      return [];
    });
  const workloads = read('--workload', words.workloads, parseWorkload);
  const adapters = read('--adapter', words.adapters, parseAdapter);
  adapters.forEach(({ id, text }, index) => {
    if (adapters.findIndex((one) => one.id === id) < index)
      errors.push(`--adapter "${text}": another adapter is called ${id}`);
  });
  const texts = words.policies.length > 0 ? words.policies : standardPolicies(workloads, adapters);
  const policies = read('--policy', texts, (text): Parsed<{ text: string; policy: PolicyConfig }> => {
    const parsed = parsePolicyContent(text);
    return parsed.kind === 'ok' ? { kind: 'ok', value: { text, policy: parsed.policy } } : parsed;
  });
  const cases = casesOf(policies, words.compat);
  cases.forEach(({ label, text }, index) => {
    if (cases.findIndex((one) => one.label === label) < index)
      errors.push(`--policy "${text}": it is the same as another one`);
  });
  return errors.length > 0
    ? { kind: 'wrong', errors }
    : { kind: 'ok', value: { workloads, adapters, cases, seed: words.seed } };
};

const casesOf = (
  policies: readonly { readonly text: string; readonly policy: PolicyConfig }[],
  compat: 'own' | 'stock',
): readonly Case[] => {
  const isMixed = new Set(policies.map(({ policy }) => policy.allocate)).size > 1;
  const labels = policies.map(({ text }) => labelOf(text, isMixed));
  return policies.flatMap(({ text, policy }, index) => {
    const label = labels[index] ?? text;
    const own: Case = { label, text, policy, compat: 'own' };
    if (compat === 'own' || !STOCK.includes(policy.scaling)) return [own];
    return [own, { label: `${label} (stock)`, text, policy, compat: 'stock' }];
  });
};

/** What Scaler 1.15.0 has. */
const STOCK: readonly string[] = ['no', 'vanilla', 'capability', 'fixed_elastic'];

/** The scaling policy, with whatever else is said. */
const labelOf = (text: string, showsAllocation: boolean): string => {
  const settings = text.split(';').map((piece) => piece.trim().replaceAll(/\s*=\s*/g, '='));
  const rest = settings.filter(
    (one) => one !== '' && !one.startsWith('scaling=') && (showsAllocation || !one.startsWith('allocate=')),
  );
  const scaling = settings.find((one) => one.startsWith('scaling='))?.slice('scaling='.length) ?? '';
  return [scaling, ...rest].join(' ');
};

/** Of the policies that scale, those that this release has, with the allocation that fits the work. */
const standardPolicies = (
  workloads: readonly Workload[],
  adapters: readonly AdapterSpec[],
): readonly string[] => {
  const isSpecial =
    adapters.some(({ offers }) => offers.some((one) => one.offers.length > 0)) ||
    workloads.some((one) => one.kind === 'trace' || one.needs.some(({ needs }) => needs.length > 0));
  const allocate = isSpecial ? 'capability' : 'even_load';
  const hasPrimary = adapters.some(({ groupsMax }) => groupsMax === 1);
  const scaling = [
    'vanilla',
    'capability',
    ...(hasPrimary ? ['fixed_elastic'] : []),
    'target',
    ...(adapters.length > 1 ? [`waterfall; tiers=${adapters.map(({ id }) => id).join(',')}`] : []),
  ];
  return scaling
    .map((one) => `allocate=${allocate}; scaling=${one}`)
    .filter((text) => parsePolicyContent(text).kind === 'ok');
};
