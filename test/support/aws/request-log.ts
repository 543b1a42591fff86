/** Every call that reached the account, for assertions: what was asked, by whom, what it needed, what became of it. */
import type { Permission } from './service.ts';
import { isReadOnly } from './service.ts';
import type { ServiceName } from './wire/model.ts';
import type { Structure } from './wire/validate.ts';

export interface LoggedRequest {
  /** Milliseconds of the account's clock, at arrival. */
  readonly at: number;
  readonly requestId: string;
  readonly service: ServiceName;
  readonly operation: string;
  readonly params: Structure;
  /** ARN of the caller; '' when the signature was not accepted. */
  readonly caller: string;
  /** What the call had to be allowed: food for any evaluator of policies. */
  readonly needs: readonly Permission[];
  /** Of the answer; 0 when the connection was ended or left open. */
  readonly status: number;
  /** Error code; '' for success. */
  readonly error: string;
  /** Error message; '' for success. */
  readonly message: string;
  /** Kinds of the faults that struck. */
  readonly faults: readonly string[];
  /** Whether the operation was carried out, whatever the caller was told. */
  readonly applied: boolean;
}

export interface RequestLog {
  /** In the order of their answers; the oldest fall out beyond `requestsMax`. */
  readonly all: readonly LoggedRequest[];
  /** Calls of one operation. */
  of(service: ServiceName, operation: string): readonly LoggedRequest[];
  /** Calls that are made to change something and were carried out. */
  mutations(): readonly LoggedRequest[];
  /** Everything said, as one text: to search for what must never be said. */
  text(): string;
  clear(): void;
}

export interface RequestBook extends RequestLog {
  add(request: LoggedRequest): void;
}

export const requestBook = (requestsMax = 200_000): RequestBook => {
  const all: LoggedRequest[] = [];
  return {
    all,
    of: (service, operation) => all.filter((one) => one.service === service && one.operation === operation),
    mutations: () => all.filter((one) => one.applied && !isReadOnly(one.operation)),
    text: () => JSON.stringify(all),
    clear: () => void (all.length = 0),
    add: (request) => {
      // In lumps: shifting an array at each call costs time proportional to its length.
      if (all.length >= requestsMax * 1.1) all.splice(0, all.length - requestsMax);
      all.push(request);
    },
  };
};
