/** A native adapter as its own process, for tests that kill it. Argument: {@link AdapterProcessSettings} as JSON. */
import { startAdapter } from '@muster/adapter-kit/adapter';
import { nativeProvisioner } from '@muster/adapter-native/provisioner';
import { NATIVE_PACE } from '@muster/adapter-native/config';
import { adapterId } from '@muster/protocol/ids';
import { systemClock } from '@muster/runtime/system-clock';
import { zeromqTransport } from '@muster/runtime/zeromq';

export interface AdapterProcessSettings {
  readonly name: string;
  readonly scheduler: string;
  readonly stateDir: string;
  readonly host: string;
  readonly hostMode: string;
  readonly label: string;
  readonly groupsMax: number;
  readonly graceMs: number;
}

const settings = JSON.parse(process.argv[2] ?? '') as AdapterProcessSettings;
const clock = systemClock();
const log = (note: object): void => void process.stdout.write(`${JSON.stringify(note)}\n`);
const provisioner = nativeProvisioner({
  command: [process.execPath, settings.host],
  stateDir: settings.stateDir,
  ownerMark: adapterId(settings.name),
  clock,
  log,
  graceMs: settings.graceMs,
  settleMs: 200,
});
const adapter = await startAdapter({
  provisioner,
  scheduler: settings.scheduler,
  transport: zeromqTransport(),
  clock,
  log,
  adapterId: adapterId(settings.name),
  workersPerGroup: 1,
  capabilities: new Map(),
  limits: { groupsMax: settings.groupsMax, startsPerMinuteMax: 1_000 },
  intentsFile: `${settings.stateDir}/${settings.name}/intents`,
  workerEnv: { MUSTER_TEST_HOST: settings.hostMode, MUSTER_TEST_LABEL: settings.label },
  pace: { ...NATIVE_PACE, heartbeatMs: 500, listIntervalMs: 500, stopRepeatMs: 1_000 },
});
// Clocks do not keep a process alive; the sockets would, but only once they are connected.
const keepAlive = setInterval(() => undefined, 1 << 30);
process.on('SIGTERM', () => void adapter.stop('stop', 30_000));
await adapter.done;
await provisioner.close();
clearInterval(keepAlive);
