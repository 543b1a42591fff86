/** A processor as a delay and an outcome: it holds runs, the first one runs, and what it says arrives in order. */
import type { FinishedRun, Run, WorkerEvent } from '@muster/core/worker-types';
import type { Book, SimTask } from './book.ts';
import type { Random } from './random.ts';
import type { Process } from './world.ts';

export interface ProcessorFaults {
  /** How often it does not start. */
  startFails: number;
}

export class Processor {
  phase: 'none' | 'starting' | 'ready' = 'none';
  readonly #process: Process;
  readonly #book: Book;
  readonly #random: Random;
  readonly #feed: (event: WorkerEvent) => void;
  readonly #faults: ProcessorFaults;
  #runs: Run[] = [];
  #generation = 0;
  #headRun = 0;
  #lastBegun: number | undefined;
  #aborted = false;

  constructor(
    process: Process,
    book: Book,
    random: Random,
    faults: ProcessorFaults,
    feed: (event: WorkerEvent) => void,
  ) {
    this.#process = process;
    this.#book = book;
    this.#random = random;
    this.#faults = faults;
    this.#feed = feed;
  }

  /** What runs right now. */
  get running(): SimTask | undefined {
    const head = this.#runs[0];
    return head === undefined ? undefined : this.#book.tasks.get(head.task.taskId);
  }

  start(): void {
    const generation = ++this.#generation;
    this.phase = 'starting';
    this.#lastBegun = undefined;
    this.#process.after(this.#random.skewed(10, 500), () => {
      if (generation !== this.#generation) return;
      if (this.#random.chance(this.#faults.startFails)) return this.die('it did not start');
      this.phase = 'ready';
      this.#feed({ kind: 'processorReady' });
    });
  }

  execute(runs: readonly Run[]): void {
    // Written to a process that is no more: whoever wrote will hear so.
    if (this.phase === 'none') return;
    for (const run of runs) this.#runs.push(run);
    if (this.#headRun === 0) this.#begin();
  }

  recall(): void {
    const back = this.#runs.splice(1).map((one) => one.run);
    this.#tell({ kind: 'recalled', runs: back });
  }

  stopRun(run: number, how: 'abort' | 'terminate'): void {
    const head = this.#runs[0];
    if (head?.run !== run) return;
    this.#aborted = true;
    const stubborn = this.#book.tasks.get(head.task.taskId)?.stubborn === true;
    if (!stubborn || (how === 'terminate' && this.#random.chance(0.5))) this.#endHead(run, 5, true);
  }

  /** By SIGKILL or by its own fault. */
  die(detail: string): void {
    if (this.phase === 'none') return;
    this.#generation++;
    const begun = this.#runs[0]?.run ?? this.#lastBegun;
    this.#runs = [];
    this.#headRun = 0;
    this.phase = 'none';
    this.#tell({ kind: 'processorEnded', begun, detail });
  }

  #begin(): void {
    const head = this.#runs[0];
    if (head === undefined) return;
    this.#headRun = head.run;
    this.#lastBegun = head.run;
    this.#aborted = false;
    const task = this.#book.tasks.get(head.task.taskId);
    if (task !== undefined) task.begun++;
    this.#endHead(head.run, task?.durationMs ?? 1, false);
  }

  #endHead(run: number, ms: number, asked: boolean): void {
    const generation = this.#generation;
    this.#process.after(ms, () => {
      if (generation !== this.#generation || this.#headRun !== run) return;
      const head = this.#runs.shift();
      this.#headRun = 0;
      if (head !== undefined) this.#finished(head, ms / 1000, asked);
      if (this.#headRun === 0) this.#begin();
    });
  }

  #finished(head: Run, durationS: number, asked: boolean): void {
    const outcome = asked ? 'failed' : (this.#book.tasks.get(head.task.taskId)?.outcome ?? 'success');
    const run: FinishedRun = {
      run: head.run,
      outcome,
      aborted: this.#aborted,
      durationS,
      cpuS: durationS,
      objectIds: [],
      inline: new Uint8Array([head.task.attempt & 0xff]),
    };
    this.#tell({ kind: 'finished', runs: [run] });
  }

  #tell(event: WorkerEvent): void {
    this.#process.after(1, () => this.#feed(event));
  }
}
