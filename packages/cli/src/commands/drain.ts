/** `muster drain GROUP`: no new tasks for a group, and its end when it has finished what it holds. */
import type { SchedulerStatus } from '@muster/core/scheduler-types';
import { defineCommand, option, required } from '@muster/runtime/config';
import { boolean, duration, text } from '@muster/runtime/config-kinds';
import { runCommand } from '../command.ts';
import { CliError, EXIT } from '../errors.ts';
import { askScheduler, watchStatus } from '../operator.ts';
import { connectOptions, needAddress } from '../where.ts';

const POLL_MS = 200;

const spec = defineCommand({
  section: 'drain',
  options: {
    group: required(text({ placeholder: '<group>' }), {
      positional: true,
      env: false,
      doc: 'the group, as muster status shows it',
    }),
    ...connectOptions,
    wait: option(boolean(), { default: true, env: false, doc: 'wait until the group is gone' }),
    withinMs: option(duration({ min: 0, bareUnit: 's' }), {
      default: 120_000,
      env: false,
      doc: 'how long to wait for its end',
    }),
  },
});

const phaseOf = (status: SchedulerStatus, group: string): string | undefined =>
  status.groups.find(({ id }) => id === group)?.phase;

const waitForEnd = async (address: string, group: string, withinMs: number): Promise<void> => {
  const late = AbortSignal.timeout(withinMs);
  let phase: string | undefined = 'draining';
  for await (const status of watchStatus(address, POLL_MS, late)) {
    phase = phaseOf(status, group);
    if (phase === undefined) return;
  }
  throw new CliError(
    'failed',
    `group ${group} is still ${phase ?? 'there'} after ${withinMs / 1000} s.`,
    'See what it runs: muster status',
  );
};

export const run = (argv: readonly string[]): Promise<number> =>
  runCommand(
    {
      name: 'drain',
      summary: 'Let a worker group finish what it runs, give it nothing new, then stop it.',
      spec,
      examples: ['muster drain g-3kf9-2', 'muster drain g-3kf9-2 --no-wait'],
      notes: [
        'Tasks that the group is still running when the drain times out run again elsewhere.',
        'Exit codes: 0 gone (or told, with --no-wait), 1 still there or no such group, 3 nobody answers.',
      ],
      run: async ({ group, connect, wait, withinMs }) => {
        const address = needAddress(connect);
        await askScheduler(address, { query: 'drainGroup', groupId: group });
        if (wait) await waitForEnd(address, group, withinMs);
        process.stdout.write(wait ? `${group} is gone\n` : `${group} is draining\n`);
        return EXIT.ok;
      },
    },
    argv,
  );
