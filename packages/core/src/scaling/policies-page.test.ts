import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { adapter, view } from '../../test/scaling-view.ts';
import type { DemandGiven } from '../../test/scaling-view.ts';
import { POLICY_KEYS, policyOf } from '../policy-content.ts';
import { decide } from './decide.ts';
import { NO_MEMORY } from './limits/memory.ts';
import { liveOf } from './view.ts';
import type { AdapterView } from './view.ts';

const PAGE = readFileSync(new URL('../../../../docs/policies.md', import.meta.url), 'utf8');

const cells = (line: string): readonly string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim().replaceAll('`', ''));

/** Rows of all tables that begin with this heading. */
const rowsOf = (heading: string): readonly (readonly string[])[] => {
  const rows: (readonly string[])[] = [];
  let inside = false;
  for (const line of PAGE.split('\n')) {
    if (line.startsWith(`| ${heading} |`)) inside = true;
    else if (!line.startsWith('|')) inside = false;
    else if (inside && !line.startsWith('|-')) rows.push(cells(line));
  }
  return rows;
};

/** `15 of 6 s` or `50 gpu`. */
const demandsOf = (text: string): readonly DemandGiven[] =>
  text.split(';').map((part) => {
    const [, count = '', seconds, needs = ''] = /^(\d+)(?: of (\d+) s)?(?: (\S+))?$/.exec(part.trim()) ?? [];
    const tasks = Number(count);
    const eachMs = Number(seconds) * 1_000;
    return seconds === undefined
      ? { tasks, needs }
      : { tasks, needs, waitingMs: tasks * eachMs, slowestMs: eachMs };
  });

/** `cloud[gpu] 3/20 x4 $1 idle 2 starts 1 boot 40 s` */
const FLEET =
  /^(\w+)(?:\[(\w+)\])? (\d+)\/(\d+)(?: x(\d+))?(?: \$(\d+))?(?: idle (\d+))?(?: starts (\d+))?(?: boot (\d+) s)?$/;
const adapterOf = (text: string): AdapterView => {
  const match = FLEET.exec(text.trim());
  if (match === null) throw new Error(`not a fleet: ${text}`);
  const [, key = '', offers = '', running, max, workers = '1', price = '0', idle = '0', starts = '0', boot] =
    match;
  return adapter({
    key,
    offers,
    running: Number(running),
    max: Number(max),
    workers: Number(workers),
    price: Number(price),
    idleMs: Array.from({ length: Number(idle) }, () => 600_000),
    requested: Number(starts),
    ...(boot === undefined ? {} : { startMs: Number(boot) * 1_000 }),
  });
};

describe('docs/policies.md', () => {
  const examples = rowsOf('policy content');

  it('has examples of every policy', () => {
    const names = new Set(examples.map(([content = '']) => policyOf(content).scaling));
    expect([...names]).toEqual(['vanilla', 'capability', 'fixed_elastic', 'target', 'waterfall']);
  });

  it.each(examples)('%s: %s on %s: %s', (content = '', tasks = '', fleet = '', then = '') => {
    const policy = policyOf(content);
    const { upperTaskRatio: upper, lowerTaskRatio: lower, tuning } = policy;
    // One task is with each busy worker; the examples say of idle ones how many there are.
    const adapters = fleet.split(';').map(adapterOf);
    const busy = adapters.some((one) => one.supplies.some((supply) => [...supply.idle].length > 0));
    const demands = demandsOf(tasks).map((one) => (busy ? { ...one, waiting: 0 } : one));
    const given = view(demands, adapters, { upper, lower, tuning });
    const wanted = decide(policy, given, NO_MEMORY).targets.filter(
      ({ groups, adapter: key }) => groups !== liveOf(adapters.find((one) => one.key === key)!.supplies[0]!),
    );
    expect(wanted.map(({ adapter: key, groups }) => `${key} ${groups}`).join('; ') || 'nothing').toBe(then);
  });

  it('lists every key', () => {
    const listed = rowsOf('key').map(([key = '']) => key);
    expect(['allocate', 'scaling', ...listed.filter((key) => key !== '')]).toEqual([...POLICY_KEYS]);
  });
});
