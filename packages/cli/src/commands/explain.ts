/** `muster explain`: why the scheduler did what it did, or did not. */
import { defineCommand, option, optional } from '@muster/runtime/config';
import { choice, duration, text } from '@muster/runtime/config-kinds';
import { runCommand } from '../command.ts';
import { EXIT } from '../errors.ts';
import { explainQuery, explainText } from '../explain-text.ts';
import { askForExplanation } from '../operator.ts';
import { styleFor } from '../terminal.ts';
import { connectOptions, jsonOption, needAddress } from '../where.ts';

const spec = defineCommand({
  section: 'explain',
  options: {
    what: option(choice(['scale', 'task', 'group', 'adapter']), {
      default: 'scale',
      positional: true,
      env: false,
      doc: 'scale: the size of the fleet; task, group, adapter: one of them, or without an id a list',
    }),
    id: optional(text({ placeholder: '<id>' }), {
      positional: true,
      env: false,
      doc: 'as muster status, the logs and the errors of a client show it, or its beginning; of a task, its end is enough, too',
    }),
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
      name: 'explain',
      summary: 'Say why the fleet has the size it has, why a task waits, or what became of a worker group.',
      spec,
      examples: [
        'muster explain scale',
        'muster explain task',
        'muster explain task 3f9a41',
        'muster explain group g-3kf9-2',
        'muster explain scale --json | jq .facts.outlook',
      ],
      notes: [
        'What is gone is remembered for a while: the last 512 groups, the last 8,192 tasks that ended.',
        'Exit codes: 0 explained, 1 nothing is known by that id, 2 wrong usage, 3 nobody answers.',
      ],
      run: async ({ what, id, connect, json, timeoutMs }) => {
        const query = explainQuery(what, id);
        const answer = await askForExplanation(needAddress(connect), query, timeoutMs);
        process.stdout.write(
          json ? `${JSON.stringify(answer)}\n` : `${explainText(answer, styleFor(process.stdout))}\n`,
        );
        return answer.found ? EXIT.ok : EXIT.failed;
      },
    },
    argv,
  );
