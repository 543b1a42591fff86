/** The invariants of worker.ts, asserted. */
import { InvariantError } from '../machine.ts';
import { countBytes } from './results.ts';
import type { WorkerState } from './state.ts';

const demand = (holds: boolean, invariant: string): void => {
  if (!holds) throw new InvariantError(invariant);
};

export const checkWorker = (state: WorkerState): void => {
  let queued = 0;
  let handed = 0;
  for (const [taskId, held] of state.held) {
    demand(held.task.taskId === taskId, 'W1: a held task is under a foreign id');
    demand(held.place !== 'left', 'W1: a held task has left');
    demand(!state.finished.has(taskId), 'W2: a task is held and finished');
    if (held.place === 'queue') queued++;
    else handed++;
  }
  demand(queued === state.queue.size, `W1: ${queued} tasks wait, the queue counts ${state.queue.size}`);
  demand(
    handed === state.pipeline.length,
    `W1: ${handed} tasks are handed over, the pipeline has ${state.pipeline.length}`,
  );
  let before = 0;
  for (const held of state.pipeline) {
    demand(
      state.held.get(held.task.taskId) === held && held.place === 'pipeline',
      'W1: a stranger in the pipeline',
    );
    demand(held.run > before && held.run <= state.lastRun, 'W3: runs are out of order');
    demand(held.wish === 'none' || state.recallOut, 'W4: a wish without a recall to settle it');
    before = held.run;
  }
  demand(
    state.pipeline.length === 0 || state.processor.phase === 'ready' || state.processor.phase === 'killing',
    'W5: tasks without a processor',
  );
  demand(state.stop === undefined || state.pipeline.length > 0, 'W6: a stop of nothing');
  demand(state.finishedBytes === countBytes(state), 'W7: bytes of results are miscounted');
  demand(
    state.resultsBlocked === state.finishedBytes >= state.config.resultBytesMax,
    'W7: the bound of results is not kept',
  );
  demand(state.phase.name === 'accepting' || queued === 0, 'W8: tasks wait although none may begin');
  demand(
    state.phase.name !== 'drained' || (handed === 0 && state.finished.size === 0),
    'W8: drained with something left',
  );
};
