/** Numbers that a seed repeats. Each purpose has its own stream, so that one more draw here shifts nothing there. */

export interface Random {
  /** In [0, 1). */
  next(): number;
  /** A whole number, both ends included. */
  between(low: number, high: number): number;
  /** Lower-case hexadecimal digits. */
  hex(digits: number): string;
}

const hash = (text: string): number => {
  let value = 0x811c9dc5;
  for (const letter of text) value = Math.imul(value ^ (letter.codePointAt(0) ?? 0), 0x01000193);
  return value >>> 0;
};

/** @param purpose names the stream. */
export const seeded = (seed: number, purpose: string): Random => {
  // Mulberry32. Source: public-domain generator by Tommy Ettinger.
  let state = (Math.imul(seed, 0x9e3779b1) ^ hash(purpose)) >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const hex = (digits: number): string => {
    let text = '';
    while (text.length < digits) text += Math.floor(next() * 16).toString(16);
    return text;
  };
  return { next, between: (low, high) => low + Math.floor(next() * (high - low + 1)), hex };
};
