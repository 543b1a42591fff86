/** A client that submits tasks and counts their results. */
import { decodeMessage, encodeMessage, encodeTask, taskHead } from '@muster/protocol/codec';
import { instant, objectId, peerId, taskId } from '@muster/protocol/ids';
import { FEATURES } from '@muster/protocol/messages';
import type { Message } from '@muster/protocol/messages';
import type { Clock } from '@muster/runtime/clock';
import type { Connection, Transport } from '@muster/runtime/transport';

const HEARTBEAT_MS = 5_000;
const FUNCTION = objectId('function'.padEnd(32, ' '));

export class StubClient {
  /** Tasks that ended well, each counted once. */
  readonly #done = new Set<string>();
  readonly #connection: Connection;
  #submitted = 0;
  #isClosed = false;

  private constructor(connection: Connection, clock: Clock) {
    this.#connection = connection;
    connection.onTurn((turn) => {
      for (const event of turn) if (event.kind === 'frame') this.#hear(decodeMessage(event.frame.slice()));
    });
    const beat = (): void => {
      if (this.#isClosed) return;
      this.#say({
        kind: 'clientHeartbeat',
        resource: { cpu: 0, rssBytes: 0 },
        latencyUs: 0,
        features: FEATURES,
      });
      clock.wakeAt(instant(clock.now() + HEARTBEAT_MS), beat);
    };
    beat();
  }

  static async connect(transport: Transport, clock: Clock, address: string): Promise<StubClient> {
    return new StubClient(await transport.connect(address, { identity: peerId('Client|test|1') }), clock);
  }

  get results(): number {
    return this.#done.size;
  }

  submit(count: number, needs: readonly string[] = []): void {
    const tasks = Array.from({ length: count }, () => {
      const frame = encodeTask({
        taskId: taskId(String(++this.#submitted).padStart(16, '0')),
        source: undefined,
        metadata: undefined,
        functionId: FUNCTION,
        args: [],
        needs: new Map(needs.map((name) => [name, 'present' as const])),
        timeoutMs: 0,
        attemptsMax: 100,
      });
      return taskHead(frame);
    });
    this.#say({ kind: 'taskBatch', tasks, attempts: tasks.map(() => 0), sources: [], sourceOf: [] });
  }

  close(): void {
    this.#isClosed = true;
    void this.#connection.close();
  }

  #say(message: Message): void {
    this.#connection.trySend(encodeMessage(message));
  }

  #hear(message: Message): void {
    if (message.kind !== 'taskResultBatch') return;
    for (const { taskId: id, outcome } of message.results) if (outcome === 'success') this.#done.add(id);
    const tasks = message.results.map(({ taskId: id }, at) => ({
      taskId: id,
      attempt: message.attempts[at] ?? 0,
    }));
    this.#say({ kind: 'resultAck', tasks });
  }
}
