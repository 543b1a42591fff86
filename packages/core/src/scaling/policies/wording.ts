/** Plain words for decisions. Nothing in them counts down, so that a held decision is told once. */
import type { Capabilities } from '@muster/protocol/ids';
import type { Demand } from '../view.ts';
import type { Finding } from './draft.ts';

export const NOTHING_TO_DO: Finding = { rule: 'idle', words: 'nothing to do' };

export const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;

/** At most two digits after the point. */
export const round = (n: number): number => Math.round(n * 100) / 100;

export const seconds = (ms: number): string => `${Math.round(ms / 100) / 10} s`;

export const names = (capabilities: Capabilities): string => [...capabilities.keys()].sort().join('+');

/** `50 tasks that need gpu`. */
export const needing = ({ tasks, needs }: Demand): string =>
  `${count(tasks, 'task')} that ${tasks === 1 ? 'needs' : 'need'} ${names(needs) || 'nothing special'}`;

/** What a decision starts from. */
export const factsOf = (tasks: number, unservable: number, workers: number, starting: number): string => {
  const beyond = unservable > 0 ? ` (${unservable} more that nobody can serve)` : '';
  return `${count(tasks, 'task')}${beyond} on ${count(workers, 'worker')}${starting > 0 ? ` (${starting} starting)` : ''}`;
};
