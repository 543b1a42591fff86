/** The lines of the intent file: one JSON object each, read with suspicion. */
import { groupId, workerId } from '@muster/protocol/ids';
import type { AdapterId, GroupId } from '@muster/protocol/ids';
import type { RestoredIntent } from '@muster/core/provisioning';

interface IntentLine {
  readonly t: 'open' | 'held';
  readonly group: string;
  readonly attempt: number;
  readonly token: string;
  readonly workers: readonly string[];
  readonly capabilities: readonly (readonly [string, number | 'present'])[];
}

interface FactLine {
  readonly t: 'seen' | 'leaving' | 'closed';
  readonly group: string;
}

export type IntentFileLine = IntentLine | FactLine;

const headerOf = (adapter: AdapterId): string => JSON.stringify({ t: 'intents', v: 1, adapter });

export const lineOf = (intent: RestoredIntent): IntentFileLine =>
  intent.phase === 'leaving'
    ? { t: 'leaving', group: intent.groupId }
    : {
        t: intent.phase,
        group: intent.groupId,
        attempt: intent.attempt,
        token: intent.token,
        workers: intent.workerIds,
        capabilities: [...intent.capabilities],
      };

/** A whole file that says what lives, and nothing of what was. */
export const fileText = (adapter: AdapterId, live: Iterable<RestoredIntent>): string =>
  [headerOf(adapter), ...[...live].map((intent) => JSON.stringify(lineOf(intent)))]
    .map((line) => `${line}\n`)
    .join('');

export interface Replayed {
  readonly live: Map<GroupId, RestoredIntent>;
  /** False where a line is cut or makes no sense, or where the file is another adapter's (and then nothing lives). */
  readonly trusted: boolean;
}

export const replay = (text: string, adapter: AdapterId): Replayed => {
  const live = new Map<GroupId, RestoredIntent>();
  const [header, ...lines] = text.split('\n');
  if (header !== headerOf(adapter)) return { live, trusted: false };
  // The last line has an end of its own.
  let trusted = lines.pop() === '';
  for (const raw of lines) {
    const line = parse(raw);
    if (line === undefined) trusted = false;
    else apply(live, line);
  }
  return { live, trusted };
};

const apply = (live: Map<GroupId, RestoredIntent>, line: IntentFileLine): void => {
  const id = groupId(line.group);
  switch (line.t) {
    case 'closed':
      live.delete(id);
      return;
    case 'leaving':
      live.set(id, { phase: 'leaving', groupId: id });
      return;
    case 'seen': {
      const intent = live.get(id);
      if (intent?.phase === 'open') live.set(id, { ...intent, phase: 'held' });
      return;
    }
    default: {
      const { t: phase, attempt, token, workers, capabilities } = line;
      live.set(id, {
        groupId: id,
        attempt,
        token,
        workerIds: workers.map(workerId),
        capabilities: new Map(capabilities),
        phase,
      });
    }
  }
};

const parse = (raw: string): IntentFileLine | undefined => {
  let value: unknown;
  try {
    value = JSON.parse(raw);
  } catch {
    // Cut or overwritten: the caller distrusts the file.
    return undefined;
  }
  if (!isRecord(value) || typeof value['group'] !== 'string') return undefined;
  const { t, group } = value;
  if (t === 'seen' || t === 'leaving' || t === 'closed') return { t, group };
  return t === 'open' || t === 'held' ? parseIntent(t, group, value) : undefined;
};

const parseIntent = (
  t: 'open' | 'held',
  group: string,
  value: Record<string, unknown>,
): IntentLine | undefined => {
  const { attempt, token, workers, capabilities } = value;
  if (typeof attempt !== 'number' || !Number.isInteger(attempt) || typeof token !== 'string')
    return undefined;
  if (!Array.isArray(workers) || !workers.every((one) => typeof one === 'string')) return undefined;
  if (!Array.isArray(capabilities) || !capabilities.every(isCapability)) return undefined;
  return { t, group, attempt, token, workers, capabilities };
};

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isCapability = (value: unknown): value is readonly [string, number | 'present'] =>
  Array.isArray(value) &&
  value.length === 2 &&
  typeof value[0] === 'string' &&
  (typeof value[1] === 'number' || value[1] === 'present');
