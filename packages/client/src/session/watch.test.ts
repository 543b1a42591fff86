import { manualClock } from '@muster/runtime/manual-clock';
import { expect, test } from 'vitest';
import { connectionLines } from '../api/connection.ts';
import { ConnectionWatch } from './watch.ts';

const watched = (): {
  readonly clock: ReturnType<typeof manualClock>;
  readonly watch: ConnectionWatch;
  readonly told: string[];
} => {
  const clock = manualClock();
  const told: string[] = [];
  return { clock, told, watch: new ConnectionWatch(clock, (state) => told.push(state)) };
};

test('a loss of two seconds is told once, and its end', () => {
  const { clock, watch, told } = watched();
  watch.down();
  clock.advance(1_000);
  watch.down();
  clock.advance(999);
  expect(told).toStrictEqual([]);
  clock.advance(1);
  watch.down();
  clock.advance(10_000);
  expect(told).toStrictEqual(['lost']);
  watch.up();
  expect(told).toStrictEqual(['lost']);
  watch.heard();
  watch.heard();
  expect(told).toStrictEqual(['lost', 'connected']);
});

test('a connection that is back at once, or was closed, is not worth a word', () => {
  const { clock, watch, told } = watched();
  watch.down();
  clock.advance(1_500);
  watch.up();
  clock.advance(5_000);
  watch.down();
  watch.stop();
  clock.advance(5_000);
  expect(told).toStrictEqual([]);
});

test('what arrives late of a connection that is down does not hide the loss', () => {
  const { clock, watch, told } = watched();
  watch.down();
  watch.heard();
  clock.advance(2_000);
  expect(told).toStrictEqual(['lost']);
});

test('a scheduler that answers no heartbeat is lost, though the connection stands', () => {
  const { watch, told } = watched();
  for (const _ of [1, 2, 3]) watch.beat();
  watch.heard();
  for (const _ of [1, 2, 3]) watch.beat();
  expect(told).toStrictEqual([]);
  watch.beat();
  watch.beat();
  expect(told).toStrictEqual(['lost']);
});

test('one line for a loss, one when it is over, none for a good-bye', () => {
  const lines: string[] = [];
  const say = connectionLines((line) => lines.push(line));
  const detail = { address: 'ipc:///s', openTasks: 1, waitMs: 57_500 };
  say('lost', detail);
  say('connected', detail);
  say('lost', { ...detail, waitMs: 0 });
  say('connected', detail);
  expect(lines).toStrictEqual([
    'muster: lost the scheduler at ipc:///s; waiting up to 58 s for it to come back\n',
    'muster: the scheduler at ipc:///s is back\n',
  ]);
});
