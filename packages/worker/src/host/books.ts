/** What the host knows of one processor's runs: what it handed over, and what the journal says became of it. */
import { never } from '@muster/core/machine';
import type { FinishedRun, Run, WorkerEvent } from '@muster/core/worker-types';
import { objectId } from '@muster/protocol/ids';
import type { JournalReader, JournalRecord } from '../channel/journal.ts';

export class Books {
  readonly #journal: JournalReader;
  /** Handed over and neither finished nor recalled, in order. */
  #handed: Run[] = [];
  #begun: number | undefined;
  readonly #groups = new Set<number>();

  constructor(journal: JournalReader) {
    this.#journal = journal;
  }

  get handed(): readonly Run[] {
    return this.#handed;
  }

  /** The last run that began; it may have been dropped since. */
  get begun(): number | undefined {
    return this.#begun;
  }

  /** Process groups of its commands. */
  get groups(): ReadonlySet<number> {
    return this.#groups;
  }

  add(runs: readonly Run[]): void {
    this.#handed.push(...runs);
  }

  /** After a new generation: strikes out what has not begun, and says which runs these were. */
  recall(): readonly number[] {
    const begun = this.#begun ?? -1;
    const back = this.#handed.filter(({ run }) => run > begun).map(({ run }) => run);
    this.#handed = this.#handed.filter(({ run }) => run <= begun);
    return back;
  }

  /**
   * Brings the books up to date. Events come in the order of the journal: a run that was dropped leaves before the
   * next one can have ended.
   */
  read(tail?: number): WorkerEvent[] {
    const events: WorkerEvent[] = [];
    let finished: FinishedRun[] = [];
    const close = (): void => {
      if (finished.length > 0) events.push({ kind: 'finished', runs: finished });
      finished = [];
    };
    for (const record of this.#journal.read(tail)) {
      if (record.type === 'finished') {
        const { objectIds, ...rest } = record.finished;
        finished.push({ ...rest, objectIds: objectIds.map(objectId) });
        this.#leave(rest.run);
      } else if (record.type === 'dropped') {
        close();
        events.push({ kind: 'recalled', runs: [record.run] });
        this.#leave(record.run);
      } else this.#note(record);
    }
    close();
    return events;
  }

  #note(record: Exclude<JournalRecord, { readonly type: 'finished' } | { readonly type: 'dropped' }>): void {
    switch (record.type) {
      case 'begun':
        this.#begun = record.run;
        return;
      case 'groupStarted':
        this.#groups.add(record.pgid);
        return;
      case 'groupEnded':
        this.#groups.delete(record.pgid);
        return;
      default:
        never(record);
    }
  }

  #leave(run: number): void {
    if (this.#handed[0]?.run === run) this.#handed.shift();
    else this.#handed = this.#handed.filter((one) => one.run !== run);
  }
}
