/** A long-lived process: readiness, signals and the lifeline, the same way for each service. */
import { rmSync } from 'node:fs';
import { EXIT } from './errors.ts';
import { takeLifeline } from './lifeline.ts';
import { withdrawAnnouncement } from './run-dir.ts';

export interface Hosted {
  /** Told to the supervisor, and printed as one JSON line for whoever started the process by hand. */
  readonly facts: Readonly<Record<string, string>>;
  /** First SIGTERM or SIGINT: end gracefully. */
  drain(signal: NodeJS.Signals): void;
  /** Second signal: end now. */
  stop(): void;
  /** The supervisor is gone: end now and leave nothing behind. */
  orphan(): void;
  /** Resolves when it has ended, with whether that was as it should be. */
  readonly ended: Promise<'ok' | 'failed'>;
}

const FLEET_DIRECTORY = 'MUSTER_FLEET_DIRECTORY';
const FLEET_PID = 'MUSTER_FLEET_PID';

/** Says that it serves, waits for its end, and gives the exit code: 130 after SIGINT, as a shell expects. */
export const host = async (hosted: Hosted): Promise<number> => {
  const line = takeLifeline();
  let signalled: NodeJS.Signals | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (signalled === undefined) hosted.drain(signal);
    else hosted.stop();
    signalled ??= signal;
  };
  let isOrphan = false;
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  void line?.cut.then(() => {
    isOrphan = true;
    hosted.orphan();
  });
  line?.say({ kind: 'ready', facts: hosted.facts });
  if (line === undefined) process.stdout.write(`${JSON.stringify({ ready: hosted.facts })}\n`);
  const how = await hosted.ended;
  process.off('SIGTERM', onSignal);
  process.off('SIGINT', onSignal);
  if (isOrphan) cleanAfter(process.env[FLEET_DIRECTORY], Number(process.env[FLEET_PID]));
  line?.close();
  if (how === 'failed') return EXIT.failed;
  return signalled === 'SIGINT' ? EXIT.interrupted : EXIT.ok;
};

/** The environment that lets a child clean up after a supervisor that was killed. */
export const fleetEnv = (directory: string): Readonly<Record<string, string>> => ({
  [FLEET_DIRECTORY]: directory,
  [FLEET_PID]: String(process.pid),
});

const cleanAfter = (directory: string | undefined, pid: number): void => {
  if (Number.isInteger(pid)) withdrawAnnouncement(pid);
  if (directory !== undefined && directory !== '') rmSync(directory, { recursive: true, force: true });
};
