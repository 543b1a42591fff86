/** Options that nobody reads: a misspelt one must not be silent. */

/**
 * @param known Every key there is; the values do not matter.
 * @param what What the keys belong to, for the message.
 * @throws RangeError naming the unknown key and the known one nearest to it.
 */
export const refuseUnknownKeys = (
  given: unknown,
  known: Readonly<Record<string, true>>,
  what: string,
): void => {
  if (typeof given !== 'object' || given === null)
    throw new RangeError(`${what}: an object is needed, not ${given === null ? 'null' : typeof given}`);
  for (const key of Object.keys(given)) {
    if (Object.hasOwn(known, key)) continue;
    const names = Object.keys(known);
    throw new RangeError(
      `${what} knows no "${key}"; did you mean "${nearest(key, names)}"? There are: ${names.join(', ')}`,
    );
  }
};

/** One that begins like it (`environment` → `env`), else the one with the fewest edits between. */
const nearest = (key: string, names: readonly string[]): string => {
  const word = key.toLowerCase();
  const score = (name: string): number => {
    const other = name.toLowerCase();
    return word.startsWith(other) || other.startsWith(word) ? 0 : edits(word, other);
  };
  return names.reduce((best, name) => (score(name) < score(best) ? name : best));
};

/** Levenshtein distance. */
const edits = (from: string, to: string): number => {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let line = 0; line < from.length; line++) {
    const next = [line + 1];
    for (let column = 1; column <= to.length; column++) {
      const replaced = (row[column - 1] ?? 0) + (to[column - 1] === from[line] ? 0 : 1);
      next.push(Math.min(replaced, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
};
