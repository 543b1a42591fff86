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

describe('what one message may bring thousands of', () => {
  it('is noted once for each step, with a count', () => {
    const b = bench();
    b.step(from('c', clientBeat()), from('d', clientBeat()), from('c', submit(['t1', 't2', 't3'])));
    const refused = b.step(from('d', submit(['t1', 't2', 't3'])));
    expect(refused.filter((effect) => effect.kind === 'note')).toMatchObject([
      { event: 'task.refused', fields: { client: 'd', count: 3 } },
    ]);
  });
});
