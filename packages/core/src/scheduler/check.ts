/** Compares every count and index with what it stands for; costs time proportional to all state. */
import { InvariantError } from '../machine.ts';
import type { Client } from './client.ts';
import { GROUP_PHASES } from './group.ts';
import type { Group } from './group.ts';
import { isUp } from './groups.ts';
import { mayBeGivenTasks } from './indexes.ts';
import type { Pool } from './pool.ts';
import { side } from './state.ts';
import type { SchedulerState } from './state.ts';
import { ASSIGNED, CANCELING, FINISHED, NO_TASK, PHASE_NAMES, WAITING } from './task-table.ts';
import { isDoubtful } from './stock-adapter.ts';
import { checkSupplies } from './supply-check.ts';
import type { Worker } from './worker.ts';

const assert = (holds: boolean, message: string): void => {
  if (!holds) throw new InvariantError(message);
};

export const checkState = (state: SchedulerState): void => {
  state.timers.check();
  checkTasks(state);
  for (const client of state.clients.values()) checkClient(state, client);
  for (const worker of state.workers.values()) checkWorker(state, worker);
  for (const pool of state.pools.values()) checkPool(state, pool);
  for (const bucket of state.buckets.values()) bucket.check();
  checkGroups(state);
  checkObjects(state);
};

const checkTasks = (state: SchedulerState): void => {
  const { tasks } = state;
  const phases = [0, 0, 0, 0];
  const sides = { own: 0, stock: 0 };
  tasks.check();
  state.demand.check(tasks);
  for (const task of tasks.rows()) {
    const phase = tasks.phase(task);
    const worker = tasks.worker(task);
    const { client, bucket } = tasks.kind(task);
    phases[phase] = (phases[phase] ?? 0) + 1;
    const held = phase === ASSIGNED || phase === CANCELING;
    assert(held === (worker !== undefined), `T2: ${PHASE_NAMES[phase] ?? '?'} task with or without a worker`);
    assert((phase === CANCELING) === state.cancels.has(task), 'T3: cancels and canceling tasks differ');
    if (client.gone) assert(phase === CANCELING, 'T4: a task of a gone client is not canceling');
    if (phase !== FINISHED) sides[bucket.own ? 'own' : 'stock']++;
    if (worker !== undefined)
      assert(state.workers.get(worker.id) === worker, 'T2: a lost worker holds a task');
  }
  const { counts } = state;
  assert(phases[WAITING] === counts.waiting, `T5: ${phases[WAITING] ?? 0} wait, ${counts.waiting} counted`);
  assert(
    phases[ASSIGNED] === counts.assigned,
    `T5: ${phases[ASSIGNED] ?? 0} assigned, ${counts.assigned} counted`,
  );
  assert(
    phases[CANCELING] === counts.canceling,
    `T5: ${phases[CANCELING] ?? 0} canceling, ${counts.canceling} counted`,
  );
  assert(
    sides.own === state.own.tasks && sides.stock === state.stock.tasks,
    'T5: tasks of a side miscounted',
  );
  assert(state.cancels.size === counts.canceling, 'T3: more cancels than canceling tasks');
  let queued = 0;
  for (const bucket of state.buckets.values()) queued += bucket.waiting;
  assert(queued === counts.waiting, `T1: ${queued} in queues, ${counts.waiting} wait`);
};

const checkClient = (state: SchedulerState, client: Client): void => {
  const { tasks } = state;
  let listed = 0;
  for (let task = client.firstTask; task !== NO_TASK; task = tasks.clientNext(task)) {
    assert(tasks.client(task) === client, 'C1: stranger among the tasks of a client');
    listed++;
  }
  assert(listed === client.tasks, `C1: ${listed} tasks listed, ${client.tasks} counted`);
  client.finished.check('C2: finished tasks');
  for (let task = client.finished.head; task !== NO_TASK; task = tasks.next(task)) {
    assert(tasks.phase(task) === FINISHED && client.own, 'C2: an unfinished or a stock task is listed');
    const next = tasks.next(task);
    const inOrder = next === NO_TASK || tasks.age(task, state.now) >= tasks.age(next, state.now);
    assert(inOrder, 'C2: finished tasks are out of order');
  }
  assert(!client.gone && client.timeout.armed, 'C1: a registered client is gone or has no deadline');
  if (client.finished.length > 0)
    assert(client.resend.armed, 'C2: unacknowledged results without a deadline');
};

const checkWorker = (state: SchedulerState, worker: Worker): void => {
  const { tasks } = state;
  worker.holds.check('W1: held tasks');
  let aheadUs = 0;
  let moving = 0;
  for (let task = worker.holds.head; task !== NO_TASK; task = tasks.next(task)) {
    assert(tasks.worker(task) === worker, 'W1: stranger among the tasks of a worker');
    const phase = tasks.phase(task);
    assert(phase === ASSIGNED || phase === CANCELING, 'W1: it holds a task that is not assigned');
    aheadUs += 1 << tasks.estimate(task);
    if (tasks.moving(task)) moving++;
  }
  assert(aheadUs === worker.aheadUs, `W2: ${aheadUs} us ahead, ${worker.aheadUs} counted`);
  assert(moving === worker.moving, `W2: ${moving} tasks moving, ${worker.moving} counted`);
  assert(
    mayBeGivenTasks(worker) || worker.room.indexKey < 0,
    'W3: a worker that may get no tasks is offered some',
  );
  assert(
    worker.room.indexKey < 0 || worker.room.indexKey === worker.holds.length,
    'I1: listed under a wrong load',
  );
  const key = worker.holds.length < 2 || !mayBeGivenTasks(worker) ? -1 : 31 - Math.clz32(worker.holds.length);
  assert(worker.loaded.indexKey === key, `I2: listed under ${worker.loaded.indexKey}, belongs under ${key}`);
  assert(
    worker.timeout.armed && worker.phase !== 'lost',
    'W1: a registered worker is lost or has no deadline',
  );
  assert(worker.mute !== 'down' || worker.grace.armed, 'W1: a link is down without a deadline');
  assert(worker.acks.length === 0 || worker.ackFlush.armed, 'W1: acknowledgements without a deadline');
  const { group } = worker;
  if (group !== undefined) assert(group.workers.has(worker), 'G1: a group does not know its worker');
};

const checkPool = (state: SchedulerState, pool: Pool): void => {
  pool.room.check();
  pool.loaded.check();
  let workers = 0;
  let idle = 0;
  for (const worker of state.workers.values()) {
    if (worker.pool !== pool) continue;
    workers++;
    if (worker.room.indexKey === 0) idle++;
  }
  assert(workers === pool.workers, `I1: ${workers} workers in a pool, ${pool.workers} counted`);
  assert(idle === pool.idle, `I3: ${idle} idle workers in a pool, ${pool.idle} counted`);
  for (const bucket of pool.buckets) {
    assert(bucket.pools.includes(pool), 'B3: a bucket does not know its pool');
    assert(
      bucket.waiting === 0 || pool.room.size === 0,
      'I1: tasks wait while a worker that may run them has room',
    );
  }
};

const checkGroups = (state: SchedulerState): void => {
  let grouped = 0;
  for (const [id, group] of state.groups) {
    assert(group.id === id && group.adapter.groups.has(group), 'A1: a group that its adapter does not know');
    checkGroup(state, group);
    grouped += group.workers.size;
  }
  assert(
    grouped + state.own.ungrouped + state.stock.ungrouped === state.workers.size,
    'G1: workers with and without a group are not all workers',
  );
  const up = [...state.groups.values()].filter(({ phase }) => isUp(phase)).length;
  assert(up === state.counts.groupsUp, `A1: ${up} groups up, ${state.counts.groupsUp} counted`);
  for (const own of [true, false]) {
    const lone = [...state.workers.values()].filter((one) => one.own === own && one.group === undefined);
    side(state, own).offers.check(lone);
  }
  for (const adapter of state.adapters.values()) {
    for (const phase of GROUP_PHASES) {
      const found = [...adapter.groups].filter((group) => group.phase === phase).length;
      assert(
        found === adapter.phases[phase],
        `A1: ${found} groups ${phase}, ${adapter.phases[phase]} counted`,
      );
    }
    checkSupplies(adapter);
    assert(adapter.timeout.armed, 'A1: an adapter without a deadline');
  }
};

const checkGroup = (state: SchedulerState, group: Group): void => {
  let busy = 0;
  for (const worker of group.workers) {
    assert(worker.group === group && state.workers.get(worker.id) === worker, 'G1: stranger in a group');
    if (worker.holds.length > 0) busy++;
  }
  assert(group.phase !== 'requested' || group.workers.size === 0, 'G1: a requested group has workers');
  assert(busy === group.busy, `G2: ${busy} busy workers, ${group.busy} counted`);
  assert(group.guessed || !isDoubtful(state, group), 'S5: a guess that is not told to be one');
  const fills = group.fillsUntil !== undefined && group.phase === 'running' && group.workers.size > 0;
  assert(!fills || group.timer.armed, 'G4: workers are awaited without a deadline');
  const idle = group.phase === 'running' && busy === 0 && group.workers.size > 0;
  assert(idle === (group.idleSince !== undefined), 'G2: idleSince does not fit');
  const deserted = group.phase === 'running' && group.workers.size === 0;
  assert(
    group.phase === 'running' && !deserted ? true : group.timer.armed,
    `G3: ${group.phase} without a deadline`,
  );
};

const checkObjects = (state: SchedulerState): void => {
  let owned = 0;
  for (const [id, owners] of state.objects) {
    for (const owner of Array.isArray(owners) ? owners : [owners]) {
      assert(owner.objects.has(id), 'O1: an owner does not know its object');
      owned++;
    }
  }
  let listed = 0;
  for (const client of state.clients.values()) listed += client.objects.size;
  assert(owned === listed, `O1: ${owned} ownerships, ${listed} listed`);
};
