/** What an adapter may be asked for, and what stands in its way. */
import { showId } from '@muster/protocol/ids';
import type { Instant } from '@muster/protocol/ids';
import type { AdapterFacts, ExplainAnswer } from '../explain.ts';
import type { Adapter } from '../scheduler/adapter.ts';
import { roomOf } from '../scheduler/breaker.ts';
import type { SchedulerState } from '../scheduler/state.ts';
import { cut, plural, showAgo, showCount, showDuration } from '../words.ts';
import { latestLines } from './decisions.ts';
import { findByName } from './find.ts';
import { quoted, several } from './nothing.ts';

const SHOWN_MAX = 100;

type AdapterAnswer = Extract<ExplainAnswer, { readonly what: 'adapter' }>;

export const explainAdapter = (state: SchedulerState, text: string, now: Instant): AdapterAnswer => {
  const found = findByName(state.adapters.values(), (adapter) => showId(adapter.key), text);
  const nothing = { what: 'adapter' as const, found: false, facts: undefined };
  if (found.kind === 'one') return answerAbout(state, found.value, now);
  const known = [...state.adapters.values()].map((adapter) => showId(adapter.key));
  if (found.kind === 'many')
    return {
      ...nothing,
      headline: several('adapter', 'begin with', text, found),
      sections: [{ title: 'Which one', lines: found.values.map((adapter) => showId(adapter.key)) }],
    };
  return {
    ...nothing,
    headline: `No adapter is known by ${quoted(text)}.`,
    sections: [
      {
        title: 'What is known',
        lines: [
          known.length === 0
            ? 'No adapter has said hello to this scheduler, so no group can be started.'
            : `These have said hello: ${cut(known, SHOWN_MAX).join(', ')}.`,
        ],
      },
    ],
  };
};

export const explainAdapters = (state: SchedulerState, now: Instant): AdapterAnswer => {
  const adapters = [...state.adapters.values()];
  const facts = adapters.slice(0, SHOWN_MAX).map((adapter) => factsOf(state, adapter, now));
  return {
    what: 'adapter',
    found: true,
    headline:
      adapters.length === 0
        ? 'No adapter has said hello to this scheduler, so no group can be started.'
        : `${plural(adapters.length, 'adapter')} can be asked for groups.`,
    sections:
      adapters.length === 0
        ? []
        : [
            {
              title: 'Adapters',
              lines: [
                ...facts.map(headline),
                ...(adapters.length > SHOWN_MAX
                  ? [`… and ${showCount(adapters.length - SHOWN_MAX)} more`]
                  : []),
              ],
            },
          ],
    facts: { adapters: facts },
  };
};

const factsOf = (state: SchedulerState, adapter: Adapter, now: Instant): AdapterFacts => {
  const { breaker } = adapter;
  const { room, limit } = roomOf(state, adapter);
  return {
    id: showId(adapter.key),
    own: adapter.own,
    heardAgoMs: now - adapter.lastSeen,
    up: adapter.up,
    groupsMax: adapter.groupsMax,
    workersPerGroup: adapter.workersPerGroup,
    offers: adapter.offers.map(({ name, capabilities, dollarsPerHour }) => ({
      name,
      capabilities: [...capabilities.keys()].map(showId).sort(),
      dollarsPerHour,
    })),
    groups: { ...adapter.phases },
    room,
    roomLimit: limit,
    startMs: adapter.startTimes.medianMs,
    failuresInARow: breaker.failures,
    restsForMs:
      breaker.restsUntil === undefined || breaker.restsUntil <= now ? undefined : breaker.restsUntil - now,
    trouble: adapter.says === '' ? breaker.trouble : adapter.says,
  };
};

const answerAbout = (state: SchedulerState, adapter: Adapter, now: Instant): AdapterAnswer => {
  const facts = factsOf(state, adapter, now);
  return {
    what: 'adapter',
    found: true,
    facts,
    headline: headline(facts),
    sections: [
      { title: 'What it is', lines: lines(facts) },
      { title: 'What scaling says', lines: latestLines(state, adapter.own, now) },
    ],
  };
};

const headline = (facts: AdapterFacts): string => {
  const name = `Adapter ${facts.id}`;
  if (!facts.up)
    return `${name} has not been heard for ${showDuration(facts.heardAgoMs)}, so it is not asked for groups.`;
  if (facts.room === 0)
    return `${name} can start no group now: ${facts.roomLimit === '' ? `it is at its limit of ${facts.groupsMax}` : facts.roomLimit}.`;
  return `${name} can start ${plural(facts.room, 'group')} now${facts.roomLimit === '' ? '' : ` (${facts.roomLimit})`}.`;
};

const lines = (facts: AdapterFacts): readonly string[] => {
  const { requested, running, draining, stopping } = facts.groups;
  return [
    `${facts.own ? 'An adapter of ours' : 'A stock adapter'}, heard ${showAgo(facts.heardAgoMs)}.`,
    `At most ${plural(facts.groupsMax, 'group')} of ${plural(facts.workersPerGroup, 'worker')} each: ${requested} requested, ${running} running, ${draining} draining, ${stopping} stopping.`,
    ...facts.offers.map(offerLine),
    ...(facts.startMs === undefined
      ? []
      : [`Its groups take ${showDuration(facts.startMs)} to start (median).`]),
    ...(facts.failuresInARow === 0 && facts.trouble === '' ? [] : [troubleLine(facts)]),
  ];
};

const offerLine = ({ name, capabilities, dollarsPerHour }: AdapterFacts['offers'][number]): string => {
  const offer = `It offers ${capabilities.length === 0 ? 'nothing special' : capabilities.join(', ')}`;
  return `${offer}${name === '' ? '' : ` (${name})`}${dollarsPerHour === 0 ? '' : `, for ${dollarsPerHour} dollars an hour`}.`;
};

const troubleLine = ({ failuresInARow, trouble, restsForMs }: AdapterFacts): string => {
  const rest = restsForMs === undefined ? '' : ` It rests for ${showDuration(restsForMs)}.`;
  return failuresInARow === 0
    ? `In trouble: ${trouble}.${rest}`
    : `${plural(failuresInARow, 'start')} failed in a row, the last one: ${trouble}.${rest}`;
};
