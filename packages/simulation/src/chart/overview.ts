/** All policies in one picture: what they cost and how long tasks wait. */
import type { Line } from '../plan.ts';
import { axes, dollarAxis, percentAxis, timeAxis, xOf, yOf } from './axis.ts';
import type { Axis, Frame } from './axis.ts';
import { showDollars, showTime } from './numbers.ts';
import { element, escapeText, linePath, textAt } from './svg.ts';
import { picture } from './timeline.ts';

/** Colours that are told apart; more policies begin again. */
export const COLOURS = 8;
export const colourOf = (index: number): string => `c${index % COLOURS}`;

const HOUR_MS = 3_600_000;

/** What a policy takes: dollars, or paid worker time where nothing has a price. */
export const costName = (lines: readonly Line[]): string =>
  lines.some(({ outcome }) => outcome.dollars > 0) ? 'cost' : 'worker time';

const costOf = (lines: readonly Line[]): { axis: Axis; of(line: Line): number; show(line: Line): string } => {
  if (lines.some(({ outcome }) => outcome.dollars > 0)) {
    return {
      axis: dollarAxis(Math.max(...lines.map(({ outcome }) => outcome.dollars)) * 1.05),
      of: ({ outcome }) => outcome.dollars,
      show: ({ outcome }) => showDollars(outcome.dollars),
    };
  }
  const of = ({ outcome: { workerHours: hours } }: Line): number =>
    (hours.starting + hours.busy + hours.idle + hours.stopping) * HOUR_MS;
  return {
    axis: timeAxis(Math.max(...lines.map(of)) * 1.05, false, 5),
    of,
    show: (line) => showTime(of(line)),
  };
};

const LABEL_PX = 14;

/** Near the lower left corner is cheap and quick. */
export const tradeChart = (frame: Frame, lines: readonly Line[]): string => {
  const cost = costOf(lines);
  const waitOf = ({ outcome }: Line): number => outcome.waits?.p95Ms ?? 0;
  const up = timeAxis(Math.max(...lines.map(waitOf)) * 1.05, false, 5);
  const middle = (frame.left + frame.width - frame.right) / 2;
  const placed: { readonly x: number; readonly y: number }[] = [];
  const spots = lines.map((line, index) => {
    const x = xOf(frame, cost.axis, cost.of(line));
    const y = yOf(frame, up, waitOf(line));
    const isLeft = x > middle;
    let labelY = y + 4;
    while (placed.some((one) => Math.abs(one.y - labelY) < LABEL_PX && Math.abs(one.x - x) < 160))
      labelY -= LABEL_PX;
    labelY = Math.max(labelY, frame.top + 8);
    placed.push({ x, y: labelY });
    const about = `${line.case.label}: ${cost.show(line)}, p95 wait ${showTime(waitOf(line))}`;
    return (
      element(
        'circle',
        { class: colourOf(index), cx: x, cy: y, r: 5.5 },
        `<title>${escapeText(about)}</title>`,
      ) +
      textAt(x + (isLeft ? -10 : 10), labelY, line.case.label, {
        class: 'label',
        anchor: isLeft ? 'end' : 'start',
      })
    );
  });
  return picture(
    frame,
    `${costName(lines)} against the wait of all but 5 % of the tasks, by policy`,
    axes(frame, cost.axis, up) + spots.join(''),
  );
};

/** How long the tasks waited, shortest wait first. */
export const waitsChart = (frame: Frame, lines: readonly Line[]): string => {
  const most = Math.max(1, ...lines.map(({ outcome }) => outcome.waitQuantilesMs.at(-1) ?? 0));
  const up = timeAxis(most, false, 5);
  const paths = lines.map(({ outcome, case: { label } }, index) => {
    const last = outcome.waitQuantilesMs.length - 1;
    const spots = outcome.waitQuantilesMs.map((waitMs, at) => ({
      x: xOf(frame, percentAxis, at / last),
      y: yOf(frame, up, waitMs),
    }));
    return element(
      'path',
      { class: `wait ${colourOf(index)}`, d: linePath(spots) },
      `<title>${escapeText(label)}</title>`,
    );
  });
  return picture(
    frame,
    'waits of the tasks, shortest first, by policy',
    axes(frame, percentAxis, up) + paths.join(''),
  );
};
