/** A store as a process; its configuration is the first argument, in JSON. For tests. */
import type { StoreLog } from '../log.ts';
import { runObjectStore, type ObjectStoreProcessConfig } from '../main.ts';

const write = (level: string) => (event: string, fields?: Readonly<Record<string, unknown>>) => {
  process.stderr.write(`${JSON.stringify({ level, event, ...fields })}\n`);
};
const log: StoreLog = {
  debug: write('debug'),
  info: write('info'),
  warn: write('warn'),
  error: write('error'),
};
process.stderr.on('error', () => undefined);

const config = JSON.parse(process.argv[2] ?? '{}') as Omit<ObjectStoreProcessConfig, 'log'>;
try {
  await runObjectStore({ ...config, log });
} catch {
  // The ready line said it.
  process.exitCode = 1;
}
