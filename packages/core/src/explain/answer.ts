/** From a question to the reader that answers it. */
import type { Instant } from '@muster/protocol/ids';
import type { ExplainAnswer, ExplainQuery } from '../explain.ts';
import { never } from '../machine.ts';
import type { SchedulerState } from '../scheduler/state.ts';
import { explainAdapter, explainAdapters } from './adapter.ts';
import { explainGroup, explainGroups } from './group.ts';
import { explainScale } from './scale.ts';
import { explainTask } from './task.ts';
import { explainTasks } from './tasks.ts';

/** Total, and changes nothing. Costs time by workers and groups; an id that is not whole, by a bounded number of tasks. */
export const explain = (state: SchedulerState, query: ExplainQuery, now: Instant): ExplainAnswer => {
  switch (query.what) {
    case 'scale':
      return explainScale(state, now);
    case 'task':
      return query.id === '' ? explainTasks(state, now) : explainTask(state, query.id, now);
    case 'group':
      return query.id === '' ? explainGroups(state, now) : explainGroup(state, query.id, now);
    case 'adapter':
      return query.id === '' ? explainAdapters(state, now) : explainAdapter(state, query.id, now);
    default:
      return never(query);
  }
};
