/** The outlook is the policy's own: whatever it says is what the policy does when the tasks really come. */
import { NO_CAPABILITIES, instant } from '@muster/protocol/ids';
import type { Capabilities } from '@muster/protocol/ids';
import { describe, expect, it } from 'vitest';
import { policyOf } from '../policy-content.ts';
import { decide } from '../scaling/decide.ts';
import { NO_MEMORY } from '../scaling/limits/memory.ts';
import type { Demand, ScalingView } from '../scaling/view.ts';
import { outlook } from './outlook.ts';
import type { OutlookFacts } from '../explain.ts';

const GPU: Capabilities = new Map([['gpu', 'present']]);

const demand = (tasks: number, needs: Capabilities = NO_CAPABILITIES): Demand => ({
  key: [...needs.keys()].join(''),
  needs,
  tasks,
  waiting: tasks,
  waitingMs: 0,
  unmeasured: tasks,
});

interface Fleet {
  readonly policy: string;
  readonly demands: readonly Demand[];
  readonly running: number;
  readonly groupsMax?: number;
}

const viewOf = ({ policy, demands, running, groupsMax = 100 }: Fleet): ScalingView => {
  const { tuning, upperTaskRatio, lowerTaskRatio } = policyOf(policy);
  return {
    now: instant(1_000_000),
    upperTaskRatio,
    lowerTaskRatio,
    tuning,
    hadWork: true,
    demands,
    adapters: [
      {
        key: 'a',
        groupsMax,
        workersPerGroup: 1,
        offers: [NO_CAPABILITIES],
        supplies: [
          {
            key: '',
            offers: NO_CAPABILITIES,
            dollarsPerHour: 0,
            requested: 0,
            running,
            draining: 0,
            stopping: 0,
            serving: running,
            idle: [],
          },
        ],
        room: groupsMax - running,
        roomLimit: '',
        blockedUntil: undefined,
        startMs: undefined,
      },
    ],
    ungrouped: [],
    serves: (offers, needs) => [...needs.keys()].every((name) => offers.has(name)),
  };
};

const lookout = (fleet: Fleet): readonly OutlookFacts[] => {
  const policy = policyOf(fleet.policy);
  return outlook(viewOf(fleet), 'own', (view) => decide(policy, view, NO_MEMORY));
};

describe('the outlook', () => {
  it.each<[string, Fleet, Partial<OutlookFacts>]>([
    [
      'of vanilla, by its ratios',
      { policy: 'allocate=capability; scaling=vanilla', demands: [demand(12)], running: 3 },
      { unfinished: 12, growsAt: 31, shrinksAt: 2 },
    ],
    [
      'with no tasks at all',
      { policy: 'allocate=capability; scaling=vanilla', demands: [], running: 0 },
      { unfinished: 0, growsAt: 1, shrinksAt: undefined },
    ],
    [
      'of a fleet at its limit',
      { policy: 'allocate=capability; scaling=vanilla', demands: [demand(40)], running: 4, groupsMax: 4 },
      { growsAt: undefined, growthBlockedBy: 'a: at its limit of 4 groups', shrinksAt: 3 },
    ],
    [
      'of tasks that nobody can serve',
      { policy: 'allocate=capability; scaling=vanilla', demands: [demand(5, GPU)], running: 1 },
      { needs: ['gpu'], growsAt: undefined, growthBlockedBy: 'nobody offers gpu' },
    ],
    [
      'of capability, by ratios of its own',
      { policy: 'allocate=capability; scaling=capability', demands: [demand(10)], running: 4 },
      { growsAt: 21 },
    ],
  ])('%s', (_, fleet, expected) => {
    expect(lookout(fleet)[0]).toMatchObject(expected);
  });

  it.each(['vanilla', 'capability', 'fixed_elastic'])('of %s is what the policy then does', (scaling) => {
    const policy = `allocate=capability; scaling=${scaling}`;
    for (let running = 0; running <= 5; running++) {
      for (const tasks of [0, 1, 3, 17, 60]) {
        const [facts] = lookout({ policy, demands: tasks === 0 ? [] : [demand(tasks)], running });
        if (facts?.growsAt === undefined) throw new Error(`no growth of ${tasks} tasks on ${running}`);
        const groupsAt = (count: number): number => {
          const view = viewOf({ policy, demands: count === 0 ? [] : [demand(count)], running });
          return decide(policyOf(policy), view, NO_MEMORY).targets[0]?.groups ?? running;
        };
        expect(groupsAt(facts.growsAt), `${tasks} tasks on ${running} workers`).toBeGreaterThan(running);
        if (facts.growsAt > Math.max(1, tasks))
          expect(groupsAt(facts.growsAt - 1), `${tasks} tasks on ${running} workers`).toBeLessThanOrEqual(
            running,
          );
      }
    }
  });

  it('is given up where asking for it would take too long', () => {
    let asked = 0;
    const policy = policyOf('allocate=capability; scaling=vanilla');
    const view = viewOf({
      policy: 'allocate=capability; scaling=vanilla',
      demands: [demand(12)],
      running: 3,
    });
    const many: ScalingView = {
      ...view,
      demands: Array.from({ length: 2_000 }, (_, i) => demand(i + 1, new Map([[`c${i}`, 'present']]))),
    };
    outlook(many, 'own', (one) => {
      asked++;
      return decide(policy, one, NO_MEMORY);
    });
    expect(asked).toBeLessThanOrEqual(70);
  });
});
