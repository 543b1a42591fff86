import { describe, expect, it } from 'vitest';
import {
  acks,
  bench,
  clientBeat,
  from,
  instant,
  notes,
  results,
  sent,
  submit,
  worker,
  workerBeat,
} from '../../test/kit.ts';

const W = worker('manual', 1);

describe('what arrives in the step in which a time is up counts before the deadline', () => {
  it('a heartbeat of a client and of a worker', () => {
    const b = bench();
    b.step(from('c', clientBeat()), from(W, workerBeat()));
    b.pass(59_999);
    b.now = instant(60_000);
    const late = notes(b.step(from('c', clientBeat()), from(W, workerBeat())));
    expect(late).toEqual([]);
  });

  it('the acknowledgement of a result that would be sent again', () => {
    const b = bench();
    b.step(from('c', clientBeat()), from(W, workerBeat()), from('c', submit(['t1'])));
    b.step(from(W, results(['t1'])));
    b.pass(4_999);
    b.now = instant(5_000);
    expect(sent(b.step(from('c', acks(['t1']))), 'c')).toEqual([]);
  });
});
