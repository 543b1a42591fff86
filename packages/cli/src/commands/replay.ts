/** `muster replay FILE`: the events of a recorded scheduler through the same core, and whether it decides the same. */
import type { ExplainAnswer } from '@muster/core/explain';
import type { Note } from '@muster/core/machine';
import { replay, showNote, type Replayed } from '@muster/core/replay';
import { plural, showDuration } from '@muster/core/words';
import { instant, type Instant } from '@muster/protocol/ids';
import { defineCommand, option, optional, required } from '@muster/runtime/config';
import { boolean, choice, duration, text } from '@muster/runtime/config-kinds';
import { openRecordingFile, RecordingError, type RecordingFile } from '@muster/scheduler/recording';
import { runCommand } from '../command.ts';
import { CliError, EXIT, messageOf, systemCode } from '../errors.ts';
import { explainQuery, explainText } from '../explain-text.ts';
import { styleFor, type Style } from '../terminal.ts';
import { version } from '../version.ts';
import { jsonOption } from '../where.ts';

const UNREADABLE = EXIT.usage;

const spec = defineCommand({
  section: 'replay',
  options: {
    file: required(text({ placeholder: '<file>' }), {
      positional: true,
      env: false,
      doc: 'what muster scheduler --record wrote',
    }),
    id: optional(text({ placeholder: '<id>' }), {
      positional: true,
      env: false,
      doc: 'with --explain: of the task, group or adapter',
    }),
    notes: option(boolean(), { default: false, env: false, doc: 'show every decision with its time' }),
    untilMs: optional(duration({ min: 0, bareUnit: 's' }), {
      env: false,
      doc: 'stop this long after the start of the scheduler; with --explain: the answer of that moment',
    }),
    explain: optional(choice(['scale', 'task', 'group', 'adapter']), {
      env: false,
      doc: 'ask what muster explain asks, at the end',
    }),
    ...jsonOption,
  },
});

interface Values {
  readonly file: string;
  readonly id: string | undefined;
  readonly notes: boolean;
  readonly untilMs: number | undefined;
  readonly explain: 'scale' | 'task' | 'group' | 'adapter' | undefined;
  readonly json: boolean;
}

const offset = (at: Instant, from: Instant): string => `+${((at - from) / 1_000).toFixed(3)} s`;

/** @throws CliError that is to end with {@link UNREADABLE} */
const open = (path: string): RecordingFile => {
  try {
    return openRecordingFile(path);
  } catch (error) {
    if (error instanceof RecordingError || systemCode(error) !== undefined)
      throw new CliError('usage', `cannot replay ${path}: ${messageOf(error)}.`, '', { cause: error });
    throw error;
  }
};

const play = (file: RecordingFile, { notes, untilMs, json }: Values): Replayed => {
  const { createdAt } = file.head;
  const show = (note: Note, at: Instant): void => {
    const { level, event, fields } = note;
    process.stdout.write(
      json
        ? `${JSON.stringify({ atMs: at - createdAt, level, event, fields })}\n`
        : `${offset(at, createdAt).padStart(12)}  ${level.padEnd(5)}  ${showNote(note)}\n`,
    );
  };
  try {
    return replay(file.head, file.steps(), {
      ...(notes ? { onNote: show } : {}),
      ...(untilMs === undefined ? {} : { until: instant(createdAt + untilMs) }),
    });
  } catch (error) {
    if (!(error instanceof RecordingError)) throw error;
    throw new CliError('usage', `cannot replay it to its end: ${error.message}.`, '', { cause: error });
  }
};

/** What was played, and how it compares. */
const summary = (file: RecordingFile, played: Replayed, style: Style): readonly string[] => {
  const { head } = file;
  const { difference, steps, events, notes, differing, bug } = played;
  const lines = [
    `recorded by muster ${head.muster}, epoch ${head.config.epoch}, from ${head.startedAt}`,
    `played ${plural(events, 'event')} in ${plural(steps, 'step')} over ${showDuration(played.at - head.createdAt)}: ${plural(notes, 'note')}`,
  ];
  if (head.muster !== version())
    lines.push(`this is muster ${version()}: what it decides otherwise need not be a bug`);
  if (file.cutBytes() > 0)
    lines.push(
      `the recording ends in the middle of a step (${plural(file.cutBytes(), 'byte')}), as that of a killed scheduler does`,
    );
  if (bug !== undefined) lines.push(style.red(`the last step hits a bug in Muster: ${messageOf(bug)}`));
  if (difference === undefined) return [...lines, style.green('the same decisions')];
  return [
    ...lines,
    style.red(
      `${plural(differing, 'step')} came out otherwise, first at ${offset(difference.at, head.createdAt)} (step ${difference.step})`,
    ),
    `  recorded: ${difference.recorded === '' ? '(nothing)' : difference.recorded}`,
    `  replayed: ${difference.replayed === '' ? '(nothing)' : difference.replayed}`,
  ];
};

const summaryJson = (file: RecordingFile, played: Replayed): Readonly<Record<string, unknown>> => {
  const { head } = file;
  const { difference, bug } = played;
  return {
    muster: head.muster,
    epoch: head.config.epoch,
    startedAt: head.startedAt,
    steps: played.steps,
    events: played.events,
    notes: played.notes,
    durationMs: played.at - head.createdAt,
    cutBytes: file.cutBytes(),
    same: difference === undefined,
    differingSteps: played.differing,
    difference:
      difference === undefined
        ? undefined
        : { ...difference, at: undefined, atMs: difference.at - head.createdAt },
    bug: bug === undefined ? undefined : messageOf(bug),
  };
};

const runReplay = (values: Values): number => {
  const { id, untilMs, explain, json } = values;
  if (id !== undefined && explain === undefined)
    throw new CliError(
      'usage',
      `there is "${id}" after the file, but no --explain.`,
      'Try: muster replay --help',
    );
  const query = explain === undefined ? undefined : explainQuery(explain, id);
  using file = open(values.file);
  const played = play(file, values);
  const end = untilMs === undefined ? played.at : instant(file.head.createdAt + untilMs);
  const answer: ExplainAnswer | undefined =
    query === undefined || played.bug !== undefined ? undefined : played.scheduler.explain(query, end);
  const style = styleFor(process.stdout);
  if (json) process.stdout.write(`${JSON.stringify({ ...summaryJson(file, played), answer })}\n`);
  else {
    if (values.notes && played.notes > 0) process.stdout.write('\n');
    process.stdout.write(`${summary(file, played, style).join('\n')}\n`);
    if (answer !== undefined) process.stdout.write(`\n${explainText(answer, style)}\n`);
  }
  return played.difference === undefined && answer?.found !== false ? EXIT.ok : EXIT.failed;
};

export const run = (argv: readonly string[]): Promise<number> =>
  runCommand(
    {
      name: 'replay',
      summary:
        'Feed a recorded scheduler the same events again, and compare its decisions with those of then.',
      spec,
      examples: [
        'muster replay scheduler.rec',
        'muster replay scheduler.rec --notes --until 90',
        'muster replay scheduler.rec --until 90 --explain scale',
        'muster replay scheduler.rec --explain task 3f9a41',
      ],
      notes: [
        'Nothing is started and nobody is asked: the file is all it needs.',
        `Exit codes: 0 the same decisions, 1 other ones (or nothing known by the id asked for), ${UNREADABLE} the file cannot be read, or wrong usage.`,
      ],
      run: (values) => Promise.resolve(runReplay(values)),
    },
    argv,
  );
