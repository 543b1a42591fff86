/** What a workload amounts to. */
import type { WorkSummary } from './plan.ts';
import type { Tasks } from './tasks.ts';

export const summaryOf = ({ count, submittedMs, serviceMs, kindOf, kinds }: Tasks): WorkSummary => {
  const counts = new Array<number>(kinds.length).fill(0);
  let serviceSumMs = 0;
  for (let task = 0; task < count; task++) {
    const kind = kindOf[task] ?? 0;
    counts[kind] = (counts[kind] ?? 0) + 1;
    serviceSumMs += serviceMs[task] ?? 0;
  }
  return {
    tasks: count,
    firstSubmitMs: submittedMs[0] ?? 0,
    lastSubmitMs: submittedMs[count - 1] ?? 0,
    workHours: serviceSumMs / 3_600_000,
    kinds: kinds.map((kind, index) => ({ ...kind, tasks: counts[index] ?? 0 })),
  };
};
