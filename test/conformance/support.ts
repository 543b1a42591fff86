/** Processes for tests of the native provisioner: counted by their mark, so that nothing can hide. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';

export const STAND_IN_HOST = fileURLToPath(new URL('./stand-in-host.mjs', import.meta.url));

const PATIENCE_MS = 30_000;

/** Waits for another process; fails with what was seen last. */
export const until = async <T>(what: string, look: () => T | undefined | false): Promise<T> => {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const seen = look();
    if (seen !== undefined && seen !== false) return seen;
    if (performance.now() > deadline) throw new Error(`no ${what} within ${PATIENCE_MS} ms`);
    await sleep(20);
  }
};

/** Living processes of which the command line or the environment holds this text. */
export const processesWith = (text: string): readonly number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => readAll(pid, 'environ').includes(text) || readAll(pid, 'cmdline').includes(text))
    .map(Number);

/** '' for a process that is gone. */
export const environOf = (pid: number): string => readAll(String(pid), 'environ');

const readAll = (pid: string, file: string): string => {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    // It ended while we looked.
    return '';
  }
};
