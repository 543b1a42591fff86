/** What operators ask over the wire: `informationRequest` in JSON, answered in JSON. */
import { EXPLAIN_SUBJECTS } from '@muster/core/explain';
import type { ExplainAnswer, ExplainQuery } from '@muster/core/explain';
import type { OperatorRequest, SchedulerStatus } from '@muster/core/scheduler-types';
import { groupId } from '@muster/protocol/ids';

const REQUEST_BYTES_MAX = 4 * 1024;
const WITHIN_MS_MAX = 24 * 60 * 60 * 1_000;

export type OperatorQuery =
  | { readonly query: 'status' }
  | ({ readonly query: 'explain' } & ExplainQuery)
  | { readonly query: 'drainGroup'; readonly groupId: string }
  | { readonly query: 'shutdown'; readonly withinMs: number };

export type OperatorAnswer =
  | { readonly ok: true; readonly status: SchedulerStatus }
  | { readonly ok: true; readonly explanation: ExplainAnswer }
  | { readonly ok: false; readonly error: string };

/** What answers are made of; each costs a look at the state, so it is asked only when the answer shows it. */
export interface QuerySource {
  status(): SchedulerStatus;
  explain(query: ExplainQuery): ExplainAnswer;
}

/** What to do about a request, and what to answer. */
export interface Answered {
  readonly answer: OperatorAnswer;
  readonly operate: OperatorRequest | undefined;
}

const refuse = (error: string): Answered => ({ answer: { ok: false, error }, operate: undefined });

const parse = (request: Uint8Array): unknown => {
  if (request.length > REQUEST_BYTES_MAX) return undefined;
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(request));
  } catch {
    return undefined; // whatever it was, it is no request
  }
};

const ID_CHARACTERS_MAX = 1_000;

const explainQueryOf = (value: object): ExplainQuery | string => {
  const what = 'what' in value ? EXPLAIN_SUBJECTS.find((subject) => subject === value.what) : undefined;
  if (what === undefined) return `explain needs what, one of ${EXPLAIN_SUBJECTS.join(', ')}`;
  if (what === 'scale') return { what };
  const id = 'id' in value ? value.id : '';
  return typeof id === 'string' && id.length <= ID_CHARACTERS_MAX
    ? { what, id }
    : 'explain takes an id as text of reasonable length';
};

/**
 * Total: any bytes get an answer. A protected scheduler is not ended
 * over the wire, by this way as little as by a client's shutdown: its operator sends a signal.
 */
export const answerQuery = (
  request: Uint8Array,
  { status, explain }: QuerySource,
  isProtected: boolean = false,
): Answered => {
  const value = parse(request);
  if (typeof value !== 'object' || value === null || !('query' in value)) {
    return refuse('the request is not JSON of the form {"query": "status"}');
  }
  if (value.query === 'status') return { answer: { ok: true, status: status() }, operate: undefined };
  if (value.query === 'explain') {
    const query = explainQueryOf(value);
    if (typeof query === 'string') return refuse(query);
    return { answer: { ok: true, explanation: explain(query) }, operate: undefined };
  }
  if (value.query === 'shutdown') {
    if (isProtected) return refuse('the scheduler is protected; end it with SIGTERM');
    const withinMs = 'withinMs' in value ? value.withinMs : undefined;
    if (typeof withinMs !== 'number' || !(withinMs >= 0 && withinMs <= WITHIN_MS_MAX)) {
      return refuse(`shutdown needs withinMs, a number of milliseconds from 0 to ${WITHIN_MS_MAX}`);
    }
    return { answer: { ok: true, status: status() }, operate: { action: 'shutdown', withinMs } };
  }
  if (value.query === 'drainGroup') {
    const id = 'groupId' in value ? value.groupId : undefined;
    if (typeof id !== 'string')
      return refuse('drainGroup needs groupId, the id of a group as status shows it');
    const now = status();
    if (!now.groups.some((group) => group.id === id)) {
      return refuse(
        `there is no group ${id.slice(0, 100)}; there ${now.groups.length === 0 ? 'are none' : `are ${now.groups.map((group) => group.id).join(', ')}`}`,
      );
    }
    return { answer: { ok: true, status: now }, operate: { action: 'drainGroup', groupId: groupId(id) } };
  }
  return refuse('the query is none of status, explain, drainGroup and shutdown');
};
