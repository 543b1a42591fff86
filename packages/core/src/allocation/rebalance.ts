/** How many queued tasks to take from a loaded worker for idle ones. */

/**
 * The loaded worker keeps its fair share of what it has not started, and every idle worker gets at least one
 * while there are any. For one loaded worker this is the stock advice: with loads [8, 0 x 7] all 7, with [2, 0]
 * one, with [3, 1, 0] one.
 *
 * @param unstarted tasks that it holds and does not run: all but the first.
 * @param idle workers that hold nothing.
 */
export const tasksToMove = (unstarted: number, idle: number): number => {
  if (unstarted <= 0 || idle <= 0) return 0;
  const spare = unstarted - Math.ceil(unstarted / (idle + 1));
  return Math.max(spare, Math.min(idle, unstarted));
};
