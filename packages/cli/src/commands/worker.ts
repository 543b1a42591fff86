/** `muster worker ADDRESS`: one worker group in this process. */
import { createLog } from '@muster/runtime/log';
import { onShutdownSignal } from '@muster/runtime/signals';
import { workerCommand, workerHostConfigOf, type WorkerSettings } from '@muster/worker/config';
import { raiseOwnOomScore, startWorkerHost } from '@muster/worker/host';
import { runCommand } from '../command.ts';
import { EXIT } from '../errors.ts';

const serve = async (settings: WorkerSettings): Promise<number> => {
  const log = createLog({ component: 'worker', level: settings.logLevel, format: settings.logFormat });
  raiseOwnOomScore();
  const config = workerHostConfigOf(settings);
  const host = await startWorkerHost({ ...config, log });
  using signals = onShutdownSignal({ onFirst: (signal) => host.stop(signal), onForce: () => host.killNow() });
  log.info('worker.serving', {
    group: config.groupId,
    workers: config.workerIds.length,
    scheduler: config.scheduler,
  });
  const { clean } = await host.ended;
  if (!clean) return EXIT.failed;
  return signals.first() === 'SIGINT' ? EXIT.interrupted : EXIT.ok;
};

export const run = (argv: readonly string[]): Promise<number> =>
  runCommand(
    {
      name: 'worker',
      summary: 'Run workers by hand, as one group that no adapter knows and nobody scales.',
      spec: workerCommand,
      examples: [
        'muster worker tcp://127.0.0.1:8516',
        'muster worker tcp://127.0.0.1:8516 --workers 4 --capabilities gpu',
      ],
      notes: [
        'Ctrl-C or SIGTERM drains: the running task ends, what has not started is given back. A second one kills.',
        'Exit codes: 0 ended, 1 failed, 2 wrong usage, 130 ended by Ctrl-C.',
      ],
      run: serve,
    },
    argv,
  );
