/** Answers about what is not here: what is known all the same. */
import { epochOfGroup, groupId, showId } from '@muster/protocol/ids';
import type { Instant } from '@muster/protocol/ids';
import type { ExplainSection } from '../explain.ts';
import { LIVES_KEPT } from '../scheduler/history.ts';
import type { SchedulerState } from '../scheduler/state.ts';
import { ENDINGS_KEPT } from '../scheduler/task-history.ts';
import type { Found } from './find.ts';
import { plural, showAgo, showCount, showDuration } from '../words.ts';

const SHOWN_MAX = 60;
/** What somebody typed, not longer than it takes to see which one it was. */
export const quoted = (text: string): string =>
  `"${text.length <= SHOWN_MAX ? text : `${text.slice(0, SHOWN_MAX)}…`}"`;

/** @param how they fit what was typed: `begin with` */
export const several = (
  what: string,
  how: string,
  text: string,
  { count, values }: Extract<Found<unknown>, { readonly kind: 'many' }>,
): string =>
  `${count === undefined ? `At least ${values.length} ${what}s` : plural(count, what)} ${how} ${quoted(text)}: give more of the id.`;

const startLine = (state: SchedulerState, now: Instant): string =>
  `This scheduler (epoch ${state.config.epoch}) started ${showAgo(now - state.startedAt)}; what an earlier one did, it does not know.`;

const oldestEnding = (state: SchedulerState): Instant | undefined => {
  let oldest: Instant | undefined;
  for (const ending of state.endings.latest()) oldest = ending.at;
  return oldest;
};

export const unknownTask = (state: SchedulerState, now: Instant, partly: boolean): ExplainSection => {
  const { noted } = state.endings;
  const { waiting, assigned, canceling } = state.counts;
  const oldest = oldestEnding(state);
  const all =
    noted === 0
      ? 'No task has ended since it started'
      : `${plural(noted, 'task has', 'tasks have')} ended since it started, all of them remembered`;
  const remembered =
    noted <= ENDINGS_KEPT
      ? `${all}: it was never submitted here, or under another id (a retry has an id of its own).`
      : `Of ${plural(noted, 'task')} that ended, the last ${showCount(ENDINGS_KEPT)} are remembered: those of the last ${showDuration(now - (oldest ?? now))}. It ended before, or was never submitted here.`;
  return {
    title: 'What is known',
    lines: [
      `${plural(waiting + assigned + canceling, 'unfinished task is', 'unfinished tasks are')} here, and it is none of them.`,
      ...(partly ? ['Not all of them were looked at for an id that is not whole: give the whole id.'] : []),
      remembered,
      startLine(state, now),
    ],
  };
};

export const unknownGroup = (state: SchedulerState, now: Instant, text: string): ExplainSection => {
  const epoch = epochOfGroup(groupId(text));
  const number = Number(/-(\d+)$/.exec(text)?.[1] ?? Number.NaN);
  const lines: string[] = [];
  if (epoch !== undefined && epoch !== state.config.epoch)
    lines.push(
      `It is of an earlier scheduler (epoch ${epoch}) or of another one; none of its adapters lists it here.`,
    );
  else if (epoch !== undefined && number > state.groupsMinted)
    lines.push(
      state.groupsMinted === 0
        ? 'This scheduler has not asked for a group yet.'
        : `This scheduler has asked for ${plural(state.groupsMinted, 'group')} so far; the latest is g-${epoch}-${state.groupsMinted}.`,
    );
  else if (state.lives.pushed > LIVES_KEPT)
    lines.push(
      `Of ${plural(state.lives.pushed, 'group')} that are gone, the last ${LIVES_KEPT} are remembered.`,
    );
  const living = [...state.groups.values()].map((group) => showId(group.id));
  lines.push(
    living.length === 0
      ? 'No group is here now.'
      : `${plural(living.length, 'group is', 'groups are')} here now: ${living.slice(0, 10).join(', ')}${living.length > 10 ? ', …' : ''}.`,
    startLine(state, now),
  );
  return { title: 'What is known', lines };
};
