/** Asking a scheduler as an operator does: one JSON question, one JSON answer. */
import { randomBytes } from 'node:crypto';
import type { ExplainAnswer, ExplainQuery } from '@muster/core/explain';
import type { SchedulerStatus } from '@muster/core/scheduler-types';
import { decodeMessage, encodeMessage } from '@muster/protocol/codec';
import { peerId } from '@muster/protocol/ids';
import type { Connection, TransportEvent } from '@muster/runtime/transport';
import { zeromqTransport } from '@muster/runtime/zeromq';
import type { OperatorAnswer, OperatorQuery } from '@muster/scheduler/queries';
import { CliError } from './errors.ts';

const ANSWER_WITHIN_MS = 5_000;

/** Queries that are answered with the status. */
type StatusQuery = Exclude<OperatorQuery, { readonly query: 'explain' }>;

/** One question at a time. */
export interface Operator extends AsyncDisposable {
  /** Rejects with a CliError: `nobodyAnswers` after `withinMs`, `failed` where the scheduler refuses. */
  ask(query: StatusQuery, withinMs?: number): Promise<SchedulerStatus>;
  explain(question: ExplainQuery, withinMs?: number): Promise<ExplainAnswer>;
  close(): Promise<void>;
}

const readAnswer = (turn: readonly TransportEvent[]): OperatorAnswer | undefined => {
  for (const item of turn) {
    if (item.kind !== 'frame') continue;
    try {
      const message = decodeMessage(item.frame);
      if (message.kind === 'informationResponse')
        return JSON.parse(new TextDecoder().decode(message.response)) as OperatorAnswer;
    } catch {
      // Not an answer: whoever listens there is no scheduler of ours. The time limit says so.
    }
  }
  return undefined;
};

const nobodyAnswers = (address: string, withinMs: number): CliError =>
  new CliError(
    'nobodyAnswers',
    `no scheduler answers at ${address} (waited ${withinMs / 1000} s).`,
    'Start one with: muster up\nOr name the one you mean: --connect tcp://HOST:PORT (or MUSTER_SCHEDULER)',
  );

export const connectOperator = async (address: string): Promise<Operator> => {
  const connection: Connection = await zeromqTransport().connect(address, {
    identity: peerId(`operator|${process.pid}|${randomBytes(8).toString('hex')}`),
  });
  let waiting: ((answer: OperatorAnswer) => void) | undefined;
  connection.onTurn((turn) => {
    const answer = readAnswer(turn);
    if (answer !== undefined) waiting?.(answer);
  });
  const send = (query: OperatorQuery, withinMs: number): Promise<Extract<OperatorAnswer, { ok: true }>> =>
    new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        waiting = undefined;
        reject(nobodyAnswers(address, withinMs));
      }, withinMs);
      waiting = (answer) => {
        waiting = undefined;
        clearTimeout(late);
        if (answer.ok) resolve(answer);
        else reject(new CliError('failed', answer.error));
      };
      connection.trySend(
        encodeMessage({
          kind: 'informationRequest',
          request: new TextEncoder().encode(JSON.stringify(query)),
        }),
      );
    });
  return {
    ask: async (query, withinMs = ANSWER_WITHIN_MS) => {
      const answer = await send(query, withinMs);
      if ('status' in answer) return answer.status;
      throw new CliError('failed', 'the scheduler gave another answer than was asked for.');
    },
    explain: async (question, withinMs = ANSWER_WITHIN_MS) => {
      const answer = await send({ query: 'explain', ...question }, withinMs);
      if ('explanation' in answer) return answer.explanation;
      throw new CliError('failed', 'the scheduler gave another answer than was asked for.');
    },
    close: () => connection.close(),
    [Symbol.asyncDispose]: () => connection.close(),
  };
};

/** One question over a connection of its own. */
export const askForExplanation = async (
  address: string,
  question: ExplainQuery,
  withinMs?: number,
): Promise<ExplainAnswer> => {
  const operator = await connectOperator(address);
  try {
    return await operator.explain(question, withinMs);
  } finally {
    await operator.close();
  }
};

/** One question over a connection of its own. */
export const askScheduler = async (
  address: string,
  query: StatusQuery,
  withinMs?: number,
): Promise<SchedulerStatus> => {
  const operator = await connectOperator(address);
  try {
    return await operator.ask(query, withinMs);
  } finally {
    await operator.close();
  }
};

/**
 * The scheduler's status again and again, `intervalMs` apart, until `signal` is aborted. A scheduler that does
 * not answer for a while (a restart) makes a pause, not an end.
 */
export async function* watchStatus(
  address: string,
  intervalMs: number,
  signal: AbortSignal,
): AsyncGenerator<SchedulerStatus, void> {
  const operator = await connectOperator(address);
  try {
    while (!signal.aborted) {
      const status = await operator
        .ask({ query: 'status' }, Math.max(intervalMs * 5, 1_000))
        .catch(() => undefined);
      if (signal.aborted) return;
      if (status !== undefined) yield status;
      await pause(intervalMs, signal);
    }
  } finally {
    await operator.close();
  }
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end, { once: true });
  });
