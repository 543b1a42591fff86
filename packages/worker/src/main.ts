/** Entry of a worker host process, as adapters start it: everything it is told comes from its environment. */
import { ConfigError, resolveConfig } from '@muster/runtime/config';
import { createLog } from '@muster/runtime/log';
import { checkPlatform } from '@muster/runtime/platform';
import { onShutdownSignal } from '@muster/runtime/signals';
import { workerCommand, workerHostConfigOf } from './config.ts';
import type { WorkerSettings } from './config.ts';
import { raiseOwnOomScore, startWorkerHost } from './host.ts';

const EXIT = { clean: 0, failed: 1, usage: 2 } as const;

/** The first argument, if any, is the scheduler's address. */
const settingsOf = (): WorkerSettings =>
  resolveConfig(workerCommand, { args: process.argv.slice(2), env: process.env }).values;

const main = async (): Promise<number> => {
  const trouble = checkPlatform();
  if (trouble !== undefined) {
    process.stderr.write(`${trouble}\n`);
    return EXIT.usage;
  }
  const settings = settingsOf();
  const log = createLog({ component: 'worker', level: settings.logLevel, format: settings.logFormat });
  raiseOwnOomScore();
  try {
    const host = await startWorkerHost({ ...workerHostConfigOf(settings), log });
    using _ = onShutdownSignal({ onFirst: (signal) => host.stop(signal), onForce: () => host.killNow() });
    const { clean } = await host.ended;
    return clean ? EXIT.clean : EXIT.failed;
  } catch (error) {
    log.error('worker.failed', { error });
    return EXIT.failed;
  } finally {
    log.flush();
  }
};

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof ConfigError ? error.message : String(error)}\n`);
    process.exit(error instanceof ConfigError ? EXIT.usage : EXIT.failed);
  },
);
