/** What tests do with a listener or a connection: collect its events and wait for one, with a deadline. */
import type { TransportEvent, TurnHandler } from '../transport.ts';

export interface Recorder {
  readonly events: TransportEvent[];
  readonly turns: (readonly TransportEvent[])[];
  /** Frames as text, in order of arrival. */
  texts(): string[];
  /** Resolves once `test` holds; rejects after `withinMs` with what had arrived. */
  until(what: string, test: () => boolean, withinMs?: number): Promise<void>;
}

export const record = (endpoint: { onTurn(handler: TurnHandler): void }, onTurn?: TurnHandler): Recorder => {
  const events: TransportEvent[] = [];
  const turns: (readonly TransportEvent[])[] = [];
  const waiting = new Set<() => void>();
  endpoint.onTurn((turn) => {
    turns.push(turn);
    for (const event of turn) events.push(event);
    onTurn?.(turn);
    for (const look of [...waiting]) look();
  });
  const show = (event: TransportEvent): string => {
    if (event.kind === 'frame') return `frame ${event.from} ${event.frame.byteLength} B`;
    return event.kind === 'undelivered'
      ? `undelivered ${event.to} ${event.why}`
      : `${event.kind} ${event.peer}`;
  };
  return {
    events,
    turns,
    texts: () =>
      events.flatMap((event) =>
        event.kind === 'frame' ? [Buffer.from(event.frame).toString('latin1')] : [],
      ),
    until: (what, test, withinMs = 20_000) =>
      new Promise((resolve, reject) => {
        const end = (): void => {
          waiting.delete(look);
          clearTimeout(limit);
        };
        const look = (): void => {
          if (!test()) return;
          end();
          resolve();
        };
        const limit = setTimeout(() => {
          end();
          reject(
            new Error(
              `${what} did not happen within ${withinMs} ms; saw ${events.length} events, last: ${events.slice(-20).map(show).join(', ')}`,
            ),
          );
        }, withinMs);
        waiting.add(look);
        look();
      }),
  };
};

export const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');
