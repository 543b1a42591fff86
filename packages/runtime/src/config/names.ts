/** One option, four spellings: `drainTimeoutMs`, `--drain-timeout`, `MUSTER_DRAIN_TIMEOUT`, `drain-timeout`. */

/** The unit belongs to the value outside, and to the name inside. */
const UNIT = /(Ms|Bytes)$/;

/** `drainTimeoutMs` → `drain-timeout`. */
export const kebabOf = (name: string): string =>
  name.replace(UNIT, '').replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

export const envOf = (kebab: string): string => `MUSTER_${kebab.replaceAll('-', '_').toUpperCase()}`;

/** What commander calls the value of a flag. Source: commander 14, `Option.attributeName`. */
export const attributeOf = (kebab: string): string =>
  kebab.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/** `_` and `-` are the same in files. Source: OpenGRIS Scaler 1.15.0 reads its TOML keys so. */
export const normalKey = (key: string): string => key.replaceAll('_', '-');

/** The candidate that a mistyped word most likely means; undefined when none is near. */
export const didYouMean = (word: string, candidates: Iterable<string>): string | undefined => {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word, candidate, bestDistance);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
};

/** Levenshtein distance, given up at `limit`. */
const editDistance = (a: string, b: string, limit: number): number => {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = (previous[j - 1] ?? limit) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(replace, (previous[j] ?? limit) + 1, (row[j - 1] ?? limit) + 1));
    }
    previous = row;
  }
  return previous[b.length] ?? limit;
};
