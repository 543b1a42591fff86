/** Axes: round ends, round ticks, and where a value lies. */
import { showCount } from '../words/values.ts';
import { element, textAt } from './svg.ts';

export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** The plain frame of a chart of that size. */
export const frameOf = (width: number, height: number): Frame => ({
  width,
  height,
  left: 46,
  right: 10,
  top: 8,
  bottom: 22,
});

export interface Axis {
  readonly max: number;
  readonly ticks: readonly number[];
  show(value: number): string;
}

const TICKS = 4;

const niceStep = (max: number, steps: readonly number[]): number => {
  const rough = max / TICKS;
  const size = 10 ** Math.floor(Math.log10(rough));
  return size * (steps.find((step) => step * size >= rough) ?? 10);
};

const ticksUpTo = (max: number, step: number): readonly number[] =>
  Array.from({ length: Math.floor(max / step + 1e-9) + 1 }, (_, index) => index * step);

/** Numbers, from zero; whole ones where they count things. */
export const countAxis = (most: number): Axis => {
  const step = Math.max(1, niceStep(Math.max(most, 1), [1, 2, 5]));
  const max = Math.ceil(Math.max(most, 1) / step) * step;
  return { max, ticks: ticksUpTo(max, step), show: (value) => shortCount(value) };
};

const shortCount = (value: number): string =>
  value >= 1e6 ? `${value / 1e6}M` : value >= 1e4 ? `${value / 1e3}k` : showCount(value);

export const dollarAxis = (most: number): Axis => {
  const step = niceStep(most > 0 ? most : 1, [1, 2, 2.5, 5]);
  const max = Math.ceil((most > 0 ? most : 1) / step) * step;
  return { max, ticks: ticksUpTo(max, step), show: (value) => `$${Number(value.toPrecision(3))}` };
};

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const TIME_UNITS = [
  { ms: 1, name: 'ms', steps: [1, 2, 5, 10, 20, 50, 100, 200, 500] },
  { ms: SECOND, name: 's', steps: [1, 2, 5, 10, 15, 30] },
  { ms: MINUTE, name: 'min', steps: [1, 2, 5, 10, 15, 30] },
  { ms: HOUR, name: 'h', steps: [1, 2, 3, 6, 12] },
  { ms: DAY, name: 'd', steps: [1, 2, 5, 10, 20, 50, 100, 200, 500] },
];

/** Durations from zero, with ticks as clocks have them. @param isExact whether the axis ends at `mostMs` itself. */
export const timeAxis = (mostMs: number, isExact: boolean, ticks = 6): Axis => {
  const most = Math.max(mostMs, 1);
  const choices = TIME_UNITS.flatMap(({ ms, name, steps }) =>
    steps.map((step) => ({ ms: ms * step, unit: ms, name })),
  );
  const last = { ms: 500 * DAY, unit: DAY, name: 'd' };
  const choice = choices.find((one) => most / one.ms <= ticks) ?? last;
  const max = isExact ? most : Math.ceil(most / choice.ms) * choice.ms;
  return {
    max,
    ticks: ticksUpTo(max, choice.ms),
    show: (value) => (value === 0 ? '0' : `${Number((value / choice.unit).toFixed(2))} ${choice.name}`),
  };
};

export const percentAxis: Axis = {
  max: 1,
  ticks: [0, 0.25, 0.5, 0.75, 1],
  show: (value) => `${value * 100} %`,
};

export const xOf = ({ width, left, right }: Frame, axis: Axis, value: number): number =>
  left + (Math.min(value, axis.max) / axis.max) * (width - left - right);

export const yOf = ({ height, top, bottom }: Frame, axis: Axis, value: number): number =>
  height - bottom - (Math.min(value, axis.max) / axis.max) * (height - top - bottom);

/** Room that a label of the last tick needs at the right. */
const EDGE = 18;

/** Grid lines and their labels. */
export const axes = (frame: Frame, across: Axis, up: Axis): string => {
  const { width, height, left, right, bottom } = frame;
  const rows = up.ticks.map((tick) => {
    const y = yOf(frame, up, tick);
    const line = element('line', {
      class: tick === 0 ? 'base' : 'grid',
      x1: left,
      x2: width - right,
      y1: y,
      y2: y,
    });
    return line + textAt(left - 6, y + 3.5, up.show(tick), { class: 'tick', anchor: 'end' });
  });
  const columns = across.ticks.map((tick) => {
    const x = xOf(frame, across, tick);
    const anchor = x > width - right - EDGE ? 'end' : tick === 0 ? 'start' : 'middle';
    return textAt(anchor === 'end' ? width - right : x, height - bottom + 15, across.show(tick), {
      class: 'tick',
      anchor,
    });
  });
  return [...rows, ...columns].join('');
};
