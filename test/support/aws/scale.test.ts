/** Hundreds of tasks in virtual time: what AWS's published limits allow, and no more. */
import { DescribeTasksCommand, RunTaskCommand, paginateListTasks } from '@aws-sdk/client-ecs';
import { expect, test } from 'vitest';
import { runRequest, testAccount } from './fixtures.ts';

const TASKS = 500;

test('five hundred tasks take what twenty calls a second allow, and one poll takes ten calls', async () => {
  await using account = await testAccount({ timings: { missingMs: [0, 0] } });
  const { peer, clock, ecs } = account;
  const startedAt = clock.now();
  const run = (index: number) =>
    ecs.send(new RunTaskCommand(runRequest(peer, { clientToken: `t-${index}`, startedBy: 'ramp' })));
  // As much as the bucket holds at once, then one call each 50 ms.
  for (let launched = 0; launched < TASKS;) {
    const calls = launched === 0 ? 20 : 1;
    await Promise.all(Array.from({ length: calls }, (_, index) => run(launched + index)));
    launched += calls;
    if (launched < TASKS) clock.advance(50);
  }
  expect(clock.now() - startedAt).toBe((TASKS - 20) * 50);
  expect(peer.log.all.filter(({ error }) => error !== '')).toEqual([]);
  expect(peer.liveTasks()).toHaveLength(TASKS);
  expect(peer.ecs.peak).toEqual({ tasks: TASKS, vcpus: TASKS });

  clock.advance(120_000);
  peer.log.clear();
  const arns: string[] = [];
  for await (const page of paginateListTasks({ client: ecs }, { cluster: 'main', startedBy: 'ramp' }))
    arns.push(...(page.taskArns ?? []));
  for (let from = 0; from < arns.length; from += 100) {
    const answer = await ecs.send(
      new DescribeTasksCommand({ cluster: 'main', tasks: arns.slice(from, from + 100) }),
    );
    for (const task of answer.tasks ?? []) expect(task.lastStatus).toBe('RUNNING');
  }
  expect(new Set(arns).size).toBe(TASKS);
  expect(peer.log.all).toHaveLength(10);
  expect(peer.log.all.filter(({ error }) => error !== '')).toEqual([]);
});
