/** A worker group's life: why it was started, what it did, why it ended, and what comes next. */
import { showId } from '@muster/protocol/ids';
import type { Instant } from '@muster/protocol/ids';
import type { ExplainAnswer, ExplainSection, GroupFacts } from '../explain.ts';
import type { Group } from '../scheduler/group.ts';
import type { GroupLife } from '../scheduler/history.ts';
import { idleOf } from '../scheduler/idle.ts';
import type { SchedulerState } from '../scheduler/state.ts';
import { plural, showAgo, showCount, showDuration } from '../words.ts';
import { findByName, groupText } from './find.ts';
import { quoted, several, unknownGroup } from './nothing.ts';

const GONE_SHOWN_MAX = 10;
const LIVING_SHOWN_MAX = 40;
const WORKERS_SHOWN_MAX = 20;

type GroupAnswer = Extract<ExplainAnswer, { readonly what: 'group' }>;

export const explainGroup = (state: SchedulerState, text: string, now: Instant): GroupAnswer => {
  const lives = [...[...state.groups.values()].map((group) => group.life), ...[...state.lives].reverse()];
  const found = findByName(lives, (life) => showId(life.id), groupText(text));
  const nothing = { what: 'group' as const, found: false, facts: undefined };
  if (found.kind === 'one') {
    const facts = factsOf(state, found.value, now);
    return { what: 'group', found: true, facts, ...words(state, facts) };
  }
  if (found.kind === 'many') {
    const shown = found.values.map((life) => showId(life.id));
    return {
      ...nothing,
      headline: several('group', 'begin with', text, found),
      sections: [{ title: 'Which one', lines: shown }],
    };
  }
  return {
    ...nothing,
    headline: `No group is known by ${quoted(text)}.`,
    sections: [unknownGroup(state, now, groupText(text))],
  };
};

export const explainGroups = (state: SchedulerState, now: Instant): GroupAnswer => {
  const living = [...state.groups.values()]
    .slice(0, LIVING_SHOWN_MAX)
    .map((group) => factsOf(state, group.life, now));
  const more = state.groups.size - living.length;
  const gone = [...state.lives]
    .reverse()
    .slice(0, GONE_SHOWN_MAX)
    .map((life) => factsOf(state, life, now));
  const line = (group: GroupFacts): string =>
    `${group.id}  ${group.phase}, for ${showDuration(group.sinceMs)}, ${plural(group.workers.length, 'worker')}: ${group.reason}`;
  return {
    what: 'group',
    found: true,
    headline: `${plural(state.groups.size, 'group is', 'groups are')} here, ${plural(state.lives.pushed, 'group is', 'groups are')} gone since this scheduler started.`,
    sections: [
      ...(living.length === 0
        ? []
        : [
            {
              title: 'Here',
              lines: [...living.map(line), ...(more > 0 ? [`… and ${showCount(more)} more`] : [])],
            },
          ]),
      ...(gone.length === 0
        ? []
        : [
            {
              title: 'Gone, latest first',
              lines: gone.map((one) => `${one.id}  ${showAgo(one.sinceMs)}: ${endReason(one)}`),
            },
          ]),
    ],
    facts: { groups: [...living, ...gone] },
  };
};

const factsOf = (state: SchedulerState, life: GroupLife, now: Instant): GroupFacts => {
  const group = state.groups.get(life.id);
  const last = life.changes.at(-1);
  const isHere = group !== undefined && group.life === life;
  return {
    id: showId(life.id),
    adapter: showId(life.adapter),
    own: life.own,
    phase: last?.phase ?? 'gone',
    sinceMs: now - (last?.at ?? now),
    reason: last?.reason ?? '',
    life: life.changes.map(({ at, phase, reason }) => ({ agoMs: now - at, phase, reason })),
    forgotten: life.forgotten,
    ...(isHere
      ? hereFacts(state, group, now)
      : {
          nativeId: '',
          capabilities: [],
          workers: [],
          idleMs: undefined,
          releasableInMs: undefined,
          deadlineInMs: undefined,
        }),
  };
};

const hereFacts = (
  state: SchedulerState,
  group: Group,
  now: Instant,
): Pick<
  GroupFacts,
  'nativeId' | 'capabilities' | 'workers' | 'idleMs' | 'releasableInMs' | 'deadlineInMs'
> => ({
  nativeId: group.nativeId,
  capabilities: [...group.capabilities.keys()].map(showId).sort(),
  workers: [...group.workers].map(({ id, holds, phase }) => ({ id: showId(id), held: holds.length, phase })),
  idleMs: group.idleSince === undefined ? undefined : now - group.idleSince,
  releasableInMs: releasableIn(state, group, now),
  deadlineInMs: group.timer.armed ? Math.max(0, group.timer.at - now) : undefined,
});

const releasableIn = (state: SchedulerState, group: Group, now: Instant): number | undefined => {
  if (group.idleSince === undefined) return undefined;
  for (const { id, releasableAt } of idleOf(state, group.supply))
    if (id === group.id) return Math.max(0, releasableAt - now);
  return undefined;
};

const words = (
  state: SchedulerState,
  facts: GroupFacts,
): { readonly headline: string; readonly sections: readonly ExplainSection[] } => {
  const [birth] = facts.life;
  const end = facts.life.at(-1);
  const headline =
    facts.phase === 'gone'
      ? `Group ${facts.id} has been gone for ${showDuration(facts.sinceMs)}: ${endReason(facts)}.`
      : `Group ${facts.id} has been ${facts.phase} for ${showDuration(facts.sinceMs)}${isDeserted(facts) ? ', but none of its workers is here' : `: ${facts.reason}`}.`;
  const livedMs = (birth?.agoMs ?? 0) - (facts.phase === 'gone' ? (end?.agoMs ?? 0) : 0);
  const offers = facts.capabilities.length === 0 ? '' : `, asked for with ${facts.capabilities.join(', ')}`;
  const next = nextLines(state, facts);
  return {
    headline,
    sections: [
      {
        title: 'Its life',
        lines: lifeLines(facts),
      },
      {
        title: 'What it is',
        lines: [
          `A group of adapter ${facts.adapter}${facts.own ? '' : ' (stock)'}${offers}${facts.nativeId === '' ? '' : `; at the provider: ${facts.nativeId}`}.`,
          `It ${facts.phase === 'gone' ? 'lived' : 'has lived'} for ${showDuration(livedMs)}.`,
          ...workerLines(facts),
        ],
      },
      ...(next.length === 0 ? [] : [{ title: 'What happens next', lines: next }]),
    ],
  };
};

const isDeserted = ({ phase, workers }: GroupFacts): boolean => phase === 'running' && workers.length === 0;

/** That it is not listed any more says little: why it was stopped says more. */
const endReason = ({ life }: GroupFacts): string => {
  const why =
    life.findLast(({ phase }) => phase === 'draining') ?? life.findLast(({ phase }) => phase === 'stopping');
  const last = life.at(-1)?.reason ?? '';
  return why === undefined || why.reason === last ? last : `${why.reason}; then ${last}`;
};

const lifeLines = ({ life, forgotten }: GroupFacts): readonly string[] => {
  const lines = life.map(({ agoMs, phase, reason }) =>
    `${showAgo(agoMs).padStart(16)}  ${phase.padEnd(9)}  ${reason}`.trimEnd(),
  );
  if (forgotten > 0) lines.splice(1, 0, `… ${plural(forgotten, 'change')} of phase not remembered`);
  return lines;
};

const workerLines = ({ workers, phase, idleMs }: GroupFacts): readonly string[] => {
  if (phase === 'gone') return [];
  const held = workers.reduce((sum, worker) => sum + worker.held, 0);
  const count =
    workers.length === 0
      ? `None of its workers is here${phase === 'requested' ? ' yet' : ''}.`
      : `${plural(workers.length, 'worker is', 'workers are')} here and ${workers.length === 1 ? 'holds' : 'hold'} ${plural(held, 'task')}${idleMs === undefined ? '' : `; idle for ${showDuration(idleMs)}`}.`;
  return [
    count,
    ...workers
      .slice(0, WORKERS_SHOWN_MAX)
      .map(
        ({ id, held: mine, phase: how }) =>
          `${id}  ${plural(mine, 'task')}${how === 'active' ? '' : `, ${how}`}`,
      ),
    ...(workers.length > WORKERS_SHOWN_MAX
      ? [`… and ${plural(workers.length - WORKERS_SHOWN_MAX, 'more worker')}`]
      : []),
  ];
};

const nextLines = (state: SchedulerState, facts: GroupFacts): readonly string[] => {
  const due = facts.deadlineInMs === undefined ? '' : showDuration(facts.deadlineInMs);
  switch (facts.phase) {
    case 'requested':
      return [
        due === ''
          ? 'It runs when the first of its workers is here.'
          : `It runs when the first of its workers is here; when none has come in ${due}, it is given up and stopped.`,
      ];
    case 'running':
      if (due !== '' && facts.workers.length === 0)
        return [`When no worker of it is here in ${due}, it is stopped.`];
      if (facts.idleMs === undefined) return ['It holds tasks, so scale-down does not choose it.'];
      return [
        facts.releasableInMs === undefined || facts.releasableInMs === 0
          ? 'It may be let go when fewer groups are needed.'
          : `It may be let go in ${showDuration(facts.releasableInMs)}, when fewer groups are needed then.`,
      ];
    case 'draining':
      return [
        'Its workers get no new tasks; when they hold none, it is stopped.',
        ...(due === '' ? [] : [drainLine(state, facts, due)]),
      ];
    case 'stopping':
      return due === '' ? [] : [`When it is not gone in ${due}, its adapter is told again.`];
    default:
      return [];
  }
};

/** P4: saving money never kills a running task. */
const drainLine = (state: SchedulerState, { id }: GroupFacts, due: string): string => {
  for (const group of state.groups.values()) {
    if (showId(group.id) !== id || group.state.phase !== 'draining') continue;
    if (group.state.cause === 'scaleDown')
      return `When a task still runs in ${due}, the drain is called off and the group stays.`;
  }
  return `When a task still runs in ${due}, the group is stopped all the same, and the task runs elsewhere.`;
};
