import { describe, expect, it } from 'vitest';
import { Mean } from './mean.ts';

describe('a mean', () => {
  it('is undefined before the first sample, and tells tasks of an hour from those of a minute', () => {
    const mean = new Mean();
    expect(mean.ms).toBeUndefined();
    mean.add(3_600_000);
    expect(mean.ms).toBe(3_600_000);
  });

  it('is moved no further than by a day by one sample that cannot be', () => {
    const mean = new Mean();
    mean.add(Number.MAX_VALUE);
    expect(mean.ms).toBe(1e8);
  });
});
