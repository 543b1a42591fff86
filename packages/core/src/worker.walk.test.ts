/**
 * Random walks of one worker between a scheduler and a processor that do anything they are allowed to do. After every
 * step the invariants hold; at the end the scheduler has stopped asking, and every task that was offered has been
 * answered: a result, a return or a confirmed cancel. Nothing that was given up brings a result later.
 */
import { describe, expect, it } from 'vitest';
import { instant, objectId } from '@muster/protocol/ids';
import type { TaskId } from '@muster/protocol/ids';
import type { FinishedRun, Run, WorkerEffect, WorkerEvent } from './worker-types.ts';
import { createWorker } from './worker.ts';
import { echo, finishedRun, offered, said, testConfig } from './worker/testing.ts';

const random = (seed: number): ((below: number) => number) => {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
};

class World {
  readonly pick: (below: number) => number;
  readonly worker: ReturnType<typeof createWorker>;
  now = 0;
  offeredCount = 0;
  /** Offered and neither answered by a result, a return nor a confirmed cancel; the latest attempt of each. */
  readonly open = new Map<TaskId, number>();
  /** Given back or canceled, and not offered again since. */
  readonly givenUp = new Set<TaskId>();
  /** The processor: what it was given and has not ended, first one begun. */
  local: Run[] = [];
  processor: 'none' | 'starting' | 'ready' | 'dying' = 'none';
  aborted = new Set<number>();
  ended = false;
  readonly transcript: string[] = [];

  constructor(seed: number) {
    this.pick = random(seed);
    this.worker = createWorker({ ...testConfig, resultBytesMax: 2000, tasksMax: 30 }, instant(0));
  }

  feed(...events: WorkerEvent[]): void {
    let inbox = events;
    while (inbox.length > 0 && !this.ended) {
      const effects = this.worker.step(inbox, instant(this.now));
      this.worker.check();
      inbox = effects.flatMap((effect) => this.apply(effect));
    }
  }

  apply(effect: WorkerEffect): WorkerEvent[] {
    this.transcript.push(JSON.stringify(effect));
    switch (effect.kind) {
      case 'startProcessor':
        if (this.processor !== 'none') throw new Error('two processors');
        this.processor = 'starting';
        return [];
      case 'execute':
        if (this.processor !== 'ready' && this.processor !== 'dying')
          throw new Error(`handed to a processor that is ${this.processor}`);
        for (const run of effect.runs) this.local.push(run);
        return [];
      case 'recall': {
        const back = this.local.splice(1).map((one) => one.run);
        return [{ kind: 'recalled', runs: back }];
      }
      case 'stopRun':
        if (effect.how === 'abort') this.aborted.add(effect.run);
        return [];
      case 'killProcessor':
        this.processor = 'dying';
        return [];
      case 'results':
        for (const result of effect.results) {
          if (this.givenUp.has(result.taskId))
            throw new Error(`a result of ${result.taskId}, which was given up`);
          this.close(result.taskId, result.attempt);
        }
        return this.pick(3) === 0 ? [] : [said({ kind: 'resultAck', tasks: effect.results })];
      case 'send':
        if (effect.message.kind === 'tasksReturned') {
          for (const { taskId, attempt } of effect.message.returned) {
            this.close(taskId, attempt);
            this.givenUp.add(taskId);
          }
        } else if (effect.message.kind === 'taskCancelConfirm' && effect.message.confirm === 'canceled') {
          this.open.delete(effect.message.taskId);
          this.givenUp.add(effect.message.taskId);
        }
        return [];
      case 'exit':
        this.ended = true;
        return [];
      case 'heartbeat':
      case 'note':
        return [];
    }
  }

  close(taskId: TaskId, attempt: number): void {
    if ((this.open.get(taskId) ?? Infinity) <= attempt) this.open.delete(taskId);
  }

  offer(count: number): void {
    const list = [];
    for (let i = 0; i < count; i++) {
      const again = this.pick(10) === 0 && this.offeredCount > 0;
      const name = `t${again ? this.pick(this.offeredCount) : this.offeredCount++}`;
      const task = offered(name, {
        attempt: again ? 2 + this.pick(3) : 1,
        priority: this.pick(3),
        timeoutMs: this.pick(4) === 0 ? 50 : 0,
        streamOutput: this.pick(8) === 0,
        functionId: objectId(`f${this.pick(3)}`.padEnd(32, '.')),
      });
      this.givenUp.delete(task.taskId);
      this.open.set(task.taskId, Math.max(task.attempt, this.open.get(task.taskId) ?? 0));
      list.push(task);
    }
    this.feed({ kind: 'tasks', tasks: list });
  }

  endRuns(count: number): FinishedRun[] {
    const runs: FinishedRun[] = [];
    for (const { run } of this.local.splice(0, count)) {
      runs.push(
        finishedRun(run, { aborted: this.aborted.has(run), durationS: this.pick(4) === 0 ? 0.05 : 0.0005 }),
      );
    }
    return runs;
  }

  someTask(): TaskId {
    return offered(`t${this.pick(Math.max(1, this.offeredCount))}`).taskId;
  }

  /** The processor dies, having ended some runs that nobody had heard of. */
  die(): void {
    const runs = this.processor === 'ready' || this.processor === 'dying' ? this.endRuns(this.pick(2)) : [];
    const begun = this.local[0] !== undefined && this.pick(4) > 0 ? this.local[0].run : runs.at(-1)?.run;
    this.local = [];
    this.processor = 'none';
    this.feed({ kind: 'finished', runs }, { kind: 'processorEnded', begun, detail: 'test' });
  }

  act(): void {
    const action = this.pick(20);
    const running = this.processor === 'ready' || this.processor === 'dying';
    if (action < 4) this.offer(1 + this.pick(6));
    else if (action < 9 && running && this.local.length > 0) {
      this.feed({ kind: 'finished', runs: this.endRuns(1 + this.pick(4)) });
    } else if (action === 9)
      this.feed(said({ kind: 'taskCancel', taskId: this.someTask(), force: this.pick(2) === 0 }));
    else if (action === 10)
      this.feed(said({ kind: 'takeBack', tasks: [{ taskId: this.someTask(), attempt: 1 }] }));
    else if (action === 11)
      this.feed(said({ kind: 'drain', action: this.pick(3) === 0 ? 'drain' : 'callOff' }));
    else if (action === 12) this.feed(echo(`e${this.pick(12) === 0 ? this.now : 1}`));
    else if (action === 13) this.feed({ kind: 'connection', state: this.pick(3) === 0 ? 'down' : 'up' });
    else if (action === 14 && this.pick(4) === 0 && this.processor !== 'none') this.die();
    else if (action === 15) this.feed({ kind: 'memory', rssBytes: this.pick(12) === 0 ? 2_000_000 : 1000 });
    else this.pass(this.pick(60));
  }

  pass(ms: number): void {
    const end = this.now + ms;
    for (
      let at = this.worker.nextDeadline();
      at !== undefined && at <= end && !this.ended;
      at = this.worker.nextDeadline()
    ) {
      this.now = Math.max(this.now, at);
      this.feed({ kind: 'deadline' });
    }
    this.now = end;
    if (this.processor === 'starting') {
      this.processor = 'ready';
      this.feed({ kind: 'processorReady' });
    } else if (this.processor === 'dying') this.die();
  }

  /** The scheduler stops asking; everything comes to its end. */
  settle(): void {
    this.feed({ kind: 'connection', state: 'up' }, said({ kind: 'drain', action: 'callOff' }));
    for (let round = 0; round < 2000 && this.open.size > 0; round++) {
      this.feed(echo('last'));
      if (this.local.length > 0) this.feed({ kind: 'finished', runs: this.endRuns(1) });
      this.pass(100);
    }
  }
}

const walk = (seed: number): World => {
  const world = new World(seed);
  world.feed({ kind: 'deadline' });
  world.feed({ kind: 'connection', state: 'up' }, echo('e1'));
  for (let i = 0; i < 300; i++) world.act();
  world.settle();
  return world;
};

describe('a random walk', () => {
  it('leaves no task without an answer (P1), whatever dies', () => {
    for (let seed = 1; seed <= 150; seed++) {
      const world = walk(seed);
      expect([...world.open.keys()], `seed ${seed}`).toEqual([]);
    }
  });

  it('takes the same way twice (P6)', () => {
    expect(walk(42).transcript).toEqual(walk(42).transcript);
  });
});
