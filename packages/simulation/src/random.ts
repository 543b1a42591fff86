/** A seeded source of chance: the same seed and name give the same numbers, on every machine. */

export interface Random {
  /** In [0, 1). */
  next(): number;
}

/**
 * A stream of its own for each thing that draws, so that what one draws does not shift what another does.
 * Source: sfc32 of PractRand, seeded with a hash (FNV-1a) of seed and name.
 */
export const randomOf = (seed: number, name: string): Random => {
  let hash = 0x811c9dc5;
  for (const letter of `${seed}/${name}`) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x01000193);
  let [a, b, c, d] = [hash, Math.imul(hash, 0x9e3779b1), seed | 0, 1];
  const next = (): number => {
    const sum = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 4_294_967_296;
  };
  for (let i = 0; i < 12; i++) next();
  return { next };
};
