/**
 * Runs tasks inside this process, for a debugger. Not safe: user code that loops stops the worker's heartbeats, and
 * one that exits ends the host. Cancel and time-out can only ask.
 */
import { objectId } from '@muster/protocol/ids';
import type { FinishedRun, Run } from '@muster/core/worker-types';
import { createCommands, signalGroup } from '../processor/commands.ts';
import type { Entry, Sink } from '../processor/execution.ts';
import { createFunctions } from '../processor/functions.ts';
import { createObjects } from '../processor/objects.ts';
import { createReferences } from '../processor/references.ts';
import { createRunner } from '../processor/runner.ts';
import type { Runner } from '../processor/runner.ts';
import type { PortEvents, ProcessorPort } from './port.ts';

const REFERENCE_BYTES_MAX = 128 * 1024 * 1024;

interface Life {
  readonly runner: Runner;
  readonly handed: Map<number, Run>;
  readonly groups: Set<number>;
  generation: number;
  begun: number | undefined;
}

export const createInProcess = (folder: string, events: PortEvents): ProcessorPort => {
  const objects = createObjects();
  const functions = createFunctions(objects, folder);
  const references = createReferences(objects, REFERENCE_BYTES_MAX);
  let life: Life | undefined;

  const sinkOf = (one: () => Life): Sink => ({
    begin: ({ run, generation }) => {
      if (life !== one() || generation !== one().generation) return false;
      one().begun = run;
      return true;
    },
    finished: (record) => {
      one().handed.delete(record.run);
      if (life !== one()) return; // what was killed here runs on, and nobody listens
      const finished: FinishedRun = { ...record, objectIds: record.objectIds.map(objectId) };
      events.onEvents([{ kind: 'finished', runs: [finished] }]);
    },
    idle: () => undefined,
    log: (run, stream, text) => {
      const task = one().handed.get(run)?.task;
      if (task?.streamOutput === true) events.onLog(task.taskId, stream, text);
    },
    group: (pgid, state) => void (state === 'started' ? one().groups.add(pgid) : one().groups.delete(pgid)),
  });
  const born = (): Life => {
    const sink = sinkOf(() => fresh);
    const runCommand = createCommands(sink, objects, folder);
    const runner = createRunner({ sink, objects, functions, references, runCommand });
    const fresh: Life = { runner, handed: new Map(), groups: new Set(), generation: 0, begun: undefined };
    return fresh;
  };
  const end = (): Life | undefined => {
    const one = life;
    life = undefined;
    if (one === undefined) return undefined;
    one.runner.current?.abort();
    for (const pgid of one.groups) signalGroup(pgid, 'SIGKILL');
    return one;
  };
  return {
    pid: process.pid,
    start: () => {
      life = born();
      events.onEvents([{ kind: 'processorReady' }]);
    },
    execute: (runs) => {
      const one = life;
      if (one === undefined) return;
      for (const run of runs) one.handed.set(run.run, run);
      const { generation } = one;
      const entries: Entry[] = runs.map(({ run, task }) => ({
        run,
        attempt: task.attempt,
        generation,
        ...task.frame,
      }));
      // Not inside the step of the machine that handed them over.
      setImmediate(() => one.runner.execute(entries));
    },
    recall: () => {
      if (life === undefined) return;
      life.generation++;
      const { begun } = life;
      const back = [...life.handed.keys()].filter((run) => begun === undefined || run > begun);
      for (const run of back) life.handed.delete(run);
      events.onEvents([{ kind: 'recalled', runs: back }]);
    },
    stopRun: (run, how) => {
      life?.runner.abort(run);
      if (how === 'terminate') for (const pgid of life?.groups ?? []) signalGroup(pgid, 'SIGTERM');
    },
    kill: () => {
      const one = end();
      if (one !== undefined)
        events.onEvents([{ kind: 'processorEnded', begun: one.begun, detail: 'given up, in-process' }]);
    },
    setStore: (store) => objects.setStore(store),
    memoryBytes: () => undefined,
    close: () => {
      end();
      objects.close();
      return Promise.resolve();
    },
  };
};
