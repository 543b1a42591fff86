import { describe, expect, it } from 'vitest';
import { bench, clientBeat, from, notes, results, submit } from '../../test/kit.ts';

describe('what is noted once', () => {
  it('is still noted after hundreds of others', () => {
    const b = bench();
    for (let i = 0; i < 300; i++) b.step(from(`x${i}`, results(['t'])));
    const events = [from('c', clientBeat()), from('c', submit(['t1'], { needs: 'gpu' }))];
    expect(notes(b.step(...events))).toContain('task.needs.ignored');
    expect(notes(b.step(from('c', submit(['t2'], { needs: 'gpu' }))))).toEqual([]);
  });
});
