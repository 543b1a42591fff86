/** A plan as one SVG picture: a row of two charts for each policy. */
import { frameOf } from './chart/axis.ts';
import { showDollars, showShare, showTime } from './chart/numbers.ts';
import { chartStyle } from './chart/style.ts';
import { element, textAt } from './chart/svg.ts';
import { groupsChart, queueChart } from './chart/timeline.ts';
import { axesOf } from './page.ts';
import type { Line, Plan } from './plan.ts';
import { showWork } from './report.ts';

const CHART = frameOf(540, 170);
const EDGE = 24;
const HEAD = 74;
const NAME = 26;
const ROW = CHART.height + NAME + 18;
const WIDTH = 2 * CHART.width + 3 * EDGE;

const place = (x: number, y: number, svg: string): string => svg.replace('<svg ', `<svg x="${x}" y="${y}" `);

const KEYS = [
  ['up', 'running groups'],
  ['starting', 'starting'],
  ['stopping', 'stopping'],
  ['busy', 'busy'],
  ['queued', 'waiting tasks'],
] as const;

const keys = (): string =>
  KEYS.map(([look, text], index) => {
    const x = EDGE + index * 130;
    return (
      element('rect', { class: look, x, y: 50, width: 10, height: 10, rx: 3 }) + textAt(x + 16, 59, text)
    );
  }).join('');

const summary = ({ case: { label }, outcome }: Line): string => {
  const wait = outcome.waits === undefined ? 'nothing ran' : `p95 wait ${showTime(outcome.waits.p95Ms)}`;
  const cost = outcome.dollars > 0 ? `, ${showDollars(outcome.dollars)}` : '';
  return `${label}: ${wait}, makespan ${showTime(outcome.makespanMs)}${cost}, ${showShare(outcome.idleShare)} idle`;
};

export const pictureReport = (plan: Plan): string => {
  const axes = axesOf(plan.lines);
  const height = HEAD + plan.lines.length * ROW + EDGE / 2;
  const rows = plan.lines.map((line, index) => {
    const y = HEAD + index * ROW;
    const { label } = line.case;
    return [
      textAt(EDGE, y + 18, summary(line), { class: 'name' }),
      place(EDGE, y + NAME, groupsChart(CHART, axes.time, axes.groups, label, line.outcome)),
      place(2 * EDGE + CHART.width, y + NAME, queueChart(CHART, axes.time, axes.queue, label, line.outcome)),
    ].join('\n');
  });
  return `${element(
    'svg',
    { xmlns: 'http://www.w3.org/2000/svg', viewBox: `0 0 ${WIDTH} ${height}`, width: WIDTH, height },
    [
      `<style>${chartStyle('svg')}</style>`,
      element('rect', { class: 'page', width: WIDTH, height }),
      textAt(EDGE, 32, `${showWork(plan)}; seed ${plan.scenario.seed}`, { class: 'title' }),
      keys(),
      ...rows,
    ].join('\n'),
  )}\n`;
};
