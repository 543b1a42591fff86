import { describe, expect, it } from 'vitest';
import { randomOf } from '../random.ts';
import { Agenda } from './heap.ts';
import { Series } from './series.ts';
import { indexOfTask, taskIdOf } from './task-ids.ts';

describe('the agenda', () => {
  it('gives what is planned by time, and by order of planning at one time', () => {
    const random = randomOf(1, 'agenda');
    const agenda = new Agenda<number>();
    const planned = Array.from({ length: 500 }, (_, what) => ({
      atMs: Math.floor(random.next() * 50),
      what,
    }));
    for (const { atMs, what } of planned) agenda.plan(atMs, what);
    const taken: number[] = [];
    for (let next = agenda.take(50); next !== undefined; next = agenda.take(50)) taken.push(next);
    const sorted = planned.toSorted((one, other) => one.atMs - other.atMs).map(({ what }) => what);
    expect(taken).toEqual(sorted);
    expect(agenda.nextMs).toBe(Infinity);
  });

  it('keeps what is not due', () => {
    const agenda = new Agenda<string>();
    agenda.plan(5, 'later');
    expect(agenda.take(4)).toBeUndefined();
    expect(agenda.nextMs).toBe(5);
  });
});

describe('a series', () => {
  it('keeps mean and peak, however long it becomes', () => {
    const series = new Series();
    const random = randomOf(2, 'series');
    let atMs = 0;
    let area = 0;
    for (let i = 0; i < 2_000; i++) {
      const lengthMs = Math.ceil(random.next() * 5_000);
      const value = Math.floor(random.next() * 10);
      series.add(value, atMs, atMs + lengthMs);
      area += value * lengthMs;
      atMs += lengthMs;
    }
    const points = series.points(atMs);
    const width = (points[1]?.atMs ?? 0) - (points[0]?.atMs ?? 0);
    const sum = points.reduce((total, { mean }, index) => {
      return total + mean * (index === points.length - 1 ? atMs - index * width : width);
    }, 0);
    expect(sum).toBeCloseTo(area, 3);
    expect(Math.max(...points.map(({ most }) => most))).toBe(9);
    expect(points.length).toBeLessThanOrEqual(1_024);
    expect(points.length).toBeGreaterThan(500);
  });
});

describe('ids of tasks', () => {
  it.each([0, 1, 255, 256, 65_535, 9_999_999])('find task %i again', (index) => {
    expect(taskIdOf(index)).toHaveLength(16);
    expect(indexOfTask(taskIdOf(index))).toBe(index);
  });
});
