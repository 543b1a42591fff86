import { expect, it } from 'vitest';
import { fleetShape } from './map.ts';

it.each([
  [1, 1, 1],
  [2, 1, 2],
  [8, 1, 8],
  [11, 11, 1],
  [12, 2, 6],
  [64, 8, 8],
])('puts %i workers into %i groups of %i', (workers, groupsMax, workersPerGroup) => {
  expect(fleetShape(workers)).toEqual({ groupsMax, workersPerGroup });
});
