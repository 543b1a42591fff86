/** Options of `muster adapter ecs`: the stock names where the stock adapter has the option, ours for the rest. */
import { capabilityKey } from '@muster/protocol/ids';
import type { Capabilities } from '@muster/protocol/ids';
import { logOptions, option, optional, required } from '@muster/runtime/config';
import type { CommandSpec, LogFormatName, LogLevelName, Option } from '@muster/runtime/config';
import {
  boolean,
  capabilities,
  choice,
  duration,
  integer,
  list,
  number,
  text,
} from '@muster/runtime/config-kinds';
import { ADAPTER_NAME_MAX } from './launch.ts';
import type { Architecture } from './prices.ts';
import {
  architectureKind,
  dollarsKind,
  memoryKind,
  profilesKind,
  spotKind,
  storageKind,
  vcpusKind,
} from './profile-text.ts';
import type { WrittenProfile } from './profile-text.ts';
import type { SpotPolicy } from './profiles.ts';
import { roundUp } from './sizes.ts';

/** What `muster adapter ecs` is told, resolved. Durations in milliseconds. */
export interface EcsSettings {
  readonly schedulerAddress: string;
  readonly workerSchedulerAddress: string | undefined;
  readonly groupsMax: number;
  readonly workersPerGroup: number | undefined;
  readonly capabilities: Capabilities;
  readonly region: string | undefined;
  readonly roleArn: string | undefined;
  readonly cluster: string;
  readonly subnets: readonly string[];
  readonly securityGroups: readonly string[];
  readonly assignPublicIp: boolean;
  readonly platformVersion: string;
  readonly taskDefinition: string;
  readonly image: string | undefined;
  readonly vcpus: number;
  readonly memoryGiB: number;
  readonly storageGiB: number;
  readonly architecture: Architecture;
  readonly spot: SpotPolicy;
  readonly profiles: readonly WrittenProfile[];
  readonly tags: readonly string[];
  readonly dollarsPerGroupHour: number | undefined;
  readonly dollarsPerHourMax: number;
  readonly dollarsPerDayMax: number;
  readonly vcpusMax: number | undefined;
  readonly startsPerMinuteMax: number;
  readonly launchesPerSecond: number;
  readonly startTimeoutMs: number;
  readonly adapterName: string | undefined;
  readonly stateDir: string | undefined;
  readonly graceMs: number;
  readonly deathTimeoutMs: number;
  readonly lifetimeMaxMs: number;
  readonly onStop: 'drain' | 'stop' | 'leave';
  readonly shutdownWithinMs: number;
  readonly logLevel: LogLevelName;
  readonly logFormat: LogFormatName;
}

type Table = { readonly [K in keyof EcsSettings]: Option<EcsSettings[K]> };

/** Source of the stock names: OpenGRIS Scaler 1.15.0, `scaler_worker_adapter_ecs --help`. */
const placeOptions = {
  region: optional(text({ placeholder: '<region>' }), {
    flag: 'aws-region',
    env: 'AWS_REGION',
    doc: 'where the tasks run; default: what the AWS profile says',
  }),
  roleArn: optional(text({ placeholder: '<arn>', pattern: /^arn:[a-z-]+:iam::\d{12}:role\/.+$/ }), {
    flag: 'aws-role-arn',
    doc: 'a role to assume with the credentials that are found',
  }),
  cluster: option(text({ placeholder: '<name>' }), {
    default: 'muster',
    flag: 'ecs-cluster',
    doc: 'name or ARN of the cluster',
  }),
  subnets: required(
    list(text({ pattern: /^subnet-[0-9a-f]+$/, example: 'subnet-0a1b2c3d' }), { min: 1, max: 16 }),
    {
      flag: 'ecs-subnets',
      doc: 'subnets of the tasks, in one VPC',
    },
  ),
  securityGroups: option(list(text({ pattern: /^sg-[0-9a-f]+$/, example: 'sg-0a1b2c3d' }), { max: 5 }), {
    default: [],
    flag: 'ecs-security-groups',
    doc: 'security groups of the tasks; default: that of the VPC',
  }),
  assignPublicIp: option(boolean(), {
    default: true,
    flag: 'ecs-assign-public-ip',
    doc: 'public addresses, which tasks in public subnets need; --no-ecs-assign-public-ip where subnets have NAT or VPC endpoints',
  }),
  platformVersion: option(text({ placeholder: '<version>', pattern: /^(LATEST|\d+\.\d+\.\d+)$/ }), {
    default: 'LATEST',
    flag: 'ecs-platform-version',
    doc: 'Fargate platform version',
  }),
  tags: option(
    list(text({ pattern: /^[\w .:/+@-]{1,128}=[\w .:/=+@-]{0,256}$/, example: 'team=data' }), { max: 40 }),
    {
      default: [],
      flag: 'ecs-tags',
      doc: 'key=value for the bill, on every task',
    },
  ),
} as const;

const groupOptions = {
  taskDefinition: option(text({ placeholder: '<name>' }), {
    default: 'muster-worker',
    flag: 'ecs-task-definition',
    doc: 'family, family:revision or ARN; its revision is looked up once, at the start',
  }),
  image: optional(text({ placeholder: '<image>' }), {
    flag: 'ecs-task-image',
    doc: 'what the task definition must run: checked, since an adapter does not change it',
  }),
  vcpus: option(vcpusKind, {
    default: 1,
    flag: 'ecs-task-cpu',
    doc: 'vCPUs of a group, rounded up to a size of Fargate',
  }),
  memoryGiB: option(memoryKind, {
    default: 2,
    flag: 'ecs-task-memory',
    doc: 'GiB of memory of a group, rounded up likewise',
  }),
  storageGiB: option(storageKind, {
    default: 20,
    flag: 'ecs-task-storage',
    doc: 'GiB of ephemeral storage of a group',
  }),
  architecture: option(architectureKind, {
    default: 'X86_64',
    flag: 'ecs-architecture',
    doc: 'of the task definition: checked',
  }),
  spot: option(spotKind, {
    default: 'never',
    doc: 'Spot capacity: before on demand, alone, or not at all',
  }),
  profiles: option(profilesKind(), {
    default: [],
    flag: 'profile',
    doc: 'a kind of group, chosen by its labels: "name=gpu cpu=4 memory=16 labels=gpu spot=prefer"; may be repeated; what it leaves out is as the options above say',
  }),
  dollarsPerGroupHour: optional(dollarsKind, {
    flag: 'dollars-per-group-hour',
    doc: 'price of one group, where the table of prices is not to be used',
  }),
} as const;

const limitOptions = {
  groupsMax: option(integer({ min: 1, max: 10_000 }), {
    default: 10,
    flag: 'max-worker-groups',
    aliases: ['max-workers'],
    doc: 'worker groups that may exist at once, whatever the scheduler asks for; there is no "unlimited"',
  }),
  vcpusMax: optional(number({ min: 0.25, max: 100_000 }), {
    flag: 'max-vcpus',
    doc: 'vCPUs of all groups together; default: what the groups at most have',
  }),
  dollarsPerHourMax: option(number({ min: 0.01, max: 1_000_000 }), {
    default: 5,
    flag: 'max-dollars-per-hour',
    doc: 'what all groups together may cost per hour, by the full price of on demand',
  }),
  dollarsPerDayMax: option(number({ min: 0.01, max: 10_000_000 }), {
    default: 50,
    flag: 'max-dollars-per-day',
    doc: 'what groups may cost within any 24 hours, each living one counted for its whole lifetime',
  }),
  startsPerMinuteMax: option(integer({ min: 1, max: 100_000 }), {
    default: 120,
    flag: 'max-starts-per-minute',
    doc: 'worker groups that may be launched in a minute, repeats included',
  }),
  launchesPerSecond: option(number({ min: 0.1, max: 20 }), {
    default: 10,
    flag: 'max-launches-per-second',
    doc: 'calls of RunTask; AWS grants an account 20 in a region',
  }),
} as const;

const lifeOptions = {
  startTimeoutMs: option(duration({ min: 30_000, bareUnit: 's' }), {
    default: 600_000,
    flag: 'start-timeout',
    doc: 'a group of which no worker reaches the scheduler within this is stopped',
  }),
  adapterName: optional(
    text({
      placeholder: '<name>',
      pattern: new RegExp(`^[A-Za-z0-9][A-Za-z0-9_-]{0,${ADAPTER_NAME_MAX - 1}}$`),
      example: 'ecs-blue',
    }),
    {
      doc: 'a restart under the same name adopts the tasks; default: derived from this machine, the cluster and the scheduler address, so name it where the adapter may move to another machine',
    },
  ),
  stateDir: optional(text({ placeholder: '<folder>' }), {
    doc: 'the record of launches under way; default: a private folder in the home of the user',
  }),
  graceMs: option(duration({ min: 0, max: 55_000, bareUnit: 's' }), {
    default: 50_000,
    doc: 'what a running task gets when its group is stopped, and again to react to SIGTERM; twice this must fit the stopTimeout of the task definition, at most 120 s on Fargate',
  }),
  deathTimeoutMs: option(duration({ min: 1_000, bareUnit: 's' }), {
    default: 300_000,
    aliases: ['death-timeout-seconds'],
    doc: 'workers end by themselves when the scheduler is silent for this long',
  }),
  lifetimeMaxMs: option(duration({ min: 60_000, max: 7 * 86_400_000 }), {
    default: 12 * 3_600_000,
    flag: 'max-lifetime',
    doc: 'workers drain and end by themselves after this: the last line against a forgotten bill',
  }),
  onStop: option(choice(['drain', 'stop', 'leave']), {
    default: 'drain',
    doc: 'what becomes of the groups when the adapter ends: drained through the scheduler, stopped, or left for its successor',
  }),
  shutdownWithinMs: option(duration({ min: 0, bareUnit: 's' }), {
    default: 300_000,
    doc: 'how long that may take',
  }),
} as const;

interface Problem {
  readonly option: keyof EcsSettings;
  readonly what: string;
  readonly hint?: string;
}

const problemsOf = (settings: EcsSettings): readonly Problem[] => {
  const problems: Problem[] = [];
  const written = settings.profiles.length === 0 ? [undefined] : settings.profiles;
  const seen = new Map<string, string>();
  for (const one of written) {
    const [vcpus, memoryGiB] = [one?.vcpus ?? settings.vcpus, one?.memoryGiB ?? settings.memoryGiB];
    if (roundUp(vcpus, memoryGiB * 1024) === undefined)
      problems.push({
        option: one === undefined ? 'vcpus' : 'profiles',
        what: `${one === undefined ? '' : `profile "${one.name}": `}no Fargate size has ${vcpus} vCPUs and ${memoryGiB} GiB`,
        hint: 'the largest is 16 vCPUs with 120 GiB',
      });
    if (one === undefined) continue;
    const key = capabilityKey(one.labels ?? settings.capabilities);
    const twin = seen.get(key);
    if (twin !== undefined)
      problems.push({
        option: 'profiles',
        what: `"${twin}" and "${one.name}" have the same labels`,
        hint: 'a group is chosen by them, so give each profile its own',
      });
    seen.set(key, one.name);
  }
  return problems;
};

export const ecsCommand: CommandSpec<Table> = {
  section: 'ecs-worker-adapter',
  options: {
    schedulerAddress: required(text({ placeholder: '<address>' }), {
      positional: true,
      doc: 'the scheduler to serve: tcp://10.0.0.5:8516',
    }),
    workerSchedulerAddress: optional(text({ placeholder: '<address>' }), {
      flag: 'worker-scheduler-address',
      doc: 'where the tasks reach the scheduler; default: the address of the adapter',
    }),
    workersPerGroup: optional(integer({ min: 1, max: 100 }), {
      doc: 'workers of a group; default: one per vCPU of the smallest profile',
    }),
    capabilities: option(capabilities(), {
      default: new Map(),
      flag: 'per-worker-capabilities',
      doc: 'what each worker offers, where no profile says otherwise',
    }),
    ...limitOptions,
    ...placeOptions,
    ...groupOptions,
    ...lifeOptions,
    ...logOptions,
  },
  ignored: [
    'aws-access-key-id',
    'aws-secret-access-key',
    'ecs-python-requirements',
    'ecs-python-version',
    'object-storage-address',
    'per-worker-task-queue-size',
    'heartbeat-interval-seconds',
    'task-timeout-seconds',
    'garbage-collect-interval-seconds',
    'trim-memory-threshold-bytes',
    'hard-processor-suspend',
    'event-loop',
    'worker-io-threads',
    'logging-paths',
    'logging-config-file',
    'logging-level',
  ],
  check: problemsOf,
};
