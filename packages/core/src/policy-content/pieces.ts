/** The words of a policy content and where they stand. */

export interface Piece {
  readonly key: string;
  readonly value: string;
  /** Of the key and of the value, from 1. */
  readonly column: number;
  readonly valueColumn: number;
}

/** By key; a later duplicate wins, as stock has it. What is not `key=value` is an error. */
export const readPieces = (text: string, errors: string[]): ReadonlyMap<string, Piece> => {
  const pieces = new Map<string, Piece>();
  let start = 0;
  for (const raw of text.split(';')) {
    const column = start + raw.length - raw.trimStart().length + 1;
    start += raw.length + 1;
    const piece = raw.trim();
    if (piece === '') continue;
    const equals = piece.indexOf('=');
    if (equals < 0) {
      errors.push(`"${piece}" at column ${column} is not of the form key=value, such as scaling=vanilla`);
      continue;
    }
    const key = piece.slice(0, equals).trim();
    const value = piece.slice(equals + 1);
    const valueColumn = column + equals + 1 + value.length - value.trimStart().length;
    pieces.set(key, { key, value: value.trim(), column, valueColumn });
  }
  return pieces;
};

export const list = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1) ?? ''}`;

export const either = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1) ?? ''}`;
