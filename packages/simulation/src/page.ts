/** A plan as one self-contained HTML page: no script, no network, readable in light and dark. */
import { showMs } from './words/values.ts';
import { showSpread } from './words/spread.ts';
import { countAxis, frameOf, timeAxis } from './chart/axis.ts';
import type { Axis } from './chart/axis.ts';
import { showCount } from './words/values.ts';
import { showDollars, showShare, showTime } from './chart/numbers.ts';
import { colourOf, costName, tradeChart, waitsChart } from './chart/overview.ts';
import { chartStyle, PAGE_STYLE } from './chart/style.ts';
import { element, escapeText } from './chart/svg.ts';
import { groupsChart, queueChart } from './chart/timeline.ts';
import type { AdapterSpec } from './adapter.ts';
import type { Decision } from './world/decisions.ts';
import type { Line, Plan } from './plan.ts';
import { COLUMNS, remarksOf, showWork } from './report.ts';

const CHART = frameOf(540, 190);
const TRADE = frameOf(540, 262);
const WAITS = frameOf(540, 230);

const key = (names: readonly (readonly [string, string])[]): string =>
  `<div class="key">${names
    .map(([look, text]) => `<span><i class="dot ${look}"></i>${escapeText(text)}</span>`)
    .join('')}</div>`;

const cell = (tag: 'th' | 'td', text: string, look: string): string =>
  element(tag, { class: look === '' ? undefined : look }, text === '' ? '&#8203;' : escapeText(text));

/** What the best line of a column shows, where that tells it from others. */
const bestOf = (lines: readonly Line[], { measure, show }: (typeof COLUMNS)[number]): string | undefined => {
  if (measure === undefined) return undefined;
  const best = lines.toSorted((one, other) => (measure(one) ?? Infinity) - (measure(other) ?? Infinity))[0];
  const shown = best === undefined ? undefined : show(best);
  return lines.some((line) => show(line) !== shown) ? shown : undefined;
};

const table = (lines: readonly Line[]): string => {
  const head = COLUMNS.map(({ title, isLeft }) => cell('th', title, isLeft === true ? 'first' : ''));
  const bests = COLUMNS.map((column) => bestOf(lines, column));
  const rows = lines.map((line, index) => {
    const cells = COLUMNS.map(({ isLeft, show }, at) => {
      if (isLeft === true)
        return `<td class="first"><i class="dot ${colourOf(index)}"></i>${escapeText(show(line))}</td>`;
      return cell('td', show(line), show(line) === bests[at] ? 'best' : '');
    });
    return `<tr>${cells.join('')}</tr>`;
  });
  return `<table><thead><tr>${head.join('')}</tr></thead><tbody>${rows.join('')}</tbody></table>`;
};

const overview = (lines: readonly Line[]): string => {
  const dots = lines.map(({ case: { label } }, index) => [colourOf(index), label] as const);
  return `<div class="two">
<section class="card"><div class="head"><h3>${costName(lines)[0]?.toUpperCase() ?? ''}${costName(lines).slice(1)} and wait</h3><small>p95 wait up, ${costName(lines)} to the right: lower left is better</small></div>${tradeChart(TRADE, lines)}</section>
<section class="card"><div class="head"><h3>How long tasks waited</h3><small>share of the tasks that waited no longer</small></div>${waitsChart(WAITS, lines)}${key(dots)}</section>
</div>`;
};

interface Axes {
  readonly time: Axis;
  readonly groups: Axis;
  readonly queue: Axis;
}

/** The same for all policies, so that they can be compared by eye. */
export const axesOf = (lines: readonly Line[]): Axes => {
  const most = (pick: (line: Line) => number): number => Math.max(...lines.map(pick));
  const queued = ({ outcome }: Line): number =>
    outcome.series.queued.reduce((peak, point) => Math.max(peak, point.most), 0);
  return {
    time: timeAxis(
      most(({ outcome }) => outcome.activeMs),
      true,
    ),
    groups: countAxis(most(({ outcome }) => outcome.groupsPeak)),
    queue: countAxis(most(queued)),
  };
};

const decisionsOf = (decisions: readonly Decision[], all: number): string => {
  if (decisions.length === 0) return '';
  const rows = decisions.map(
    ({ atMs, adapter, from, to, reason }) =>
      `<tr>${cell('td', showTime(atMs), 'first')}${cell('td', adapter, 'words')}${cell('td', `${from} → ${to}`, '')}${cell('td', reason, 'words')}</tr>`,
  );
  const more =
    all > decisions.length
      ? `the first ${decisions.length} of ${showCount(all)} decisions`
      : `${showCount(all)} decisions`;
  return `<details><summary>Why: ${more}</summary><div class="wide"><table><thead><tr>${cell('th', 'at', 'first')}${cell('th', 'adapter', 'words')}${cell('th', 'groups', '')}${cell('th', 'reason', 'words')}</tr></thead><tbody>${rows.join('')}</tbody></table></div></details>`;
};

const DECISIONS_SHOWN = 60;

const timelines = ({ case: one, outcome }: Line, index: number, axes: Axes): string => {
  const cost = outcome.dollars > 0 ? `, ${showDollars(outcome.dollars)}` : '';
  const note = `${showCount(outcome.groupsStarted)} groups started, at most ${showCount(outcome.groupsPeak)} at a time, ${showShare(outcome.idleShare)} idle${cost}`;
  return `<section class="card"><div class="head"><h3><i class="dot ${colourOf(index)}"></i>${escapeText(one.label)}</h3><small>${escapeText(note)}</small></div>
<div class="two"><div>${key([
    ['k-up', 'running groups'],
    ['k-starting', 'starting'],
    ['k-stopping', 'stopping'],
    ['k-busy', 'busy'],
  ])}${groupsChart(CHART, axes.time, axes.groups, one.label, outcome)}</div>
<div>${key([['k-queued', 'waiting tasks']])}${queueChart(CHART, axes.time, axes.queue, one.label, outcome)}</div></div>
${decisionsOf(outcome.firstDecisions.slice(0, DECISIONS_SHOWN), outcome.decisions)}</section>`;
};

const ADAPTER_COLUMNS = [
  'adapter',
  'groups',
  'workers each',
  'start',
  'offers and price',
  'billed at least',
  'starts fail',
];

const adapterRow = (spec: AdapterSpec): string => {
  const offers = spec.offers.map(({ offers: names, dollarsPerHour }) => {
    const what = names.length === 0 ? (spec.offers.length > 1 ? 'plain' : '') : names.join('+');
    const price = dollarsPerHour > 0 ? `$${dollarsPerHour}/h` : 'free';
    return what === '' ? price : `${what}: ${price}`;
  });
  const cells = [
    spec.id,
    `at most ${showCount(spec.groupsMax)}`,
    String(spec.workersPerGroup),
    showSpread(spec.start),
    offers.join(', '),
    spec.billedMinimumMs > 0 ? showMs(spec.billedMinimumMs) : '-',
    spec.failShare > 0 ? showShare(spec.failShare) : '-',
  ];
  return `<tr>${cells.map((text, at) => cell('td', text, at === 0 ? 'first' : '')).join('')}</tr>`;
};

const inputs = ({ scenario }: Plan, command: string): string => {
  const workloads = scenario.workloads.map(({ text }) => `<pre>${escapeText(text)}</pre>`).join('');
  const head = ADAPTER_COLUMNS.map((title, at) => cell('th', title, at === 0 ? 'first' : '')).join('');
  const rows = scenario.adapters.map(adapterRow).join('');
  return `<section class="card"><h3>Work</h3>${workloads}</section>
<section class="card wide"><table><thead><tr>${head}</tr></thead><tbody>${rows}</tbody></table></section>
<section class="card"><h3>Command</h3><pre>${escapeText(command)}</pre></section>`;
};

/** @param command the command line that makes it again; shown, not run. */
export const pageReport = (plan: Plan, command: string): string => {
  const { lines } = plan;
  const axes = axesOf(lines);
  const remarks = remarksOf(plan).map((text) => `<p>${escapeText(text)}</p>`);
  const title = `${showCount(lines.length)} ${lines.length === 1 ? 'policy' : 'policies'} for ${showWork(plan)}`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escapeText(title)}</title>
<style>${chartStyle(':root')}
${PAGE_STYLE}</style></head>
<body><main>
<h1>${escapeText(title)}</h1>
<p class="soft">Simulated with the scheduler that would run it; seed ${plan.scenario.seed}. Idle is worker time that was paid for and ran no task.</p>
<section class="card wide" style="margin-top:16px">${table(lines)}${remarks.join('')}</section>
${overview(lines)}
<h2>Over time</h2>
${lines.map((line, index) => timelines(line, index, axes)).join('\n')}
<h2>Inputs</h2>
${inputs(plan, command)}
</main></body></html>
`;
};
