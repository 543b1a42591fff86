/**
 * Runs tasks inside this process, for a debugger. Not safe: user code that loops stops the worker's heartbeats, and
 * one that exits ends the host. Cancel and time-out can only ask.
 */
import type { FinishedRun, Run } from '@muster/core/worker-types';
import { objectId } from '@muster/protocol/ids';
import type { LogStream, StoreAddress } from '../channel/frames.ts';
import type { FinishedRecord } from '../channel/journal.ts';
import { createCommands, signalGroup } from '../processor/commands.ts';
import type { Entry, Sink } from '../processor/execution.ts';
import { createFunctions } from '../processor/functions.ts';
import { createObjects } from '../processor/objects.ts';
import { createReferences } from '../processor/references.ts';
import { Runner } from '../processor/runner.ts';
import type { PortEvents, ProcessorPort } from './port.ts';

/** What a processor process would hold, until it is given up; what was given up runs on, and nobody listens. */
class Life implements Sink {
  readonly #events: PortEvents;
  readonly handed: Map<number, Run> = new Map();
  readonly groups: Set<number> = new Set();
  generation: number = 0;
  begun: number | undefined;
  isOver: boolean = false;

  constructor(events: PortEvents) {
    this.#events = events;
  }

  begin({ run, generation }: Entry): boolean {
    if (this.isOver || generation !== this.generation) return false;
    this.begun = run;
    return true;
  }

  finished(record: FinishedRecord): void {
    this.handed.delete(record.run);
    if (this.isOver) return;
    const finished: FinishedRun = { ...record, objectIds: record.objectIds.map(objectId) };
    this.#events.onEvents([{ kind: 'finished', runs: [finished] }]);
  }

  idle(): void {
    // Everything was told when it happened.
  }

  log(run: number, stream: LogStream, text: string): void {
    const task = this.handed.get(run)?.task;
    if (task?.streamOutput === true && !this.isOver) this.#events.onLog(task.taskId, stream, text);
  }

  group(pgid: number, state: 'started' | 'ended'): void {
    if (state === 'started') this.groups.add(pgid);
    else this.groups.delete(pgid);
  }
}

export const createInProcess = (folder: string, events: PortEvents): ProcessorPort => {
  const objects = createObjects();
  const functions = createFunctions(objects, folder);
  const references = createReferences(objects);
  let now: { readonly life: Life; readonly runner: Runner } | undefined;

  const end = (): Life | undefined => {
    const last = now;
    now = undefined;
    if (last === undefined) return undefined;
    last.life.isOver = true;
    last.runner.current?.abort();
    for (const pgid of last.life.groups) signalGroup(pgid, 'SIGKILL');
    return last.life;
  };
  return {
    pid: process.pid,
    start: () => {
      const life = new Life(events);
      const runCommand = createCommands(life, objects, folder);
      now = { life, runner: new Runner({ sink: life, objects, functions, references, runCommand }) };
      events.onEvents([{ kind: 'processorReady' }]);
    },
    execute: (runs) => {
      if (now === undefined) return;
      const { life, runner } = now;
      for (const run of runs) life.handed.set(run.run, run);
      const { generation } = life;
      const entries: Entry[] = runs.map(({ run, task }) => ({
        run,
        attempt: task.attempt,
        generation,
        ...task.frame,
      }));
      // Not inside the step of the machine that handed them over.
      setImmediate(() => runner.execute(entries));
    },
    recall: () => {
      if (now === undefined) return;
      const { life } = now;
      life.generation++;
      const back = [...life.handed.keys()].filter((run) => life.begun === undefined || run > life.begun);
      for (const run of back) life.handed.delete(run);
      events.onEvents([{ kind: 'recalled', runs: back }]);
    },
    stopRun: (run, how) => {
      now?.runner.abort(run);
      if (how === 'terminate') for (const pgid of now?.life.groups ?? []) signalGroup(pgid, 'SIGTERM');
    },
    kill: () => {
      const life = end();
      if (life !== undefined)
        events.onEvents([{ kind: 'processorEnded', begun: life.begun, detail: 'given up, in-process' }]);
    },
    setStore: (store: StoreAddress) => objects.setStore(store),
    memoryBytes: () => undefined,
    close: () => {
      end();
      objects.close();
      return Promise.resolve();
    },
  };
};
