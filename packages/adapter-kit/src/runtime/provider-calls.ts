/** Calls to a provider on behalf of the machine: started here, ended by an event, aborted when the machine gives up. */
import type { AdapterEvent, Intent, StartFailure } from '@muster/core/provisioning';
import type { GroupId } from '@muster/protocol/ids';
import type { GroupSpec, Provisioner, ProvisionFailure } from '../provisioner.ts';

export interface ProviderCalls {
  list(call: number): void;
  start(call: number, intents: readonly Intent[]): void;
  stop(call: number, groupIds: readonly GroupId[], reason: string): void;
  abort(call: number): void;
  /** Resolves when every call has returned, aborted ones included. */
  settled(): Promise<void>;
}

/** @param feed takes the outcome; never called synchronously. @param onFailure hears of each failure with its cause. */
export const providerCalls = (
  provisioner: Provisioner,
  specOf: (intent: Intent) => GroupSpec,
  feed: (event: AdapterEvent) => void,
  onFailure: (failure: ProvisionFailure) => void,
): ProviderCalls => {
  const controllers = new Map<number, AbortController>();
  const running = new Set<Promise<void>>();

  const run = (
    call: number,
    work: (signal: AbortSignal) => Promise<AdapterEvent>,
    failed: (detail: string) => AdapterEvent,
  ): void => {
    const controller = new AbortController();
    controllers.set(call, controller);
    const outcome = Promise.resolve()
      .then(() => work(controller.signal))
      .catch((error: unknown) => failed(error instanceof Error ? error.message : String(error)))
      .then((event) => {
        controllers.delete(call);
        running.delete(outcome);
        feed(event);
      });
    running.add(outcome);
  };
  const plain = (failures: readonly ProvisionFailure[]): readonly StartFailure[] => {
    for (const failure of failures) onFailure(failure);
    return failures.map(({ groupId, kind, detail }) => ({ groupId, kind, detail }));
  };
  const unknown = (groups: readonly GroupId[], detail: string): readonly StartFailure[] =>
    groups.map((groupId) => ({ groupId, kind: 'unknown', detail }));

  return {
    list: (call) =>
      run(
        call,
        async (signal) => ({ kind: 'listed', call, groups: await provisioner.list(signal) }),
        (detail) => ({ kind: 'listFailed', call, detail }),
      ),
    start: (call, intents) =>
      run(
        call,
        async (signal) => {
          const { started, failures } = await provisioner.start(intents.map(specOf), signal);
          return { kind: 'startDone', call, started, failures: plain(failures) };
        },
        (detail) => ({
          kind: 'startDone',
          call,
          started: [],
          failures: unknown(
            intents.map((one) => one.groupId),
            detail,
          ),
        }),
      ),
    stop: (call, groupIds, reason) =>
      run(
        call,
        async (signal) => {
          const { stopped, failures } = await provisioner.stop(groupIds, reason, signal);
          return { kind: 'stopDone', call, stopped, failures: plain(failures) };
        },
        (detail) => ({ kind: 'stopDone', call, stopped: [], failures: unknown(groupIds, detail) }),
      ),
    abort: (call) => controllers.get(call)?.abort(new Error('given up by its deadline')),
    settled: async () => {
      await Promise.allSettled([...running]);
    },
  };
};
