/** What the command line's stories have in common: a fleet, its status, its end. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SchedulerStatus } from '@muster/core/scheduler-types';
import { DEADLINE_MS, until, type Running, type Sandbox } from './cli-support.ts';

/** Bound of a story with several commands. */
export const STORY_MS = 3 * DEADLINE_MS;
/** What is promised after `kill -9`. */
export const NOTHING_LEFT_MS = 10_000;

export const announcement = (sandbox: Sandbox): { scheduler: string; pid: number } =>
  JSON.parse(readFileSync(join(sandbox.directory, 'muster', 'up.json'), 'utf8')) as {
    scheduler: string;
    pid: number;
  };

export const isAnnounced = (sandbox: Sandbox): boolean =>
  existsSync(join(sandbox.directory, 'muster', 'up.json'));

export const startUp = async (sandbox: Sandbox, ...args: string[]): Promise<Running> => {
  const up = sandbox.run(['up', ...args]);
  await Promise.race([
    up.seen('ready'),
    up.exit.then((exit) =>
      Promise.reject(new Error(`up ended: ${JSON.stringify(exit)}\n${up.stdout()}${up.stderr()}`)),
    ),
  ]);
  return up;
};

export const statusOf = async (sandbox: Sandbox): Promise<SchedulerStatus> => {
  const asked = sandbox.run(['status', '--json']);
  const { code } = await asked.exit;
  if (code !== 0) throw new Error(`status exited with ${code}: ${asked.stderr()}`);
  return JSON.parse(asked.stdout()) as SchedulerStatus;
};

export const ran = async (
  running: Running,
): Promise<{ code: number | null; stdout: string; stderr: string }> => {
  const { code } = await running.exit;
  return { code, stdout: running.stdout(), stderr: running.stderr() };
};

export const nothingLeft = (sandbox: Sandbox, withinMs: number): Promise<unknown> =>
  until(
    () => sandbox.processes().length === 0,
    () => `no process left, but there are\n${sandbox.processes().join('\n')}`,
    withinMs,
  );
