/** Containers as processes of this machine: the command is real, the image is not. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { ContainerEvents, ContainerHandle, ContainerLaunch, TaskRunner } from './runner.ts';

export interface ProcessCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  /** Added to what the task is told; nothing of this process is handed on but PATH and HOME. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface ProcessRunnerOptions {
  /** What a container's image and command mean here: the tester decides which programs run, never the caller. */
  readonly commandOf: (launch: ContainerLaunch) => ProcessCommand;
}

export interface ProcessRunner extends TaskRunner {
  /** Process ids of what runs now. */
  pids(): readonly number[];
  /** Kills what still runs and waits for its end. */
  close(): Promise<void>;
}

const exitCode = (code: number | null, signal: NodeJS.Signals | null): number =>
  code ?? 128 + (signal === null ? 0 : constants.signals[signal]);

/** The whole process group: a worker host has children. */
const signalTo = (child: ChildProcess, signal: NodeJS.Signals): void => {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It ended between the look and the signal.
  }
};

const environmentOf = (launch: ContainerLaunch, command: ProcessCommand): Record<string, string> => ({
  PATH: process.env['PATH'] ?? '',
  HOME: process.env['HOME'] ?? '',
  ...launch.environment,
  ...command.env,
});

const lines = (stream: Readable | null, events: ContainerEvents): void => {
  if (stream !== null) createInterface({ input: stream }).on('line', (line) => events.line(line));
};

export const processRunner = ({ commandOf }: ProcessRunnerOptions): ProcessRunner => {
  const running = new Map<ChildProcess, Promise<void>>();

  const start = (launch: ContainerLaunch, events: ContainerEvents): ContainerHandle => {
    const command = commandOf(launch);
    const child = spawn(command.file, [...command.args], {
      cwd: command.cwd,
      env: environmentOf(launch, command),
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    lines(child.stdout, events);
    lines(child.stderr, events);
    const over = new Promise<void>((resolve) => {
      child.once('spawn', () => events.started());
      child.once('error', (error) => {
        if (child.pid === undefined) events.failed(`CannotStartContainerError: ${error.message}`);
        running.delete(child);
        resolve();
      });
      child.once('close', (code, signal) => {
        if (child.pid !== undefined && running.has(child)) events.exited({ code: exitCode(code, signal) });
        running.delete(child);
        resolve();
      });
    });
    running.set(child, over);
    return { terminate: () => signalTo(child, 'SIGTERM'), kill: () => signalTo(child, 'SIGKILL') };
  };
  return {
    start,
    pids: () => [...running.keys()].flatMap(({ pid }) => pid ?? []),
    close: async () => {
      const left = [...running];
      for (const [child] of left) signalTo(child, 'SIGKILL');
      await Promise.all(left.map(([, over]) => over));
    },
  };
};
