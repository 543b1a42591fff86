/** Process table from `ps` on macOS. Tested over outputs written by hand after ps(1); never run there. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { WORKER_ENV } from '@muster/protocol/calls';
import type { GroupMark, ProcessEntry } from './entry.ts';

/**
 * `-E` appends the environment to the command of our own processes; `-ww` keeps it whole.
 * Source: ps(1) of macOS, keywords pid, ppid, pgid, stat, lstart, command.
 */
export const psArgs = (uid: number): readonly string[] => [
  '-xww',
  '-E',
  '-U',
  String(uid),
  '-o',
  'pid=,ppid=,pgid=,stat=,lstart=,command=',
];

/** The times that ps prints must not depend on who runs it. */
export const PS_ENV: Readonly<Record<string, string>> = { LC_ALL: 'C', TZ: 'UTC' };

const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;
const TIMEOUT_MS = 10_000;

export const readPs = async (): Promise<readonly ProcessEntry[]> => {
  const options = { env: PS_ENV, maxBuffer: OUTPUT_BYTES_MAX, timeout: TIMEOUT_MS };
  const { stdout } = await promisify(execFile)('/bin/ps', psArgs(process.getuid?.() ?? 0), options);
  return parsePs(stdout);
};

const LINE =
  /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(\w{3}\s+\w{3}\s+\d{1,2}\s+\d{2}:\d{2}:\d{2}\s+\d{4})\s*(.*)$/;

export const parsePs = (text: string): readonly ProcessEntry[] =>
  text.split('\n').flatMap((line) => {
    const entry = parseLine(line);
    return entry === undefined ? [] : [entry];
  });

const parseLine = (line: string): ProcessEntry | undefined => {
  const match = LINE.exec(line);
  if (match === null) return undefined;
  const [, pid, ppid, pgid, stat = '', lstart = '', command = ''] = match;
  const start = lstart.replace(/\s+/g, ' ');
  return {
    pid: Number(pid),
    ppid: Number(ppid),
    pgid: Number(pgid),
    sid: undefined,
    start,
    startedAt: Date.parse(`${start} UTC`),
    zombie: stat.startsWith('Z'),
    mark: parseMark(command),
  };
};

/** Values of ours hold no white space, so that the environment can be told from the text around it. */
const parseMark = (command: string): GroupMark | undefined => {
  const owner = new RegExp(`(?:^|\\s)${WORKER_ENV.owner}=(\\S*)`).exec(command)?.[1];
  const group = new RegExp(`(?:^|\\s)${WORKER_ENV.groupId}=(\\S*)`).exec(command)?.[1];
  return owner === undefined || group === undefined ? undefined : { owner, group };
};
