/** Money, by hand: the figures of the price page. */
import { describe, expect, test } from 'vitest';
import { meterOf } from './meter.ts';

const HOUR_MS = 3_600_000;
const task = { taskArn: 'a', vcpus: 1, gb: 2, storageGb: 20, isArm: false, isSpot: false };

const at = () => {
  const time = { now: 0 };
  return { time, meter: meterOf(() => time.now) };
};

describe('the meter', () => {
  const hourly: readonly (readonly [string, Partial<typeof task>, number])[] = [
    ['1 vCPU and 2 GB', {}, 0.04937],
    ['4 vCPU and 30 GB', { vcpus: 4, gb: 30 }, 0.29527],
    ['16 vCPU and 120 GB', { vcpus: 16, gb: 120 }, 1.18108],
    ['ARM', { isArm: true }, 0.0395],
    ['30 GB of storage more than is free', { storageGb: 50 }, 0.0527],
    ['Spot', { isSpot: true }, 0.014811],
  ];
  test.each(hourly)('%s for an hour', (_, changes, dollars) => {
    const { time, meter } = at();
    meter.start({ ...task, ...changes });
    time.now = HOUR_MS;
    expect(meter.dollars()).toBeCloseTo(dollars, 6);
    expect(meter.dollarsPerHour()).toBeCloseTo(dollars, 6);
  });

  test('ten seconds cost a minute', () => {
    const { time, meter } = at();
    meter.start(task);
    time.now = 10_000;
    meter.end('a');
    time.now = HOUR_MS;
    expect(meter.bills()).toMatchObject([
      { billedMs: 60_000, vcpuSeconds: 60, gbSeconds: 120, endedAtMs: 10_000 },
    ]);
    expect(meter.dollarsPerHour()).toBeCloseTo(0, 12);
  });

  test('the peak is what ran at one instant', () => {
    const { time, meter } = at();
    meter.start(task);
    meter.start({ ...task, taskArn: 'b', vcpus: 4, gb: 8 });
    time.now = 90_000;
    meter.end('a');
    meter.start({ ...task, taskArn: 'c' });
    expect(meter.peak).toMatchObject({ tasks: 2, vcpus: 5 });
    expect(meter.bills().map(({ billedMs }) => billedMs)).toEqual([90_000, 90_000, 60_000]);
  });
});
