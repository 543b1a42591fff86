/** Shows a fleet grow and shrink while something else happens, and sums it up at the end. */
import type { Fleet, SchedulerStatus } from 'muster/fleet';

const POLL_MS = 100;

export class FleetLog {
  /** Every scaling decision that was seen, in order. */
  readonly reasons: string[] = [];
  readonly #startedAt = performance.now();
  readonly #fleet: Fleet;
  readonly #stop = new AbortController();
  readonly #watching: Promise<void>;
  #last: SchedulerStatus | undefined;
  #shown = '';
  #onStatus: (status: SchedulerStatus) => void = () => {};

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
    this.#watching = this.#watch();
  }

  /** One line with the time since the start in front. */
  line(text: string): void {
    process.stdout.write(
      `${((performance.now() - this.#startedAt) / 1000).toFixed(1).padStart(6)} s  ${text}\n`,
    );
  }

  /** Resolves with the last status when no worker group is left. */
  async untilEmpty(withinMs: number): Promise<SchedulerStatus> {
    const empty = new Promise<SchedulerStatus>((resolve, reject) => {
      const late = setTimeout(
        () => reject(new Error(`worker groups are still there after ${withinMs / 1000} s: ${this.#shown}`)),
        withinMs,
      );
      const look = (status: SchedulerStatus): void => {
        if (status.groups.length > 0) return;
        clearTimeout(late);
        resolve(status);
      };
      this.#onStatus = look;
      if (this.#last !== undefined) look(this.#last);
    });
    try {
      return await empty;
    } finally {
      this.#stop.abort();
      await this.#watching;
    }
  }

  async #watch(): Promise<void> {
    for await (const status of this.#fleet.watch(POLL_MS, this.#stop.signal)) {
      this.#last = status;
      for (const decision of status.decisions)
        if (!this.reasons.includes(decision)) this.reasons.push(decision);
      this.#show(status);
      this.#onStatus(status);
    }
  }

  #show(status: SchedulerStatus): void {
    const count = (phase: string): number => status.groups.filter((group) => group.phase === phase).length;
    const [starting, running] = [count('requested'), count('running')];
    const leaving = status.groups.length - starting - running;
    const text = `${running} running, ${starting} starting, ${leaving} leaving`;
    if (text === this.#shown || (this.#shown === '' && status.groups.length === 0)) return;
    this.#shown = text;
    this.line(`fleet ${'█'.repeat(running)}${'▒'.repeat(starting)}${'░'.repeat(leaving)}  ${text}`);
  }
}

const seconds = (ms: number | undefined): string => (ms === undefined ? '–' : `${(ms / 1000).toFixed(2)} s`);

export const printSummary = (
  status: SchedulerStatus,
  reasons: readonly string[],
  wallSeconds: number,
): void => {
  const { tasks } = status;
  const lines = [
    '',
    'Summary',
    `  tasks        ${tasks.succeeded} succeeded, ${tasks.failed} failed, ${tasks.attempts} attempts (${tasks.lostAttempts} lost)`,
    `  groups       ${status.groupsStarted} started, ${status.groupsStopped} stopped, at most ${status.groupsPeak} at a time`,
    `  waiting      p50 ${seconds(status.waitP50Ms)}, p95 ${seconds(status.waitP95Ms)} from submit to worker`,
    `  time         ${wallSeconds.toFixed(1)} s`,
    '  why it scaled',
    ...reasons.map((reason) => `    ${reason}`),
    '',
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
};
