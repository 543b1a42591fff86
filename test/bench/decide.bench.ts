/**
 * What a decision about the size of the fleet costs: in a large fleet, in a very large one, and beside the heartbeats
 * of very many adapters. In process, on the built core: no sockets, no second process.
 */
import { createScheduler, schedulerOn } from '@muster/core/scheduler';
import type { Scheduler } from '@muster/core/scheduler';
import { policyOf } from '@muster/core/policy-content';
import type { SchedulerConfig, SchedulerEffect, SchedulerEvent } from '@muster/core/scheduler-types';
import { decodeMessage, encodeMessage, encodeTask, taskHead } from '@muster/protocol/codec';
import { adapterId, groupId, instant, objectId, peerId, taskId } from '@muster/protocol/ids';
import type { Capabilities } from '@muster/protocol/ids';
import { FEATURES } from '@muster/protocol/messages';
import type { AdapterHeartbeat, GroupOffer, Message, TaskHead } from '@muster/protocol/messages';
import type * as Decide from '../../packages/core/dist/scaling/decide.js';
import type * as Demand from '../../packages/core/dist/scheduler/demand.js';
import type * as State from '../../packages/core/dist/scheduler/state.js';
import type * as View from '../../packages/core/dist/scheduler/view.js';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { option, report, root } from './support.js';

type Internals = typeof State & typeof View & typeof Demand & typeof Decide;

/** The inside of the built core, for what only the inside can be asked. */
const inside = async (): Promise<Internals> => {
  const files = ['scheduler/state', 'scheduler/view', 'scheduler/demand', 'scaling/decide'];
  const parts = files.map(
    (file) => import(pathToFileURL(join(root, 'packages/core/dist', `${file}.js`)).href) as Promise<object>,
  );
  return Object.assign({}, ...(await Promise.all(parts))) as Internals;
};

const config = (scaling: string): SchedulerConfig => ({
  epoch: 'bench',
  policy: policyOf(`allocate=capability; scaling=${scaling}`),
  compat: 'own',
  clientTimeoutMs: 1e9,
  workerTimeoutMs: 1e9,
  adapterTimeoutMs: 1e9,
  attemptsMax: 3,
  prefetchMs: 20,
  resultResendMs: 5_000,
  startTimeoutMs: 1e9,
  pendingTimeoutMs: 1e9,
  drainTimeoutMs: 30_000,
  stopTimeoutMs: 20_000,
  idleBeforeStopMs: 3_000,
  balanceIntervalMs: 1_000,
  protected: false,
});

const capabilities = (set: number): Capabilities => new Map([[`c${set}`, 'present' as const]]);

const FUNCTIONS = 8;
let minted = 0;
const task = (set: number): TaskHead => {
  minted++;
  const bytes = encodeTask({
    taskId: taskId(String(minted).padStart(16, '0')),
    source: undefined,
    metadata: undefined,
    functionId: objectId(`f${minted % FUNCTIONS}`.padEnd(32, ' ')),
    args: [],
    needs: capabilities(set),
    timeoutMs: 0,
    attemptsMax: 0,
  });
  return taskHead(bytes, 0, bytes.length);
};

const message = (from: string, what: Message): SchedulerEvent => ({
  kind: 'message',
  from: peerId(from),
  message: what,
});

const submit = (tasks: readonly TaskHead[]): SchedulerEvent =>
  message('c', { kind: 'taskBatch', tasks, attempts: tasks.map(() => 0), sources: [], sourceOf: [] });

const heartbeat = (
  id: string,
  groups: readonly string[],
  groupsMax: number,
  offers: readonly GroupOffer[],
): AdapterHeartbeat => ({
  kind: 'adapterHeartbeat',
  groupsMax,
  workersPerGroup: 1,
  capabilities: new Map(),
  adapterId: adapterId(id),
  groups: groups.map((group) => ({ groupId: groupId(group), state: 'running', nativeId: '1' })),
  features: FEATURES,
  offers,
  trouble: '',
});

const worker = (group: string, set: number): SchedulerEvent =>
  message(`Worker|${group}|${'0'.repeat(32)}`, {
    kind: 'workerHeartbeat',
    agent: { cpu: 0, rssBytes: 0 },
    rssFreeBytes: 0,
    queueSize: 1_000,
    queuedTasks: 0,
    latencyUs: 0,
    taskLock: false,
    processors: [],
    capabilities: capabilities(set),
    features: FEATURES,
  });

interface Shape {
  readonly adapters: number;
  readonly groups: number;
  readonly tasks: number;
  readonly sets: number;
}

/** All groups run with one worker each, all workers are busy, all other tasks wait; adapters may double their groups. */
const build = (machine: Scheduler, { adapters, groups, tasks, sets }: Shape): number => {
  let now = 0;
  const step = (...events: SchedulerEvent[]): void => void machine.step(events, instant(++now));
  const clientBeat = { resource: { cpu: 0, rssBytes: 0 }, latencyUs: 0, features: FEATURES };
  step(message('c', { kind: 'clientHeartbeat', ...clientBeat }));
  for (let at = 0; at < tasks; at += 1_000)
    step(submit(Array.from({ length: Math.min(1_000, tasks - at) }, (_, i) => task((at + i) % sets))));
  const each = Math.ceil(groups / adapters);
  for (let one = 0; one < adapters; one++) {
    const names = Array.from(
      { length: Math.min(each, groups - one * each) },
      (_, i) => `g-old-${one * each + i}`,
    );
    const own = Array.from({ length: sets }, (_, set) => set).filter((set) => set % adapters === one % sets);
    const offers = own.map((set) => ({
      name: `c${set}`,
      capabilities: capabilities(set),
      dollarsPerHour: 0.04 + set / 1_000,
      billedMinimumMs: 60_000,
    }));
    step(message(`adapter ${one}`, heartbeat(`a${one}`, names, 2 * each, offers)));
    for (const [i, name] of names.entries()) step(worker(name, own[i % own.length] ?? 0));
  }
  return now;
};

interface Times {
  /** Milliseconds of the clock. */
  readonly p50: number;
  readonly p99: number;
  /** Milliseconds of CPU, of all threads: what other processes of the machine take is not in it. */
  readonly cpuP99: number;
}

const percentile = (times: readonly number[], share: number): number =>
  [...times].sort((one, other) => one - other)[Math.ceil(times.length * share) - 1] ?? 0;

const measure = (times: number, run: (i: number) => void): Times => {
  for (let i = 0; i < Math.min(50, times); i++) run(i);
  globalThis.gc?.();
  const clock: number[] = [];
  const cpu: number[] = [];
  for (let i = 0; i < times; i++) {
    const [begun, used] = [process.hrtime.bigint(), process.cpuUsage()];
    run(i);
    const { user, system } = process.cpuUsage(used);
    clock.push(Number(process.hrtime.bigint() - begun) / 1e6);
    cpu.push((user + system) / 1e3);
  }
  return { p50: percentile(clock, 0.5), p99: percentile(clock, 0.99), cpuP99: percentile(cpu, 0.99) };
};

const POLICIES = ['vanilla', 'capability', 'target', 'fixed_elastic', 'waterfall; tiers=a'] as const;
const figures: Record<string, number> = {};
const ratios: Record<string, number> = {};

const tell = (name: string, { p50, p99, cpuP99 }: Times, goalMs: number): void => {
  figures[`${name}, ms p50`] = p50;
  figures[`${name}, ms p99`] = p99;
  figures[`${name}, CPU ms p99`] = cpuP99;
  ratios[`${name}: CPU p99 / goal ${goalMs} ms`] = cpuP99 / goalMs;
};

const built = async (shape: Shape) => {
  const core = await inside();
  const state = core.createState(config('vanilla'), instant(0));
  const machine = schedulerOn(state as never);
  let now = build(machine, shape);
  /** One task more, and the decision that it causes. */
  const decision = (i: number): void => {
    now += 25;
    const before = state.lastScalingAt;
    machine.step([submit([task(i % shape.sets)])], instant(now));
    if (state.lastScalingAt === before) throw new Error('no decision was made');
  };
  const rebuilt = (): void =>
    void core.decide(state.config.policy, core.viewOf(state, true), state.own.limits);
  const recount = (): void => void core.countWork(state.tasks.countKinds());
  const follow = (scaling: string): void =>
    void Object.assign(state.config, { policy: config(scaling).policy });
  return { decision, rebuilt, recount, follow };
};

const large = { adapters: 2, groups: 1_337, tasks: 13_315, sets: 13 };
{
  const { decision, follow } = await built(large);
  for (const scaling of POLICIES) {
    follow(scaling);
    tell(`large, ${scaling.split(';')[0] ?? ''}: decision`, measure(400, decision), 2);
  }
}

const huge = { adapters: 8, groups: 10_000, tasks: option('tasks', 1_000_000), sets: 64 };
{
  const { decision, rebuilt, recount, follow } = await built(huge);
  for (const scaling of POLICIES) {
    follow(scaling);
    const name = scaling.split(';')[0] ?? '';
    tell(`huge, ${name}: decision`, measure(400, decision), 5);
    tell(`huge, ${name}: from the indexes`, measure(200, rebuilt), 5);
  }
  tell('huge: from the task table', measure(20, recount), 150);
}

/** Every adapter says hello every 2 s, lists one group and is echoed: decoding, deciding and encoding. */
const adapters = option('adapters', 10_000);
const beating = (): number => {
  const machine = createScheduler(config('vanilla'), instant(0));
  let now = build(machine, { adapters, groups: adapters, tasks: 0, sets: 1 });
  const frames = Array.from({ length: adapters }, (_, one) =>
    encodeMessage(heartbeat(`a${one}`, [`g-old-${one}`], 2, [])),
  );
  const round = (): void => {
    frames.forEach((frame, one) => {
      now += 2_000 / adapters;
      const effects = machine.step(
        [message(`adapter ${one}`, decodeMessage(frame))],
        instant(Math.floor(now)),
      );
      effects.forEach(encode);
    });
  };
  for (let i = 0; i < 3; i++) round();
  globalThis.gc?.();
  const before = process.cpuUsage();
  const rounds = 5;
  for (let i = 0; i < rounds; i++) round();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6 / (rounds * 2);
};
const encode = (effect: SchedulerEffect): void => {
  if (effect.kind === 'send') encodeMessage(effect.message);
};
const share = beating();
figures[`heartbeats of ${adapters} adapters, share of a core`] = share;
ratios['heartbeats / goal 20 % of a core'] = share / 0.2;

report({
  bench: 'decide',
  load: {
    large: '13,315 unfinished tasks of 13 needs and 8 functions; 1,337 groups at 2 adapters',
    huge: '1,000,000 tasks of 64 needs and 8 functions; 10,000 groups at 8 adapters of 8 offers each',
    heartbeats: 'every 2 s each, one group listed; decoding and encoding included',
  },
  figures,
  ratios,
  skipped: [],
});
