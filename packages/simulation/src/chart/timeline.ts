/** A policy over time: its groups, how busy they are, and the tasks that wait. */
import type { Outcome } from '../outcome.ts';
import type { Point } from '../world/series.ts';
import { axes, xOf, yOf } from './axis.ts';
import type { Axis, Frame } from './axis.ts';
import { bandPath, element, escapeText, linePath } from './svg.ts';
import type { Spot } from './svg.ts';

/** More columns than this do not show. */
const COLUMNS_MAX = 260;

const merge = (points: readonly Point[]): readonly Point[] => {
  const size = Math.ceil(points.length / COLUMNS_MAX);
  if (size <= 1) return points;
  return Array.from({ length: Math.ceil(points.length / size) }, (_, index) => {
    const part = points.slice(index * size, (index + 1) * size);
    return {
      atMs: part[0]?.atMs ?? 0,
      mean: part.reduce((sum, one) => sum + one.mean, 0) / part.length,
      most: Math.max(...part.map((one) => one.most)),
    };
  });
};

/** As steps: a slice's value holds from its beginning to its end. Slices of one height are one step. */
const steps = (
  frame: Frame,
  across: Axis,
  up: Axis,
  points: readonly Point[],
  pick: (point: Point, index: number) => number,
): readonly Spot[] => {
  const widthMs = (points[1]?.atMs ?? 0) - (points[0]?.atMs ?? 0);
  const spots: { x: number; y: number }[] = [];
  points.forEach((point, index) => {
    const y = yOf(frame, up, pick(point, index));
    const end = xOf(frame, across, points[index + 1]?.atMs ?? point.atMs + widthMs);
    const last = spots.at(-1);
    if (last !== undefined && Math.abs(last.y - y) < 0.05) last.x = end;
    else spots.push({ x: xOf(frame, across, point.atMs), y }, { x: end, y });
  });
  return spots;
};

export const picture = (frame: Frame, label: string, inside: string): string =>
  element(
    'svg',
    { viewBox: `0 0 ${frame.width} ${frame.height}`, width: frame.width, height: frame.height, role: 'img' },
    `<title>${escapeText(label)}</title>${inside}`,
  );

const within = (points: readonly Point[], axis: Axis): readonly Point[] =>
  merge(points.filter(({ atMs }) => atMs < axis.max));

/** Running, starting and stopping groups on top of each other, and as a line how many of them the running tasks fill. */
export const groupsChart = (
  frame: Frame,
  across: Axis,
  up: Axis,
  label: string,
  { series }: Outcome,
): string => {
  const layers = (['up', 'starting', 'stopping'] as const).map((name) => ({
    name,
    points: within(series[name], across),
  }));
  let below: readonly number[] = layers[0]?.points.map(() => 0) ?? [];
  const bands = layers.map(({ name, points }) => {
    const floor = below;
    const tops = points.map((point, index) => (floor[index] ?? 0) + point.mean);
    below = tops;
    const upper = steps(frame, across, up, points, (_, index) => tops[index] ?? 0);
    const lower = steps(frame, across, up, points, (_, index) => floor[index] ?? 0);
    return element('path', { class: name, d: bandPath(upper, lower) });
  });
  const busy = steps(frame, across, up, within(series.busy, across), (point) => point.mean);
  return picture(
    frame,
    `groups over time under ${label}`,
    axes(frame, across, up) + bands.join('') + element('path', { class: 'busy', d: linePath(busy) }),
  );
};

/** Waiting tasks, the most in each moment. */
export const queueChart = (
  frame: Frame,
  across: Axis,
  up: Axis,
  label: string,
  { series }: Outcome,
): string => {
  const queued = within(series.queued, across);
  const upper = steps(frame, across, up, queued, (point) => point.most);
  const lower = steps(frame, across, up, queued, () => 0);
  return picture(
    frame,
    `waiting tasks over time under ${label}`,
    axes(frame, across, up) + element('path', { class: 'queued', d: bandPath(upper, lower) }),
  );
};
