/** What `muster up` shows: lines for people, or one JSON object per line for programs. */
import type { SchedulerStatus } from '@muster/core/scheduler-types';
import { showCount } from '@muster/core/words';
import type { Fleet } from './fleet.ts';
import { fleetLine } from './status-text.ts';
import type { ChildEvent } from './supervise.ts';
import { styleFor } from './terminal.ts';

export interface UpDisplay {
  ready(fleet: Fleet): void;
  /** Shows a line when the groups changed since the last one. */
  status(status: SchedulerStatus): void;
  child(event: ChildEvent): void;
  say(event: string, text: string): void;
  /** Everything is ended at once from here on, as it was asked for: its consequences are no news for people. */
  ending(): void;
}

interface LogLine {
  readonly level: string;
  readonly event: string;
  readonly fields: string;
  readonly group: string | undefined;
  readonly reason: string;
  readonly code: unknown;
}

const parseLogLine = (line: string): LogLine | undefined => {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null || !('level' in value) || !('event' in value))
      return undefined;
    const { level, event, ...others } = value;
    const { group, reason, code } = value as {
      readonly group?: unknown;
      readonly reason?: unknown;
      readonly code?: unknown;
    };
    const hidden = new Set(['time', 'pid', 'component']);
    const fields = Object.entries(others)
      .filter(([key]) => !hidden.has(key))
      .map(([key, field]) => `${key}=${typeof field === 'string' ? field : JSON.stringify(field)}`);
    return {
      level: String(level),
      event: String(event),
      fields: fields.join(' '),
      group: typeof group === 'string' ? group : undefined,
      reason: typeof reason === 'string' ? reason : '',
      code,
    };
  } catch {
    return undefined; // plain text, such as a stack
  }
};

/** Adapter and scheduler each tell what the end of a worker group is to them. */
const isGroupLost = ({ event, reason }: LogLine): boolean =>
  event === 'native.host.exited' ||
  event === 'group.lost' ||
  event === 'group.gone' ||
  (event === 'worker.lost' && reason === 'its group is gone');

/** A worker group whose scheduler told it to end does so before its adapter hears of it. */
const isCleanExit = ({ event, code }: LogLine): boolean => event === 'native.host.exited' && code === 0;

const GROUPS_MAX = 1_000;

/** Keeps the latest; true for what it has not kept. */
const createSeen = (): ((group: string) => boolean) => {
  const seen = new Set<string>();
  return (group) => {
    if (seen.has(group)) return false;
    const [oldest] = seen;
    if (seen.size >= GROUPS_MAX && oldest !== undefined) seen.delete(oldest);
    seen.add(group);
    return true;
  };
};

const diedText = (event: Extract<ChildEvent, { kind: 'died' }>): string =>
  `${event.name} ended (${event.signal ?? `exit code ${event.code ?? 'unknown'}`}); starting it again in ${event.restartInMs} ms`;

/** Which log lines are shown, and in which words. Programs and the verbose get them all. */
const createSieve = ({
  json,
  verbose,
}: {
  readonly json: boolean;
  readonly verbose: boolean;
}): {
  wordsOf(name: string, line: string, parsed: LogLine | undefined): string | undefined;
  ending(): void;
} => {
  let isEnding = false;
  const isNewGroup = createSeen();
  return {
    ending: () => {
      isEnding = true;
    },
    wordsOf: (name, line, parsed) => {
      const isTrouble =
        parsed === undefined ||
        ((parsed.level === 'warn' || parsed.level === 'error') && (json || !isCleanExit(parsed)));
      if (!isTrouble && !verbose) return undefined;
      const text = `${name}: ${parsed === undefined ? line : `${parsed.event} ${parsed.fields}`}`;
      if (json || verbose) return text;
      if (isEnding && parsed?.level !== 'error') return undefined;
      if (parsed?.group === undefined || !isGroupLost(parsed)) return text;
      return isNewGroup(parsed.group)
        ? `worker group ${parsed.group} was lost, what it ran starts again elsewhere (${text})`
        : undefined;
    },
  };
};

/** @param options.verbose whether log lines below warning are shown as well */
export const createUpDisplay = (options: {
  readonly json: boolean;
  readonly verbose: boolean;
}): UpDisplay => {
  const startedMs = performance.now();
  const style = styleFor(process.stdout);
  let shown = 'no groups';
  const { wordsOf, ending } = createSieve(options);
  const write = (event: string, text: string, facts: Readonly<Record<string, unknown>> = {}): void => {
    const atMs = performance.now() - startedMs;
    if (options.json)
      process.stdout.write(`${JSON.stringify({ event, atMs: Math.round(atMs), ...facts })}\n`);
    else process.stdout.write(`${style.dim(`${(atMs / 1_000).toFixed(1).padStart(7)} s`)}  ${text}\n`);
  };
  const logLine = (name: string, line: string): void => {
    const parsed = parseLogLine(line);
    const text = wordsOf(name, line, parsed);
    if (text === undefined) return;
    const colour =
      parsed?.level === 'error' ? style.red : parsed?.level === 'warn' ? style.yellow : undefined;
    write('log', colour?.(text) ?? text, { process: name, line });
  };
  return {
    say: (event, text) => write(event, text),
    ending,
    ready: ({ address, addresses, pids }) => {
      write(
        'ready',
        `${style.green('ready')} at ${addresses.join(' ')} (process ${process.pid}); Ctrl-C drains`,
        { scheduler: address, addresses, pid: process.pid, children: pids() },
      );
      if (!options.json)
        write(
          'hint',
          style.dim('run something:  muster map -- echo hello {} ::: world     look:  muster status'),
        );
    },
    status: (status) => {
      const line = fleetLine(status);
      if (line === shown) return;
      shown = line;
      const { waiting, assigned, succeeded, failed } = status.tasks;
      const work =
        waiting + assigned === 0
          ? `${showCount(succeeded)} done`
          : `${showCount(waiting)} waiting, ${showCount(assigned)} assigned, ${showCount(succeeded)} done`;
      const text = `${line}   ${style.dim(`tasks: ${work}${failed === 0 ? '' : `, ${showCount(failed)} failed`}${status.scaling === '' ? '' : `   ${status.scaling}`}`)}`;
      write('fleet', text, { groups: status.groups, tasks: status.tasks, scaling: status.scaling });
    },
    child: (event) => {
      if (event.kind === 'line') logLine(event.name, event.line);
      else if (event.kind === 'died')
        write('died', style.yellow(diedText(event)), {
          process: event.name,
          code: event.code,
          signal: event.signal,
          restartInMs: event.restartInMs,
        });
      else if (options.verbose)
        write('started', `${event.name} is process ${event.pid}`, { process: event.name, pid: event.pid });
    },
  };
};
