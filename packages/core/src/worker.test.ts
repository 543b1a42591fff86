import { describe, expect, it } from 'vitest';
import type { CancelConfirm } from '@muster/protocol/messages';
import type { HeldResult, OfferedTask, WorkerEffect } from './worker-types.ts';
import {
  echo,
  finishedRun,
  harness,
  offered,
  readyWorker,
  said,
  taskName,
  warmWorker,
} from './worker/testing.ts';

const execute = (...runs: [number, OfferedTask][]): WorkerEffect => ({
  kind: 'execute',
  runs: runs.map(([run, task]) => ({ run, task })),
});
const value = (name: string, run: number, more: Partial<HeldResult> = {}): HeldResult => ({
  taskId: taskName(name),
  attempt: 1,
  outcome: 'success',
  durationS: 1,
  cpuS: 1,
  memoryPeakBytes: 0,
  body: { kind: 'value', objectIds: [], inline: new Uint8Array([run]) },
  ...more,
});
const results = (...list: HeldResult[]): WorkerEffect => ({ kind: 'results', results: list, batched: true });
const confirm = (name: string, answer: CancelConfirm): WorkerEffect => ({
  kind: 'send',
  message: { kind: 'taskCancelConfirm', taskId: taskName(name), confirm: answer },
});
const returned = (names: string[], kept: string[] = []): WorkerEffect => ({
  kind: 'send',
  message: {
    kind: 'tasksReturned',
    returned: names.map((name) => ({ taskId: taskName(name), attempt: 1 })),
    kept: kept.map((name) => ({ taskId: taskName(name), attempt: 1 })),
  },
});
const drainStatus = (status: 'draining' | 'drained', reason: string): WorkerEffect => ({
  kind: 'send',
  message: { kind: 'drainStatus', status, reason },
});
const disconnect: WorkerEffect = {
  kind: 'send',
  message: { kind: 'disconnectRequest', worker: 'Worker|g-test-1|0' as never },
};
const exit = (reason: string, clean: boolean): WorkerEffect => ({ kind: 'exit', reason, clean });
const tasks = (...list: OfferedTask[]): { readonly kind: 'tasks'; readonly tasks: OfferedTask[] } => ({
  kind: 'tasks',
  tasks: list,
});
const ended = (
  begun: number | undefined,
  detail = 'SIGKILL',
): { kind: 'processorEnded'; begun: number | undefined; detail: string } => ({
  kind: 'processorEnded',
  begun,
  detail,
});
const noNotes = (effects: readonly WorkerEffect[]): readonly WorkerEffect[] =>
  effects.filter((effect) => effect.kind !== 'note');
const ack = (name: string, attempt = 1): ReturnType<typeof said> =>
  said({ kind: 'resultAck', tasks: [{ taskId: taskName(name), attempt }] });
const cancel = (name: string, force: boolean): ReturnType<typeof said> =>
  said({ kind: 'taskCancel', taskId: taskName(name), force });
const takeBack = (...names: string[]): ReturnType<typeof said> =>
  said({ kind: 'takeBack', tasks: names.map((name) => ({ taskId: taskName(name), attempt: 1 })) });

describe('a worker that starts', () => {
  it('sends its first heartbeat and starts its processor at once', () => {
    expect(harness().feed({ kind: 'deadline' })).toEqual([
      { kind: 'heartbeat', queued: 0, running: false, accepting: true },
      { kind: 'startProcessor' },
    ]);
  });

  it('keeps tasks waiting until the processor is ready, then hands over the first', () => {
    const worker = harness();
    worker.feed({ kind: 'deadline' });
    expect(worker.feed(tasks(offered('a'), offered('b')))).toEqual([]);
    expect(worker.feed({ kind: 'processorReady' })).toEqual([execute([1, offered('a')])]);
  });

  it('gives up after five processors that do not start', () => {
    const worker = harness();
    worker.feed({ kind: 'deadline' });
    for (let failure = 1; failure < 5; failure++) {
      expect(noNotes(worker.feed(ended(undefined, 'exit code 1')))).toEqual([]);
      expect(worker.advance(100 * 2 ** failure)).toEqual([{ kind: 'startProcessor' }]);
    }
    expect(noNotes(worker.feed(ended(undefined, 'exit code 1')))).toEqual([
      disconnect,
      exit('the processor does not start: exit code 1', false),
    ]);
  });

  it('kills a processor that is not ready in time', () => {
    const worker = harness();
    worker.feed({ kind: 'deadline' });
    expect(worker.advance(29_999)).toEqual([]);
    expect(worker.advance(1)).toEqual([{ kind: 'killProcessor' }]);
  });
});

describe('running', () => {
  it('runs by priority, then in order of arrival', () => {
    const worker = readyWorker();
    const low = offered('low', { priority: -1 });
    const high = offered('high', { priority: 5 });
    worker.feed(tasks(offered('first'), low, offered('second'), high));
    const order = [1, 2, 3, 4].map((run) =>
      noNotes(worker.feed({ kind: 'finished', runs: [finishedRun(run)] })),
    );
    expect(order).toEqual([
      [execute([2, offered('first')]), results(value('high', 1))],
      [execute([3, offered('second')]), results(value('first', 2))],
      [execute([4, low]), results(value('second', 3))],
      [results(value('low', 4))],
    ]);
  });

  it('hands over several tasks of a function that is known to be short', () => {
    const worker = warmWorker();
    const list = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => offered(name));
    expect(worker.feed(tasks(...list))).toEqual([
      execute(...list.slice(0, 5).map((task, index): [number, OfferedTask] => [index + 2, task])),
    ]);
  });

  it('never puts a task behind one whose length is unknown, or whose output is streamed', () => {
    const worker = warmWorker();
    const unknown = offered('u', { functionId: 'other' as never });
    expect(worker.feed(tasks(unknown, offered('a')))).toEqual([execute([2, unknown])]);
    const streamed = offered('s', { streamOutput: true });
    worker.feed(tasks(streamed, offered('b')));
    expect(worker.feed({ kind: 'finished', runs: [finishedRun(2)] })).toEqual([
      execute([3, offered('a')]),
      results(value('u', 2)),
    ]);
    expect(worker.feed({ kind: 'finished', runs: [finishedRun(3, { durationS: 0.001 })] })).toEqual([
      execute([4, streamed]),
      results(value('a', 3, { durationS: 0.001 })),
    ]);
  });

  it('recalls what waits behind a task that turns out long', () => {
    const worker = warmWorker();
    worker.feed(tasks(offered('a'), offered('b'), offered('c')));
    expect(worker.advance(24)).toEqual([]);
    expect(worker.advance(1)).toEqual([{ kind: 'recall' }]);
    expect(worker.feed({ kind: 'recalled', runs: [3, 4] })).toEqual([]);
    expect(worker.feed(takeBack('b'))).toEqual([returned(['b'])]);
    expect(worker.feed({ kind: 'finished', runs: [finishedRun(2)] })).toEqual([
      execute([5, offered('c')]),
      results(value('a', 2)),
    ]);
  });

  it('reports the memory peak of the run, not of what ran before it', () => {
    const worker = readyWorker();
    worker.feed(tasks(offered('a'), offered('b')));
    worker.feed({ kind: 'memory', rssBytes: 500 }, { kind: 'memory', rssBytes: 100 });
    expect(worker.feed({ kind: 'finished', runs: [finishedRun(1)] })).toEqual([
      execute([2, offered('b')]),
      results(value('a', 1, { memoryPeakBytes: 500 })),
    ]);
    expect(worker.feed({ kind: 'finished', runs: [finishedRun(2)] })).toEqual([
      results(value('b', 2, { memoryPeakBytes: 100 })),
    ]);
  });

  it('replaces a processor that ends a run it was not given', () => {
    const worker = readyWorker();
    worker.feed(tasks(offered('a')));
    expect(worker.feed({ kind: 'finished', runs: [finishedRun(7)] })).toEqual([
      { kind: 'note', level: 'warn', event: 'worker.processor.confused', fields: { run: 7, expected: 1 } },
      { kind: 'killProcessor' },
    ]);
  });

  it('gives back what does not fit', () => {
    const worker = readyWorker({ tasksMax: 1 });
    expect(noNotes(worker.feed(tasks(offered('a'), offered('b'))))).toEqual([
      returned(['b']),
      execute([1, offered('a')]),
    ]);
  });
});

describe('results', () => {
  it('are sent again until they are acknowledged', () => {
    const worker = readyWorker();
    worker.feed(tasks(offered('a')), { kind: 'finished', runs: [] });
    worker.feed({ kind: 'finished', runs: [finishedRun(1)] });
    expect(worker.advance(5000)).toEqual([results(value('a', 1))]);
    expect(worker.feed(ack('a', 9))).toEqual([]);
    expect(worker.advance(5000)).toEqual([results(value('a', 1))]);
    expect(worker.feed(ack('a'))).toEqual([]);
    expect(worker.advance(20_000)).toEqual([]);
  });

  it('wait for the connection', () => {
    const worker = readyWorker();
    worker.feed(tasks(offered('a')), { kind: 'connection', state: 'down' });
    expect(worker.feed({ kind: 'finished', runs: [finishedRun(1)] })).toEqual([]);
    expect(worker.advance(20_000)).toEqual([]);
    // A scheduler that does not know this worker, or lost sight of tasks, must meet it and hear what it has first.
    expect(worker.feed({ kind: 'connection', state: 'up' })).toEqual([
      { kind: 'heartbeat', queued: 0, running: false, accepting: true },
      { kind: 'send', message: { kind: 'tasksHeld', tasks: [{ taskId: taskName('a'), attempt: 1 }] } },
      results(value('a', 1)),
    ]);
  });

  it('stop new runs when too many bytes are unacknowledged', () => {
    const worker = readyWorker({ resultBytesMax: 400 });
    worker.feed(tasks(offered('a'), offered('b'), offered('c')));
    worker.feed({ kind: 'finished', runs: [finishedRun(1)] });
    expect(noNotes(worker.feed({ kind: 'finished', runs: [finishedRun(2)] }))).toEqual([
      results(value('b', 2)),
    ]);
    expect(worker.feed(ack('a'))).toEqual([execute([3, offered('c')])]);
  });

  it('answer a task that is offered again', () => {
    const worker = readyWorker();
    worker.feed(tasks(offered('a')));
    worker.feed({ kind: 'finished', runs: [finishedRun(1)] });
    expect(worker.feed(tasks(offered('a')))).toEqual([results(value('a', 1))]);
    expect(worker.feed(tasks(offered('a', { attempt: 2 })))).toEqual([
      results(value('a', 1, { attempt: 2 })),
    ]);
  });

  it('of a failed attempt do not answer the next one', () => {
    const worker = readyWorker();
    worker.feed(tasks(offered('a')));
    worker.feed({ kind: 'finished', runs: [finishedRun(1, { outcome: 'failed' })] });
    const again = offered('a', { attempt: 2 });
    expect(worker.feed(tasks(again))).toEqual([execute([2, again])]);
  });

  it('go one by one and once to a scheduler that acknowledges nothing', () => {
    const worker = harness();
    worker.feed({ kind: 'deadline' });
    worker.feed({ kind: 'connection', state: 'up' }, { kind: 'processorReady' });
    worker.feed(
      said({ kind: 'workerHeartbeatEcho', storage: { host: '127.0.0.1', port: 1 }, extras: undefined }),
    );
    worker.feed(tasks(offered('a')));
    expect(worker.feed({ kind: 'finished', runs: [finishedRun(1)] })).toEqual([
      { kind: 'results', results: [value('a', 1)], batched: false },
    ]);
    expect(worker.advance(20_000)).toEqual([]);
  });
});

describe('taking back', () => {
  it('returns what waits and keeps what runs', () => {
    const worker = readyWorker();
    worker.feed(tasks(offered('a'), offered('b')));
    expect(worker.feed(takeBack('a', 'b'))).toEqual([returned(['b'], ['a'])]);
  });

  it('asks the processor for what was handed over but may not have begun', () => {
    const worker = warmWorker();
    worker.feed(tasks(offered('a'), offered('b'), offered('c'), offered('d')));
    expect(worker.feed(takeBack('c', 'd'))).toEqual([{ kind: 'recall' }]);
    expect(
      worker.feed(
        { kind: 'finished', runs: [2, 3].map((run) => finishedRun(run, { durationS: 0.001 })) },
        { kind: 'recalled', runs: [5] },
      ),
    ).toEqual([
      returned(['d'], ['c']),
      results(value('a', 2, { durationS: 0.001 }), value('b', 3, { durationS: 0.001 })),
    ]);
  });

  it('keeps what is over and returns what never arrived', () => {
    const worker = readyWorker();
    worker.feed(tasks(offered('a')));
    worker.feed({ kind: 'finished', runs: [finishedRun(1)] });
    expect(worker.feed(takeBack('a', 'lost'))).toEqual([returned(['lost'], ['a'])]);
  });
});

describe('cancel', () => {
  it('drops what waits, refuses what runs unless forced, and knows nothing of strangers', () => {
    const worker = readyWorker();
    worker.feed(tasks(offered('a'), offered('b')));
    expect(worker.feed(cancel('b', false), cancel('a', false), cancel('x', true))).toEqual([
      confirm('b', 'canceled'),
      confirm('a', 'cancelFailed'),
      confirm('x', 'cancelNotFound'),
    ]);
  });

  it('by force asks, then terminates, then kills, and confirms when the run is over', () => {
    const worker = readyWorker();
    worker.feed(tasks(offered('a'), offered('b')));
    expect(worker.feed(cancel('a', true))).toEqual([{ kind: 'stopRun', run: 1, how: 'abort' }]);
    expect(worker.advance(999)).toEqual([]);
    expect(worker.advance(1)).toEqual([{ kind: 'stopRun', run: 1, how: 'terminate' }]);
    expect(worker.advance(3999)).toEqual([]);
    expect(worker.advance(1)).toEqual([{ kind: 'killProcessor' }]);
    expect(noNotes(worker.feed(ended(1)))).toEqual([confirm('a', 'canceled'), { kind: 'startProcessor' }]);
    expect(worker.feed({ kind: 'processorReady' })).toEqual([execute([2, offered('b')])]);
  });

  it('by force is confirmed as soon as the function heeds the signal', () => {
    const worker = readyWorker();
    worker.feed(tasks(offered('a')));
    worker.feed(cancel('a', true));
    expect(
      worker.feed({ kind: 'finished', runs: [finishedRun(1, { aborted: true, outcome: 'failed' })] }),
    ).toEqual([confirm('a', 'canceled')]);
    expect(worker.advance(10_000)).toEqual([]);
  });

  it('loses against a result that was there before it', () => {
    const worker = readyWorker();
    worker.feed(tasks(offered('a')));
    worker.feed(cancel('a', true));
    expect(worker.feed({ kind: 'finished', runs: [finishedRun(1)] })).toEqual([
      confirm('a', 'cancelFailed'),
      results(value('a', 1)),
    ]);
    expect(worker.feed(cancel('a', true))).toEqual([confirm('a', 'cancelFailed'), results(value('a', 1))]);
  });

  it('of a task behind another takes effect without touching the other', () => {
    const worker = warmWorker();
    worker.feed(tasks(offered('a'), offered('b'), offered('c')));
    expect(worker.feed(cancel('b', true))).toEqual([{ kind: 'recall' }]);
    expect(worker.feed({ kind: 'recalled', runs: [3, 4] })).toEqual([confirm('b', 'canceled')]);
  });

  it('by force reaches a task that began before the recall', () => {
    const worker = warmWorker();
    worker.feed(tasks(offered('a'), offered('b'), offered('c')));
    worker.feed(cancel('b', true));
    const short = finishedRun(2, { durationS: 0.001 });
    expect(worker.feed({ kind: 'finished', runs: [short] }, { kind: 'recalled', runs: [4] })).toEqual([
      { kind: 'stopRun', run: 3, how: 'abort' },
      results(value('a', 2, { durationS: 0.001 })),
    ]);
  });
});

describe('the time limit of a task', () => {
  it('ends it as a failure with its own code', () => {
    const worker = readyWorker();
    worker.feed(tasks(offered('a', { timeoutMs: 500 })));
    expect(worker.advance(499)).toEqual([]);
    expect(worker.advance(1)).toEqual([{ kind: 'stopRun', run: 1, how: 'abort' }]);
    const failure = value('a', 1, {
      outcome: 'failed',
      durationS: 0.5,
      cpuS: 0,
      body: {
        kind: 'failure',
        code: 'TaskTimeoutError',
        message: 'the task ran longer than its limit of 500 ms',
      },
    });
    expect(worker.feed({ kind: 'finished', runs: [finishedRun(1, { aborted: true })] })).toEqual([
      results(failure),
    ]);
  });

  it('is no limit for a task that only waits', () => {
    const worker = readyWorker();
    worker.feed(tasks(offered('a'), offered('b', { timeoutMs: 500 })));
    expect(worker.advance(4000)).toEqual([]);
  });
});

describe('a processor that dies', () => {
  it('costs the task that ran one attempt, and nothing else', () => {
    const worker = warmWorker();
    worker.feed(tasks(offered('a'), offered('b'), offered('c')));
    worker.feed({ kind: 'finished', runs: [finishedRun(2, { durationS: 0.001 })] });
    const failure = value('b', 3, {
      outcome: 'failedWorkerDied',
      durationS: 0,
      cpuS: 0,
      body: {
        kind: 'failure',
        code: 'ProcessorDiedError',
        message: 'the processor died while it ran the task: exit code 3',
      },
    });
    expect(noNotes(worker.feed(ended(3, 'exit code 3')))).toEqual([
      { kind: 'startProcessor' },
      results(failure),
    ]);
    expect(worker.feed({ kind: 'processorReady' })).toEqual([execute([5, offered('c')])]);
  });

  it('before it began what it was given costs nothing', () => {
    const worker = readyWorker();
    worker.feed(tasks(offered('a')));
    expect(noNotes(worker.feed(ended(undefined)))).toEqual([{ kind: 'startProcessor' }]);
    expect(worker.feed({ kind: 'processorReady' })).toEqual([execute([2, offered('a')])]);
  });

  it('is killed over its memory limit, and the failure says so', () => {
    const worker = readyWorker();
    worker.feed(tasks(offered('a')));
    expect(worker.feed({ kind: 'memory', rssBytes: 1_000_001 })).toEqual([{ kind: 'killProcessor' }]);
    const failure = value('a', 1, {
      outcome: 'failedWorkerDied',
      durationS: 0,
      cpuS: 0,
      memoryPeakBytes: 1_000_001,
      body: {
        kind: 'failure',
        code: 'ProcessorDiedError',
        message:
          'the processor died while it ran the task: out of memory: it used 1 MiB, its limit is 1 MiB (--max-processor-memory); SIGKILL',
      },
    });
    expect(noNotes(worker.feed(ended(1)))).toEqual([{ kind: 'startProcessor' }, results(failure)]);
  });
});

describe('draining', () => {
  it('gives back what has not begun, refuses what comes, finishes what runs, and says when nothing is left', () => {
    const worker = readyWorker();
    worker.feed(tasks(offered('a'), offered('b')));
    expect(worker.feed(said({ kind: 'drain', action: 'drain' }))).toEqual([returned(['b'])]);
    expect(worker.feed(tasks(offered('c')))).toEqual([returned(['c'])]);
    expect(worker.feed({ kind: 'finished', runs: [finishedRun(1)] })).toEqual([results(value('a', 1))]);
    expect(worker.feed(ack('a'))).toEqual([drainStatus('drained', 'scheduler')]);
    expect(worker.advance(60_000)).toEqual([]);
  });

  it('recalls what the processor has not begun', () => {
    const worker = warmWorker();
    worker.feed(tasks(offered('a'), offered('b')));
    expect(worker.feed(said({ kind: 'drain', action: 'drain' }))).toEqual([{ kind: 'recall' }]);
    expect(worker.feed({ kind: 'recalled', runs: [3] })).toEqual([returned(['b'])]);
  });

  it('can be called off', () => {
    const worker = readyWorker();
    expect(worker.feed(said({ kind: 'drain', action: 'drain' }))).toEqual([
      drainStatus('drained', 'scheduler'),
    ]);
    expect(worker.feed(said({ kind: 'drain', action: 'callOff' }), tasks(offered('a')))).toEqual([
      execute([1, offered('a')]),
    ]);
  });

  it('on SIGTERM ends in an exit once everything is acknowledged', () => {
    const worker = readyWorker();
    worker.feed(tasks(offered('a')));
    expect(noNotes(worker.feed({ kind: 'stop', reason: 'SIGTERM' }))).toEqual([
      drainStatus('draining', 'SIGTERM'),
    ]);
    expect(worker.feed(said({ kind: 'drain', action: 'callOff' }))).toEqual([]);
    worker.feed({ kind: 'finished', runs: [finishedRun(1)] });
    expect(worker.feed(ack('a'))).toEqual([
      drainStatus('drained', 'SIGTERM'),
      disconnect,
      exit('SIGTERM', true),
    ]);
    expect(worker.feed(tasks(offered('b')))).toEqual([]);
  });

  it('on SIGTERM is cut short at its bound', () => {
    const worker = readyWorker();
    worker.feed(tasks(offered('a')));
    worker.feed({ kind: 'stop', reason: 'SIGTERM' });
    expect(worker.advance(29_999)).toEqual([]);
    expect(worker.advance(1)).toEqual([disconnect, exit('SIGTERM; cut short after 30000 ms', false)]);
  });

  it('starts by itself at max lifetime', () => {
    const worker = readyWorker({ lifetimeMaxMs: 10_000 });
    expect(worker.advance(9999)).toEqual([]);
    expect(noNotes(worker.advance(1))).toEqual([
      drainStatus('draining', 'max lifetime'),
      drainStatus('drained', 'max lifetime'),
      disconnect,
      exit('max lifetime', true),
    ]);
  });
});

describe('the scheduler', () => {
  it('that comes back with a new epoch is told everything that is held, then gets the results', () => {
    const worker = readyWorker();
    worker.feed(tasks(offered('a'), offered('b'), offered('c')));
    worker.feed({ kind: 'finished', runs: [finishedRun(1)] });
    const held = ['b', 'c', 'a'].map((name) => ({ taskId: taskName(name), attempt: 1 }));
    expect(noNotes(worker.feed(echo('e2')))).toEqual([
      { kind: 'send', message: { kind: 'tasksHeld', tasks: held } },
      results(value('a', 1)),
    ]);
    expect(worker.feed(echo('e2'))).toEqual([]);
  });

  it('of a new epoch ends the drain of its predecessor', () => {
    const worker = readyWorker();
    worker.feed(said({ kind: 'drain', action: 'drain' }));
    worker.feed(echo('e2'));
    expect(worker.feed(tasks(offered('a')))).toEqual([execute([1, offered('a')])]);
  });

  it('that stays silent for the death timeout is given up, with what runs', () => {
    const worker = readyWorker();
    worker.feed(tasks(offered('a'), offered('b')));
    expect(worker.advance(299_999)).toEqual([]);
    expect(worker.advance(1)).toEqual([
      returned(['b']),
      disconnect,
      exit('no word from the scheduler for 300000 ms', false),
    ]);
  });

  it('is not called silent for the time in which this process did not run', () => {
    const worker = readyWorker();
    worker.feed(tasks(offered('a')));
    worker.sleep(400_000);
    expect(worker.advance(299_000)).toEqual([]);
    expect(worker.advance(1_000)).toContainEqual(exit('no word from the scheduler for 300000 ms', false));
  });

  it('that shuts down takes the worker with it', () => {
    const worker = readyWorker();
    expect(worker.feed(said({ kind: 'clientDisconnect', type: 'shutdown' }))).toEqual([
      disconnect,
      exit('the scheduler shut down', true),
    ]);
  });
});

describe('a scheduler of the stock system', () => {
  const stockEcho = said({
    kind: 'workerHeartbeatEcho',
    storage: { host: '127.0.0.1', port: 1 },
    extras: undefined,
  });
  const stockWorker = (): ReturnType<typeof harness> => {
    const worker = harness();
    worker.feed({ kind: 'deadline' });
    worker.feed({ kind: 'connection', state: 'up' }, stockEcho, { kind: 'processorReady' });
    return worker;
  };

  it('is sent no result before its echo has told how, and then each one alone and once', () => {
    const worker = harness();
    worker.feed({ kind: 'deadline' });
    worker.feed({ kind: 'connection', state: 'up' }, { kind: 'processorReady' }, tasks(offered('a')));
    expect(worker.feed({ kind: 'finished', runs: [finishedRun(1)] })).toEqual([]);
    expect(worker.feed(stockEcho)).toEqual([{ kind: 'results', results: [value('a', 1)], batched: false }]);
    expect(worker.advance(60_000)).toEqual([]);
  });

  it('is told of no drain, and takes what has not begun when the worker disconnects', () => {
    const worker = stockWorker();
    worker.feed(tasks(offered('a'), offered('b')));
    expect(noNotes(worker.feed({ kind: 'stop', reason: 'SIGTERM' }))).toEqual([]);
    expect(worker.feed({ kind: 'finished', runs: [finishedRun(1)] })).toEqual([
      { kind: 'results', results: [value('a', 1)], batched: false },
      disconnect,
      exit('SIGTERM', true),
    ]);
  });
});

describe('results before the first echo', () => {
  it('wait for it, and are sent in one frame to a scheduler of ours', () => {
    const worker = harness();
    worker.feed({ kind: 'deadline' });
    worker.feed({ kind: 'connection', state: 'up' }, { kind: 'processorReady' }, tasks(offered('a')));
    expect(worker.feed({ kind: 'finished', runs: [finishedRun(1)] })).toEqual([]);
    expect(worker.feed(echo('e1'))).toEqual([results(value('a', 1))]);
  });
});
