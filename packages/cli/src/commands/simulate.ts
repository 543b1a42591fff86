/** `muster simulate`: what policies would make of a workload, before anybody pays for it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { showCount, showDuration } from '@muster/core/words';
import { defineCommand, option, optional, type ConfigOf } from '@muster/runtime/config';
import { choice, integer, KindError, text, type Kind } from '@muster/runtime/config-kinds';
import { generateTasks, type TraceSource } from '@muster/simulation/generate';
import { pageReport } from '@muster/simulation/page';
import { pictureReport } from '@muster/simulation/picture';
import type { Line, Plan } from '@muster/simulation/plan';
import { jsonReport, textReport } from '@muster/simulation/report';
import { parseScenario, type Case, type Scenario } from '@muster/simulation/scenario';
import { createSimulation } from '@muster/simulation/simulation';
import type { Tasks } from '@muster/simulation/tasks';
import { summaryOf } from '@muster/simulation/work';
import type { Workload } from '@muster/simulation/workload';
import { runCommand } from '../command.ts';
import { CliError, EXIT, messageOf } from '../errors.ts';
import { jsonOption } from '../where.ts';

/** Sentences with commas of their own; the flag may be repeated. */
const sentences = (placeholder: string): Kind<readonly string[]> => ({
  placeholder,
  shape: 'list',
  read(raw) {
    const parts: readonly unknown[] = Array.isArray(raw) ? raw : [raw];
    return parts.map((part) => {
      if (typeof part === 'string') return part;
      throw new KindError(`${JSON.stringify(part)} is not text`, 'put it in quotes');
    });
  },
  show: (value) => value,
});

const spec = defineCommand({
  section: 'simulate',
  options: {
    workload: option(sentences('<work>'), {
      default: [],
      short: 'w',
      env: false,
      doc: 'what arrives, such as "batch 15 x 6s"; several add up',
    }),
    adapter: option(sentences('<adapter>'), {
      default: [],
      short: 'a',
      env: false,
      doc: 'who can start groups, such as "ecs start=40s±30% groups=50 workers=4 price=0.2469/h"; several side by side',
    }),
    policy: option(sentences('<policies>'), {
      default: [],
      short: 'p',
      env: false,
      doc: 'as --policy-content of muster scheduler; several are compared; default: those that this release has',
    }),
    compat: option(choice(['own', 'stock']), {
      default: 'own',
      env: false,
      doc: 'stock: each policy a second time, decided as OpenGRIS Scaler 1.15.0 does',
    }),
    seed: option(integer({ min: 0, max: 4_294_967_295 }), {
      default: 1,
      env: false,
      doc: 'the same seed gives the same result; another one other luck',
    }),
    html: optional(text({ placeholder: '<file>' }), {
      env: false,
      doc: 'write a page with charts, which needs nothing else',
    }),
    svg: optional(text({ placeholder: '<file>' }), { env: false, doc: 'write the charts as one picture' }),
    ...jsonOption,
  },
});

type Settings = ConfigOf<typeof spec>;

const EXAMPLE = 'muster simulate --workload "batch 15 x 6s" --adapter "local groups=10"';

const scenarioOf = ({ workload, adapter, policy, compat, seed }: Settings): Scenario => {
  const missing = [
    ...(workload.length === 0 ? ['--workload says what arrives'] : []),
    ...(adapter.length === 0 ? ['--adapter says who can start groups for it'] : []),
  ];
  if (missing.length > 0)
    throw new CliError('usage', `${missing.join(', and ')}; not given.`, `Such as: ${EXAMPLE}`);
  const parsed = parseScenario({ workloads: workload, adapters: adapter, policies: policy, compat, seed });
  if (parsed.kind === 'ok') return parsed.value;
  throw new CliError(
    'usage',
    `this cannot be simulated:\n  ${parsed.errors.join('\n  ')}`,
    `Such as: ${EXAMPLE}`,
  );
};

const sourceOf = async (workload: Extract<Workload, { kind: 'trace' }>): Promise<TraceSource> => {
  const { file, format } = workload;
  try {
    if (format !== 'record') return readFileSync(file, 'utf8');
    const { openRecordingFile } = await import('@muster/scheduler/recording');
    using recording = openRecordingFile(file);
    return [...recording.steps()];
  } catch (error) {
    throw new CliError('failed', `${file} cannot be read: ${messageOf(error)}`, '', { cause: error });
  }
};

const tasksOf = async ({ workloads, seed }: Scenario): Promise<Tasks> => {
  const files = new Map<string, TraceSource>();
  for (const workload of workloads)
    if (workload.kind === 'trace') files.set(workload.file, await sourceOf(workload));
  const tasks = generateTasks(workloads, seed, files);
  if (tasks.kind === 'ok') return tasks.value;
  throw new CliError('usage', `this cannot be simulated:\n  ${tasks.errors.join('\n  ')}`);
};

/** Between looks at signals and the progress line. */
const STEPS = 20_000;

const play = async (one: Case, scenario: Scenario, tasks: Tasks): Promise<Line> => {
  const simulation = createSimulation({
    tasks,
    adapters: scenario.adapters,
    policy: one.policy,
    compat: one.compat,
    seed: scenario.seed,
  });
  while (!simulation.advance(STEPS)) {
    if (process.stderr.isTTY) {
      const { over, simulatedMs } = simulation.progress();
      const share = Math.floor((100 * over) / tasks.count);
      process.stderr.write(
        `\r\u001b[K${one.label}: ${share} % of ${showCount(tasks.count)} tasks, ${showDuration(simulatedMs)} simulated`,
      );
    }
    await setImmediate();
  }
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  return { case: one, outcome: simulation.outcome() };
};

const quoted = (word: string): string =>
  /^[\w./:=-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;

/** What makes the same plan again. */
const commandOf = ({ workload, adapter, policy, compat, seed }: Settings): string => {
  const flags = [
    ...workload.map((one) => ['--workload', one]),
    ...adapter.map((one) => ['--adapter', one]),
    ...policy.map((one) => ['--policy', one]),
    ...(compat === 'stock' ? [['--compat', 'stock']] : []),
    ['--seed', String(seed)],
  ];
  return ['muster simulate', ...flags.map((words) => words.map(quoted).join(' '))].join(' \\\n  ');
};

const save = (file: string, content: string): void => {
  try {
    writeFileSync(file, content);
  } catch (error) {
    throw new CliError('failed', `${file} cannot be written: ${messageOf(error)}`, '', { cause: error });
  }
};

const simulate = async (settings: Settings): Promise<number> => {
  const scenario = scenarioOf(settings);
  const tasks = await tasksOf(scenario);
  const began = performance.now();
  const lines: Line[] = [];
  for (const one of scenario.cases) lines.push(await play(one, scenario, tasks));
  const realMs = performance.now() - began;
  const plan: Plan = { scenario, work: summaryOf(tasks), lines };
  if (settings.html !== undefined) save(settings.html, pageReport(plan, commandOf(settings)));
  if (settings.svg !== undefined) save(settings.svg, pictureReport(plan));
  if (settings.json) process.stdout.write(`${jsonReport(plan)}\n`);
  else process.stdout.write(`${textReport(plan)}\n\n${paceOf(lines, realMs)}\n`);
  return EXIT.ok;
};

const paceOf = (lines: readonly Line[], realMs: number): string => {
  const simulatedMs = lines.reduce((sum, { outcome }) => sum + outcome.simulatedMs, 0);
  const ratio = showCount(Math.round(simulatedMs / Math.max(1, realMs)));
  return `simulated ${showDuration(simulatedMs)} in ${showDuration(realMs)}: ${ratio} to 1`;
};

export const run = (argv: readonly string[]): Promise<number> =>
  runCommand(
    {
      name: 'simulate',
      summary:
        'Show what scaling policies would make of a workload: waits, groups and cost, without any machine.',
      spec,
      examples: [
        EXAMPLE,
        'muster simulate -w "burst rate=40 idle=2 period=300s service=2s±50% tasks=200000" -a "ecs start=40s±30% groups=50 workers=4 price=0.2469/h minimum=60s" --html plan.html',
        'muster simulate -w "csv file=trace.csv" -a "ecs start=40s groups=50 offers=-:0.25/h,gpu:1.2/h" -p "allocate=capability; scaling=vanilla" --json',
      ],
      notes: [
        'Work:      batch N x DURATION · regular|poisson rate= · burst rate= idle= period= on= · diurnal rate= low= period= ·',
        '           spike rate= peak= at= half= · csv|swf|record file=; with service= tasks= for= from= needs= function=',
        'Durations: 6s · 6s±50% · 2s..10s · exp(6s) · lognormal(6s,1.2) · pareto(2s,1.5)',
        'Adapters:  NAME groups= workers= start= stop= price= minimum= offers= fail= launches= budget=',
        'Exit codes: 0 shown, 1 a file cannot be read or written, 2 wrong usage.',
      ],
      run: simulate,
    },
    argv,
  );
