/** Which idle groups go: the dearest first, of those the longest idle. */
import { instant } from '@muster/protocol/ids';
import type { GroupId, Instant } from '@muster/protocol/ids';
import type { IdleGroup } from '../view.ts';
import { recheck } from './draft.ts';
import type { Draft, Finding, Line } from './draft.ts';
import { priceOf } from './place.ts';
import { count, names } from './wording.ts';

/** So many that may not go yet are looked at in one decision; the rest is looked at in the next. */
const UNRIPE_MAX = 256;
/** So many go at most by one decision, and the next ones by the next: it is to take no longer for ten thousand. */
const RELEASED_MAX = 1_024;
const NEXT_DECISION_MS = 20;
/** Kinds of groups that a reason names before it only counts. */
const NAMED_MAX = 3;

/**
 * Goes through idle groups in that order and counts those that `maySpare` allows as too many; those that were idle for
 * long enough are let go. `maySpare` is given the number of the group's workers, and takes them away when it says yes.
 *
 * @param lastFirst groups of lines with a higher number go before all others.
 */
export const releaseIdle = (
  draft: Draft,
  maySpare: (line: Line, workers: number) => boolean,
  lastFirst: (line: Line) => number = () => 0,
): void => {
  const { now } = draft.view;
  let unripe = 0;
  let released = 0;
  for (const { line, id, at, workers } of inOrder(draft.lines, lastFirst)) {
    if (!maySpare(line, workers)) continue;
    line.spare++;
    line.workers -= workers;
    if (at <= now) {
      line.release.push(id);
      if (++released < RELEASED_MAX) continue;
      return recheck(draft, instant(now + NEXT_DECISION_MS));
    }
    recheck(draft, at);
    if (++unripe >= UNRIPE_MAX) return;
  }
};

/** What came of it. */
export const shrunk = (draft: Draft, why: string): Finding => {
  const gone = draft.lines.reduce((sum, line) => sum + line.release.length, 0);
  const spare = draft.lines.reduce((sum, line) => sum + line.spare, 0);
  if (gone > 0) return { rule: 'below', words: `${why}, ${count(gone, 'idle group')} let go` };
  return spare > 0
    ? { rule: 'resting', words: `${why}, but no group has been idle long enough, or it is paid for anyhow` }
    : { rule: 'busy', words: `${why}, but no group can be spared` };
};

/** Whose groups are too many: `groups with gpu`. */
export const spareKinds = ({ lines }: Draft): string => {
  const kinds = new Set(lines.filter((line) => line.spare > 0).map(({ supply }) => names(supply.offers)));
  if (kinds.size > NAMED_MAX) return `groups of ${kinds.size} kinds`;
  return `groups with ${[...kinds].map((one) => one || 'nothing special').join(' or ')}`;
};

interface Candidate {
  readonly line: Line;
  readonly id: GroupId;
  /** When it may be let go. */
  readonly at: Instant;
  readonly workers: number;
}

interface Head {
  readonly line: Line;
  readonly rest: Iterator<IdleGroup>;
  next: IteratorResult<IdleGroup>;
}

/** Merges the lists, reading no further than the caller does. */
const inOrder = function* (
  lines: readonly Line[],
  lastFirst: (line: Line) => number,
): Generator<Candidate, void> {
  const heads: Head[] = [];
  for (const line of lines) {
    const rest = line.supply.idle[Symbol.iterator]();
    const next = rest.next();
    if (next.done !== true) heads.push({ line, rest, next });
  }
  heads.sort(
    (one, other) => lastFirst(other.line) - lastFirst(one.line) || priceOf(other.line) - priceOf(one.line),
  );
  for (let from = 0; from < heads.length;) {
    const first = heads[from]?.line;
    let to = from;
    while (to < heads.length && first !== undefined && isLevel(heads[to]?.line, first, lastFirst)) to++;
    yield* longestIdle(heads.slice(from, to));
    from = to;
  }
};

const isLevel = (line: Line | undefined, other: Line, lastFirst: (line: Line) => number): boolean =>
  line !== undefined && lastFirst(line) === lastFirst(other) && priceOf(line) === priceOf(other);

const longestIdle = function* (heads: readonly Head[]): Generator<Candidate, void> {
  for (;;) {
    let best: Head | undefined;
    let since = Infinity;
    for (const head of heads) {
      if (head.next.done === true) continue;
      const idleSince = head.next.value.idleSince ?? Number.MAX_SAFE_INTEGER;
      if (best === undefined || idleSince < since) {
        best = head;
        since = idleSince;
      }
    }
    if (best === undefined || best.next.done === true) return;
    const { line } = best;
    const { id, releasableAt, workers = line.adapter.workersPerGroup } = best.next.value;
    best.next = best.rest.next();
    yield { line, id, at: releasableAt, workers };
  }
};
