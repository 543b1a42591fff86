/** One question of a caller: it outlives connections, and ends exactly once. */
import type { ObjectId } from '@muster/protocol/ids';
import { ObjectStoreError, StoreFullError } from '../errors.ts';
import { RESPONSE } from '../wire/types.ts';

export type Question =
  | { readonly kind: 'put'; readonly id: ObjectId; readonly body: Uint8Array; readonly ifAbsent: boolean }
  /** `waitMs` 0: answer at once. */
  | { readonly kind: 'get'; readonly id: ObjectId; readonly waitMs: number }
  | { readonly kind: 'has'; readonly id: ObjectId }
  | { readonly kind: 'delete'; readonly ids: readonly ObjectId[] }
  | { readonly kind: 'stats' }
  | { readonly kind: 'stop' };

/** The answer's type and payload; empty where there is none. */
export interface Answer {
  readonly type: number;
  readonly payload: Uint8Array;
}

export class Call {
  readonly question: Question;
  /** Undefined before it is known how it ended. */
  readonly promise: Promise<Answer>;
  /** Local monotonic instant until which `get` waits. */
  readonly waitUntil: number;
  #resolve: (answer: Answer) => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;
  #settled = false;
  #letGo: (() => void)[] = [];

  constructor(question: Question, now: number) {
    this.question = question;
    this.waitUntil = question.kind === 'get' ? now + question.waitMs : now;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  get isSettled(): boolean {
    return this.#settled;
  }

  /** A wait for something that others do: it must not keep them from doing it. */
  get isWait(): boolean {
    return this.question.kind === 'get' && this.question.waitMs > 0;
  }

  /** Runs when the call ends, however it ends; at once if it has. */
  onEnd(letGo: () => void): void {
    if (this.#settled) letGo();
    else this.#letGo.push(letGo);
  }

  answer(answer: Answer): void {
    if (answer.type === RESPONSE.full) this.fail(new StoreFullError('object store is full'));
    else if (answer.type === RESPONSE.tooLarge) this.fail(tooLarge());
    else if (this.#end()) this.#resolve(answer);
  }

  fail(error: unknown): void {
    if (this.#end()) this.#reject(error);
  }

  #end(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    for (const letGo of this.#letGo.splice(0)) letGo();
    return true;
  }
}

export const tooLarge = (): ObjectStoreError =>
  new ObjectStoreError('tooLarge', 'object is larger than the store takes');
