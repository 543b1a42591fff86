/**
 * What work arrives and when, in words:
 *
 *     batch 15 x 6s
 *     poisson rate=40 service=2s±50% tasks=200000 needs=gpu:10%
 *     burst rate=40 idle=2 period=300s on=20% service=exp(2s) for=2h
 *     csv file=trace.csv
 *
 * Several workloads add up.
 */
import type { Spread } from './words/spread.ts';
import { spread } from './words/spread.ts';
import { TASKS_MAX } from './tasks.ts';
import { duration, factor, name, needs, rate, share, showCount, whole } from './words/values.ts';
import type { NeedShare } from './words/values.ts';
import { either, Words } from './words/words.ts';
import type { Parsed } from './words/words.ts';

/** Rates are per millisecond. */
export type Arrivals =
  | { readonly kind: 'batch' }
  /** Equal gaps. */
  | { readonly kind: 'regular'; readonly rate: number }
  /** Each moment is as likely. */
  | { readonly kind: 'poisson'; readonly rate: number }
  /** `rate` for the first part of each period, `idle` for the rest. */
  | {
      readonly kind: 'burst';
      readonly rate: number;
      readonly idle: number;
      readonly periodMs: number;
      readonly on: number;
    }
  /** From `low` at the beginning over `rate` in the middle of each period back to `low`: a sine. */
  | { readonly kind: 'diurnal'; readonly rate: number; readonly low: number; readonly periodMs: number }
  /** A flash crowd: `peak` from `atMs` on, dying away by half every `halfMs` down to `rate`. */
  | {
      readonly kind: 'spike';
      readonly rate: number;
      readonly peak: number;
      readonly atMs: number;
      readonly halfMs: number;
    };

export interface MadeWorkload {
  readonly kind: 'made';
  readonly text: string;
  readonly arrivals: Arrivals;
  readonly fromMs: number;
  /** At least one of the two ends it. */
  readonly tasksMax: number | undefined;
  readonly forMs: number | undefined;
  readonly service: Spread;
  readonly needs: readonly NeedShare[];
  /** Undefined: one of its own. */
  readonly functionName: string | undefined;
}

export type TraceFormat = 'csv' | 'swf' | 'record';

export interface TraceWorkload {
  readonly kind: 'trace';
  readonly text: string;
  readonly format: TraceFormat;
  readonly file: string;
  readonly fromMs: number;
  readonly tasksMax: number | undefined;
  /** 2: in half the time. */
  readonly speed: number;
  /** Of a job of the Standard Workload Format that takes several processors. */
  readonly processors: 'each' | 'one';
}

export type Workload = MadeWorkload | TraceWorkload;

const MADE = ['batch', 'regular', 'poisson', 'burst', 'diurnal', 'spike'] as const;
const TRACES = ['csv', 'swf', 'record'] as const satisfies readonly TraceFormat[];
export const WORKLOAD_KINDS: readonly string[] = [...MADE, ...TRACES];

const COMMON = ['service', 'tasks', 'for', 'from', 'needs', 'function'];
const KEYS: Readonly<Record<(typeof MADE)[number], readonly string[]>> = {
  batch: ['tasks', 'service', 'from', 'needs', 'function'],
  regular: ['rate', ...COMMON],
  poisson: ['rate', ...COMMON],
  burst: ['rate', 'idle', 'period', 'on', ...COMMON],
  diurnal: ['rate', 'low', 'period', ...COMMON],
  spike: ['rate', 'peak', 'at', 'half', ...COMMON],
};

export const parseWorkload = (text: string): Parsed<Workload> => {
  const words = new Words(text);
  const kind = words.first.text;
  const made = MADE.find((one) => one === kind);
  if (made !== undefined) return parseMade(words, made, text);
  const trace = TRACES.find((one) => one === kind);
  if (trace !== undefined) return parseTrace(words, trace, text);
  return {
    kind: 'wrong',
    errors: [
      kind === ''
        ? `a workload begins with ${either(WORKLOAD_KINDS)}`
        : `unknown workload "${kind}" at column ${words.first.column}; it is ${either(WORKLOAD_KINDS)}`,
    ],
  };
};

const parseTrace = (words: Words, format: TraceFormat, text: string): Parsed<Workload> => {
  const keys = ['file', 'speed', 'tasks', 'from', ...(format === 'swf' ? ['processors'] : [])];
  words.settle(0, keys);
  const file = words.need('file', (path) => ({ value: path }), `trace.${format}`);
  const speed = words.get('speed', factor);
  const tasksMax = words.get('tasks', whole(1, TASKS_MAX));
  const fromMs = words.get('from', duration());
  const processors = words.get<'each' | 'one'>('processors', (value) =>
    value === 'each' || value === 'one' ? { value } : { wrong: 'is neither each nor one' },
  );
  return words.done(() => ({
    kind: 'trace',
    text,
    format,
    file: file ?? '',
    fromMs: fromMs ?? 0,
    tasksMax,
    speed: speed ?? 1,
    processors: processors ?? 'each',
  }));
};

/** `15 x 6s` of a batch. */
const shorthand = (
  words: Words,
): { readonly used: number; readonly tasks: string; readonly service: string } => {
  const plain = words.plain();
  const match = /^(\d+)\s*x\s*(\S+)$/.exec(plain.map((word) => word.text).join(' '));
  return match === null
    ? { used: 0, tasks: '', service: '' }
    : { used: plain.length, tasks: match[1] ?? '', service: match[2] ?? '' };
};

const parseMade = (words: Words, kind: (typeof MADE)[number], text: string): Parsed<Workload> => {
  const short = kind === 'batch' ? shorthand(words) : { used: 0, tasks: '', service: '' };
  words.settle(short.used, KEYS[kind]);
  const arrivals = parseArrivals(words, kind);
  const service = parseService(words, short.service, kind);
  const tasksMax = parseTasks(words, short.tasks, kind);
  const forMs = words.get('for', duration(1));
  const fromMs = words.get('from', duration());
  const shares = words.get('needs', needs);
  const functionName = words.get('function', name);
  if (kind !== 'batch' && !words.has('tasks') && !words.has('for'))
    words.errors.push(`${kind} has no end; say tasks=1000 or for=1h`);
  return words.done(() => ({
    kind: 'made',
    text,
    arrivals: arrivals ?? { kind: 'batch' },
    fromMs: fromMs ?? 0,
    tasksMax,
    forMs,
    service: service ?? { kind: 'fixed', ms: 0 },
    needs: shares ?? [{ needs: [], share: 1 }],
    functionName,
  }));
};

const parseService = (words: Words, short: string, kind: string): Spread | undefined => {
  if (short === '') return words.need('service', spread, kind === 'batch' ? '6s' : '2s±50%');
  if (words.has('service')) words.errors.push('service is said twice: after x and as a key');
  const read = spread(short);
  if (read.wrong === undefined) return read.value;
  words.errors.push(`"${short}" after x ${read.wrong}`);
  return undefined;
};

const parseTasks = (words: Words, short: string, kind: string): number | undefined => {
  if (short === '') {
    return kind === 'batch'
      ? words.need('tasks', whole(1, TASKS_MAX), '15')
      : words.get('tasks', whole(1, TASKS_MAX));
  }
  if (words.has('tasks')) words.errors.push('tasks is said twice: before x and as a key');
  const count = Number(short);
  if (count >= 1 && count <= TASKS_MAX) return count;
  words.errors.push(`"${short}" before x is out of range; it is 1 to ${showCount(TASKS_MAX)}`);
  return undefined;
};

/** A rate that something must arrive at. */
const RATE_MIN = 1e-12;
const above: typeof rate = (text) => {
  const read = rate(text);
  return read.wrong === undefined && read.value < RATE_MIN ? { wrong: 'is not above 0' } : read;
};

const parseArrivals = (words: Words, kind: (typeof MADE)[number]): Arrivals | undefined => {
  if (kind === 'batch') return { kind };
  const top = words.need('rate', kind === 'spike' ? rate : above, '40');
  if (kind === 'regular' || kind === 'poisson') return top === undefined ? undefined : { kind, rate: top };
  if (kind === 'spike') {
    const peak = words.need('peak', above, '400');
    const atMs = words.need('at', duration(), '10min');
    const halfMs = words.get('half', duration(1)) ?? 60_000;
    if (top === undefined || peak === undefined || atMs === undefined) return undefined;
    if (peak < top) words.errors.push('peak is below rate; a spike goes up');
    return { kind, rate: top, peak, atMs, halfMs };
  }
  const lowKey = kind === 'burst' ? 'idle' : 'low';
  const low = words.get(lowKey, rate) ?? 0;
  const periodMs =
    kind === 'burst'
      ? words.need('period', duration(1), '300s')
      : (words.get('period', duration(1)) ?? 24 * 3_600_000);
  if (top !== undefined && low > top) words.errors.push(`${lowKey} is above rate; rate is the higher one`);
  if (top === undefined || periodMs === undefined) return undefined;
  if (kind === 'diurnal') return { kind, rate: top, low, periodMs };
  return { kind, rate: top, idle: low, periodMs, on: words.get('on', share) ?? 0.5 };
};
