/** `muster status`: what the scheduler holds right now, and why it scaled or did not. */
import { defineCommand, option } from '@muster/runtime/config';
import { duration } from '@muster/runtime/config-kinds';
import { runCommand } from '../command.ts';
import { EXIT } from '../errors.ts';
import { askScheduler } from '../operator.ts';
import { statusText } from '../status-text.ts';
import { styleFor } from '../terminal.ts';
import { connectOptions, jsonOption, needAddress } from '../where.ts';

const spec = defineCommand({
  section: 'status',
  options: {
    ...connectOptions,
    ...jsonOption,
    timeoutMs: option(duration({ min: 1, bareUnit: 's' }), {
      default: 3_000,
      env: false,
      doc: 'how long to wait for an answer',
    }),
  },
});

export const run = (argv: readonly string[]): Promise<number> =>
  runCommand(
    {
      name: 'status',
      summary: 'Show tasks, workers and groups, and why the scheduler scaled or did not.',
      spec,
      examples: [
        'muster status',
        'muster status --connect tcp://127.0.0.1:8516',
        'muster status --json | jq .tasks',
      ],
      notes: ['Exit codes: 0 shown, 2 wrong usage, 3 nobody answers.'],
      run: async ({ connect, json, timeoutMs }) => {
        const address = needAddress(connect);
        const status = await askScheduler(address, { query: 'status' }, timeoutMs);
        process.stdout.write(
          json ? `${JSON.stringify(status)}\n` : `${statusText(status, address, styleFor(process.stdout))}\n`,
        );
        return EXIT.ok;
      },
    },
    argv,
  );
