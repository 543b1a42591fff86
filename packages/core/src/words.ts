/** How numbers are said to people, the same way everywhere. */

/** `87 ms`, `12 s`, `3 min 4 s`, `2 h 5 min`. */
export const showDuration = (ms: number): string => {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const s = Math.floor(ms / 1_000);
  if (s < 60) return `${s} s`;
  const minutes = Math.floor(s / 60);
  if (minutes < 60) return s % 60 === 0 ? `${minutes} min` : `${minutes} min ${s % 60} s`;
  const hours = Math.floor(minutes / 60);
  return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
};

/** `12 s ago`, `just now`. */
export const showAgo = (ms: number): string => (ms < 1 ? 'just now' : `${showDuration(ms)} ago`);

/** `1,234,567` */
export const showCount = (count: number): string => count.toLocaleString('en-US');

/** `1 task`, `2 tasks`. */
export const plural = (count: number, word: string, words: string = `${word}s`): string =>
  `${showCount(count)} ${count === 1 ? word : words}`;

/** The first of them, and how many more there are. */
export const cut = (lines: readonly string[], max: number): readonly string[] =>
  lines.length <= max ? lines : [...lines.slice(0, max), `… and ${showCount(lines.length - max)} more`];
