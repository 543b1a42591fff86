import { describe, expect, it } from 'vitest';
import { adapterBeat, bench, from, groupId, listed, sent, worker, workerBeat } from '../../test/kit.ts';

const GROUP = 'g-old-1';
const W = worker(GROUP, 1);

describe('a worker that registers in a group that drains', () => {
  it('hears the drain after the echo, whose epoch would end it', () => {
    const b = bench();
    b.step(from('a', adapterBeat('native', { groups: [listed(GROUP)] })), from(W, workerBeat()));
    b.step({ kind: 'operator', request: { action: 'drainGroup', groupId: groupId(GROUP) } });
    const back = worker(GROUP, 2);
    const heard = sent(b.step(from(back, workerBeat())), back).map((message) => message.kind);
    expect(heard).toEqual(['workerHeartbeatEcho', 'drain']);
  });
});
