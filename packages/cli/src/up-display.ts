/** What `muster up` shows: lines for people, or one JSON object per line for programs. */
import type { SchedulerStatus } from '@muster/core/scheduler-types';
import type { Fleet } from './fleet.ts';
import { fleetLine } from './status-text.ts';
import type { ChildEvent } from './supervise.ts';
import { showCount, styleFor } from './terminal.ts';

export interface UpDisplay {
  ready(fleet: Fleet): void;
  /** Shows a line when the groups changed since the last one. */
  status(status: SchedulerStatus): void;
  child(event: ChildEvent): void;
  say(event: string, text: string): void;
}

interface LogLine {
  readonly level: string;
  readonly event: string;
  readonly fields: string;
}

const parseLogLine = (line: string): LogLine | undefined => {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null || !('level' in value) || !('event' in value))
      return undefined;
    const { level, event, ...others } = value;
    const hidden = new Set(['time', 'pid', 'component']);
    const fields = Object.entries(others)
      .filter(([key]) => !hidden.has(key))
      .map(([key, field]) => `${key}=${typeof field === 'string' ? field : JSON.stringify(field)}`);
    return { level: String(level), event: String(event), fields: fields.join(' ') };
  } catch {
    return undefined; // plain text, such as a stack
  }
};

const diedText = (event: Extract<ChildEvent, { kind: 'died' }>): string =>
  `${event.name} ended (${event.signal ?? `exit code ${event.code ?? 'unknown'}`}); starting it again in ${event.restartInMs} ms`;

/** @param options.verbose whether log lines below warning are shown as well */
export const createUpDisplay = (options: {
  readonly json: boolean;
  readonly verbose: boolean;
}): UpDisplay => {
  const startedMs = performance.now();
  const style = styleFor(process.stdout);
  let shown = 'no groups';
  const write = (event: string, text: string, facts: Readonly<Record<string, unknown>> = {}): void => {
    const atMs = performance.now() - startedMs;
    if (options.json)
      process.stdout.write(`${JSON.stringify({ event, atMs: Math.round(atMs), ...facts })}\n`);
    else process.stdout.write(`${style.dim(`${(atMs / 1_000).toFixed(1).padStart(7)} s`)}  ${text}\n`);
  };
  const logLine = (name: string, line: string): void => {
    const parsed = parseLogLine(line);
    const isTrouble = parsed === undefined || parsed.level === 'warn' || parsed.level === 'error';
    if (!isTrouble && !options.verbose) return;
    const words = parsed === undefined ? line : `${parsed.event} ${parsed.fields}`;
    const text = `${name}: ${words}`;
    write(
      'log',
      parsed?.level === 'error' ? style.red(text) : parsed?.level === 'warn' ? style.yellow(text) : text,
      { process: name, line },
    );
  };
  return {
    say: (event, text) => write(event, text),
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
