/** Why the fleet has the size it has, and what would change it. */
import type { Instant } from '@muster/protocol/ids';
import type { DecisionFacts, ExplainAnswer, ExplainSection, OutlookFacts, ScaleFacts } from '../explain.ts';
import { decide } from '../scaling/decide.ts';
import { NO_MEMORY } from '../scaling/limits/memory.ts';
import type { Tuning } from '../scaling/tuning.ts';
import { isResting } from '../scheduler/breaker.ts';
import { GROUP_PHASES } from '../scheduler/group.ts';
import { idleOf } from '../scheduler/idle.ts';
import type { SchedulerState } from '../scheduler/state.ts';
import { policyLine, waitingRows, whyNoStart } from '../scheduler/status.ts';
import { viewOf } from '../scheduler/view.ts';
import { cut, plural, showAgo, showCount, showDuration } from '../words.ts';
import { changeLine, decisionFacts } from './decisions.ts';
import { outlook } from './outlook.ts';

const EARLIER_SHOWN_MAX = 8;
const FACTS_DECISIONS_MAX = 50;
/** Of what there may be hundreds: shown below each other, and in one sentence. */
const LINES_MAX = 10;
const NAMED_MAX = 3;

type ScaleAnswer = Extract<ExplainAnswer, { readonly what: 'scale' }>;

export const explainScale = (state: SchedulerState, now: Instant): ScaleAnswer => {
  const facts = factsOf(state, now);
  const latest = latestOf(state, facts.decisions);
  const earlier = facts.decisions.filter((decision) => decision !== latest);
  return {
    what: 'scale',
    found: true,
    headline: headline(state, facts, latest),
    sections: [
      { title: 'Now', lines: nowLines(facts) },
      ...(latest === undefined ? [] : [{ title: 'The latest decision', lines: decisionLines(latest) }]),
      waitingSection(state, now),
      { title: 'What would change it', lines: outlookLines(state, facts, now) },
      {
        title: 'Before that',
        lines: earlier.slice(0, EARLIER_SHOWN_MAX).map(earlierLine),
      },
    ].filter(({ lines }) => lines.length > 0),
    facts,
  };
};

/** Of the side that there is work on; ours when there is none. */
const latestOf = (
  { own, stock }: SchedulerState,
  decisions: readonly DecisionFacts[],
): DecisionFacts | undefined => {
  const side = own.tasks === 0 && stock.tasks > 0 ? 'stock' : 'own';
  return decisions.find((decision) => decision.side === side) ?? decisions[0];
};

const factsOf = (state: SchedulerState, now: Instant): ScaleFacts => {
  const groups = { requested: 0, running: 0, draining: 0, stopping: 0 };
  for (const { phases } of state.adapters.values())
    for (const phase of GROUP_PHASES) groups[phase] += phases[phase];
  return {
    policy: policyLine(state),
    uptimeMs: now - state.startedAt,
    unfinished: state.own.tasks + state.stock.tasks,
    waiting: state.counts.waiting,
    workers: state.workers.size,
    groups,
    askedAgainInMs: state.scalingTimer.armed ? Math.max(0, state.scalingTimer.at - now) : undefined,
    decisions: decisionFacts(state, now).slice(0, FACTS_DECISIONS_MAX),
    releasableInMs: releasableIn(state, now),
    outlook: outlooks(state, now),
  };
};

/** Policies decide otherwise under compat=stock: one step for each heartbeat. */
const outlooks = (state: SchedulerState, now: Instant): readonly OutlookFacts[] => {
  const { compat, policy } = state.config;
  if (compat === 'stock' || policy.scaling === 'no' || state.shutdown !== undefined) return [];
  return [true, false].flatMap((own) => {
    const view = { ...viewOf(state, own), now };
    if (view.adapters.length === 0) return [];
    return outlook(view, own ? 'own' : 'stock', (asked) => decide(policy, asked, NO_MEMORY));
  });
};

const releasableIn = (state: SchedulerState, now: Instant): number | undefined => {
  let at = Number.POSITIVE_INFINITY;
  for (const adapter of state.adapters.values()) {
    if (!adapter.up) continue;
    for (const supply of adapter.supplies.values())
      for (const group of idleOf(state, supply)) at = Math.min(at, group.releasableAt);
  }
  return Number.isFinite(at) ? Math.max(0, at - now) : undefined;
};

const headline = (state: SchedulerState, facts: ScaleFacts, latest: DecisionFacts | undefined): string => {
  if (state.shutdown !== undefined)
    return `The scheduler is shutting down (${state.shutdown.reason}): no groups are started.`;
  if (state.config.policy.scaling === 'no')
    return 'The fleet keeps its size: scaling=no starts and stops nothing.';
  if (latest === undefined) return 'Nothing has been decided yet: there was no task and no adapter.';
  const changed = latest.changes.filter(({ from, to }) => from !== to);
  const { requested } = facts.groups;
  if (changed.length === 0)
    return `The fleet keeps its size${requested === 0 ? '' : `, ${plural(requested, 'group')} still starting`}: ${latest.reason}${inTheWay(latest)}.`;
  const by = latest.changes.reduce((sum, { from, to }) => sum + to - from, 0);
  const how =
    by === 0 ? 'was rearranged' : `${by > 0 ? 'grew' : 'shrank'} by ${plural(Math.abs(by), 'group')}`;
  return `The fleet ${how} ${showAgo(latest.agoMs)}: ${latest.reason}${inTheWay(latest)}.`;
};

const inTheWay = ({ blockedBy }: DecisionFacts): string =>
  blockedBy.length === 0 ? '' : `; in its way: ${cut(blockedBy, NAMED_MAX).join('; ')}`;

const nowLines = (facts: ScaleFacts): readonly string[] => {
  const phases = GROUP_PHASES.filter((phase) => facts.groups[phase] > 0).map(
    (phase) => `${facts.groups[phase]} ${phase}`,
  );
  return [
    `${plural(facts.unfinished, 'unfinished task')}, ${showCount(facts.waiting)} of them waiting, and ${plural(facts.workers, 'worker')}`,
    phases.length === 0 ? 'no groups' : `groups: ${phases.join(', ')}`,
    `policy: ${facts.policy}`,
  ];
};

const decisionLines = (decision: DecisionFacts): readonly string[] => [
  `${showAgo(decision.agoMs)} (${decision.policy}, rule ${decision.rule}): ${decision.reason}`,
  ...cut(
    decision.changes
      .filter(({ from, to, limit }) => from !== to || limit !== '')
      .map((change) => changeLine(change)),
    LINES_MAX,
  ),
  ...(decision.blockedBy.length === 0
    ? []
    : [`in its way: ${cut(decision.blockedBy, LINES_MAX).join('; ')}`]),
  ...(decision.alternatives.length === 0
    ? []
    : [`not chosen: ${cut(decision.alternatives, LINES_MAX).join('; ')}`]),
];

const earlierLine = (decision: DecisionFacts): string => {
  const changes = decision.changes.filter(({ from, to }) => from !== to).map((change) => changeLine(change));
  const what = changes.length === 0 ? 'no change' : cut(changes, NAMED_MAX).join(', ');
  return `${showAgo(decision.agoMs).padStart(16)}  ${what}: ${decision.reason}`;
};

const waitingSection = (state: SchedulerState, now: Instant): ExplainSection => ({
  title: 'What waits',
  lines: cut(
    waitingRows(state, now).map(
      ({ needs, count, reason }) =>
        `${plural(count, 'task')}${needs.length === 0 ? '' : ` that ${count === 1 ? 'needs' : 'need'} ${needs.join(', ')}`}: ${reason}`,
    ),
    LINES_MAX,
  ),
});

const outlookLines = (state: SchedulerState, facts: ScaleFacts, now: Instant): readonly string[] => {
  if (state.shutdown !== undefined || state.config.policy.scaling === 'no') return [];
  const adapters = [...state.adapters.values()];
  const blocked = adapters
    .filter((adapter) => !adapter.up || isResting(adapter, now))
    .map((adapter) => whyNoStart(state, adapter, now));
  return [
    ...facts.outlook.flatMap(outlookWords),
    ...(facts.groups.requested + facts.groups.running === 0 ? [] : windowLines(state.config.policy.tuning)),
    ...(adapters.length === 0
      ? ['An adapter: none has said hello, so no group can be started (muster adapter native ADDRESS).']
      : cut(blocked, LINES_MAX)),
    ...(facts.releasableInMs === undefined
      ? []
      : [
          facts.releasableInMs === 0
            ? 'A group has been idle for long enough to be let go.'
            : `The first of the idle groups may be let go in ${showDuration(facts.releasableInMs)}.`,
        ]),
    askedAgainLine(state, facts),
  ];
};

const askedAgainLine = ({ config }: SchedulerState, { askedAgainInMs }: ScaleFacts): string => {
  if (config.compat === 'stock' || config.policy.tuning.decideOn === 'heartbeat')
    return 'The policy is asked again at the next heartbeat of an adapter.';
  return askedAgainInMs === undefined
    ? 'The policy is asked again when tasks, workers, groups or adapters change.'
    : `The policy is asked again in ${showDuration(askedAgainInMs)}, or when something changes.`;
};

const windowLines = ({ upWindowMs, downWindowMs, minGroups, warmGroups }: Tuning): readonly string[] => [
  ...(upWindowMs > 0
    ? [`It grows only to what was needed all through ${showDuration(upWindowMs)} (up_window).`]
    : []),
  ...(downWindowMs === 0
    ? []
    : [
        downWindowMs === undefined
          ? 'It shrinks only to what was not needed for as long as a group takes to start (down_window=auto).'
          : `It shrinks only to what was not needed for ${showDuration(downWindowMs)} (down_window).`,
      ]),
  ...(minGroups > 0 ? [`It never has fewer than ${plural(minGroups, 'group')} (min_groups).`] : []),
  ...(warmGroups > 0
    ? [`It keeps ${plural(warmGroups, 'idle group')} beside the busy ones while there is work (warm_groups).`]
    : []),
];

const outlookWords = ({
  needs,
  unfinished,
  growsAt,
  growthBlockedBy,
  shrinksAt,
}: OutlookFacts): readonly string[] => {
  const of = needs.length === 0 ? '' : ` that need ${needs.join(', ')}`;
  const tasks = `unfinished tasks${of}`;
  const so = (count: number): string => `${plural(count, 'unfinished task')}${of}`;
  return [
    growsAt === undefined
      ? `No number of ${tasks} would start another group${growthBlockedBy === '' ? '' : `: ${growthBlockedBy}`}.`
      : growsAt <= unfinished
        ? `It is about to grow for ${so(unfinished)}.`
        : `It grows at ${so(growsAt)} (now ${showCount(unfinished)}).`,
    ...(shrinksAt === undefined
      ? []
      : [
          shrinksAt === unfinished
            ? 'It shrinks as soon as a group has been idle for long enough.'
            : `It shrinks at ${shrinksAt === 0 ? 'no' : `${showCount(shrinksAt)} or fewer`} ${tasks}, when a group has been idle for long enough.`,
        ]),
  ];
};
