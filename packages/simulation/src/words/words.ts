/**
 * The small language of workloads and adapters: a first word, then `key=value` words in any order. Whoever reads it asks
 * for each key with a reader; every complaint names the word, its place (column, from 1) and what is possible there.
 */

export type Parsed<T> =
  | { readonly kind: 'ok'; readonly value: T }
  /** All that is wrong, a sentence each. */
  | { readonly kind: 'wrong'; readonly errors: readonly string[] };

interface Word {
  readonly text: string;
  /** From 1. */
  readonly column: number;
}

interface Setting {
  readonly value: string;
  readonly column: number;
}

/** Reads one value, or says why not: a phrase that follows `"value" at column 7 `. */
export type Reader<T> = (
  text: string,
) => { readonly value: T; readonly wrong?: never } | { readonly wrong: string };

export const list = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1) ?? ''}`;

export const either = (words: readonly string[]): string => list(words).replace(/ and ([^ ]+)$/, ' or $1');

const wordsOf = (text: string): readonly Word[] =>
  [...text.matchAll(/\S+/g)].map((match) => ({ text: match[0], column: match.index + 1 }));

export class Words {
  readonly errors: string[] = [];
  /** The first word; '' where there is none. */
  readonly first: Word;
  readonly #rest: readonly Word[];
  readonly #settings = new Map<string, Setting>();
  readonly #asked: string[] = [];

  constructor(text: string) {
    const [first, ...rest] = wordsOf(text);
    this.first = first ?? { text: '', column: 1 };
    this.#rest = rest;
  }

  /** Words before the first `key=value`, such as `15 x 6s`; they are not settings any more. */
  plain(): readonly Word[] {
    const end = this.#rest.findIndex((word) => word.text.includes('='));
    return end < 0 ? this.#rest : this.#rest.slice(0, end);
  }

  /** Must come before any question. @param skip plain words that were dealt with. @param keys what this first word knows. */
  settle(skip: number, keys: readonly string[]): void {
    const what = this.first.text;
    for (const { text, column } of this.#rest.slice(skip)) {
      const equals = text.indexOf('=');
      const key = text.slice(0, Math.max(0, equals));
      if (equals <= 0) {
        this.errors.push(
          `"${text}" at column ${column} is not of the form key=value; keys are ${list(keys)}`,
        );
      } else if (!keys.includes(key)) {
        this.errors.push(`unknown key "${key}" at column ${column}; ${what} knows ${list(keys)}`);
      } else if (this.#settings.has(key)) {
        this.errors.push(`${key} is said twice, again at column ${column}`);
      } else this.#settings.set(key, { value: text.slice(equals + 1), column: column + equals + 1 });
    }
  }

  has(key: string): boolean {
    return this.#settings.has(key);
  }

  /** Undefined where it is not said, or wrong (and complained about). */
  get<T>(key: string, read: Reader<T>): T | undefined {
    this.#asked.push(key);
    const setting = this.#settings.get(key);
    if (setting === undefined) return undefined;
    const answer = read(setting.value);
    if (answer.wrong === undefined) return answer.value;
    this.errors.push(`${key} "${setting.value}" at column ${setting.column} ${answer.wrong}`);
    return undefined;
  }

  /** As `get`, for what must be said. */
  need<T>(key: string, read: Reader<T>, example: string): T | undefined {
    if (!this.has(key)) this.errors.push(`${key} is missing, as in ${key}=${example}`);
    return this.get(key, read);
  }

  done<T>(make: () => T): Parsed<T> {
    return this.errors.length > 0 ? { kind: 'wrong', errors: this.errors } : { kind: 'ok', value: make() };
  }
}
