/** What it would have cost, by a dated table of prices. */

export interface Prices {
  /** Day of the price page. */
  readonly date: string;
  readonly region: string;
  /** Dollars an hour. */
  readonly x86: { readonly vcpu: number; readonly gb: number };
  readonly arm: { readonly vcpu: number; readonly gb: number };
  /** Dollars a GB and hour above the first 20 GB. */
  readonly storageGb: number;
  /** What Spot costs, as a part of the price on demand. */
  readonly spotFactor: number;
}

/** Source: AWS Fargate pricing page, us-east-1, Linux; Spot varies, up to 70 % less. */
export const PRICES: Prices = {
  date: '2026-10-01',
  region: 'us-east-1',
  x86: { vcpu: 0.04048, gb: 0.004445 },
  arm: { vcpu: 0.03238, gb: 0.00356 },
  storageGb: 0.000111,
  spotFactor: 0.3,
};

/** Source: AWS Fargate pricing page: by the second from the start of the image pull, at least one minute. */
const BILLED_MS_MIN = 60_000;
const FREE_STORAGE_GB = 20;
const HOUR_MS = 3_600_000;

export interface Metered {
  readonly taskArn: string;
  readonly vcpus: number;
  readonly gb: number;
  readonly storageGb: number;
  readonly isArm: boolean;
  readonly isSpot: boolean;
}

export interface Bill extends Metered {
  readonly startedAtMs: number;
  /** Absent: it is running up still. */
  readonly endedAtMs: number | undefined;
  readonly billedMs: number;
  readonly vcpuSeconds: number;
  readonly gbSeconds: number;
  readonly dollars: number;
}

export interface Meter {
  /** The image pull begins. */
  start(task: Metered): void;
  /** The task is STOPPED. A task whose pull never began costs nothing. */
  end(taskArn: string): void;
  bills(): readonly Bill[];
  /** Sum up to now. */
  dollars(): number;
  /** What the tasks that run now cost an hour. */
  dollarsPerHour(): number;
  /** The most that ever ran at one instant. */
  readonly peak: { readonly tasks: number; readonly vcpus: number; readonly dollarsPerHour: number };
}

interface Entry {
  readonly task: Metered;
  readonly from: number;
  to: number | undefined;
}

const hourly = (task: Metered, prices: Prices): number => {
  const { vcpu, gb } = task.isArm ? prices.arm : prices.x86;
  const storage = Math.max(0, task.storageGb - FREE_STORAGE_GB) * prices.storageGb;
  return (task.vcpus * vcpu + task.gb * gb + storage) * (task.isSpot ? prices.spotFactor : 1);
};

/** @param now milliseconds of the account's clock. */
export const meterOf = (now: () => number, prices: Prices = PRICES): Meter => {
  const entries = new Map<string, Entry>();
  const running = { tasks: 0, vcpus: 0, dollarsPerHour: 0 };
  const peak = { tasks: 0, vcpus: 0, dollarsPerHour: 0 };
  const count = (task: Metered, sign: 1 | -1): void => {
    running.tasks += sign;
    running.vcpus += sign * task.vcpus;
    running.dollarsPerHour += sign * hourly(task, prices);
    peak.tasks = Math.max(peak.tasks, running.tasks);
    peak.vcpus = Math.max(peak.vcpus, running.vcpus);
    peak.dollarsPerHour = Math.max(peak.dollarsPerHour, running.dollarsPerHour);
  };
  const billOf = ({ task, from, to }: Entry): Bill => {
    const lasted = (to ?? now()) - from;
    // By the second, so a started one is a whole one.
    const billedMs = Math.max(BILLED_MS_MIN, Math.ceil(lasted / 1_000) * 1_000);
    return {
      ...task,
      startedAtMs: from,
      endedAtMs: to,
      billedMs,
      vcpuSeconds: (task.vcpus * billedMs) / 1_000,
      gbSeconds: (task.gb * billedMs) / 1_000,
      dollars: (hourly(task, prices) * billedMs) / HOUR_MS,
    };
  };
  const bills = (): readonly Bill[] => [...entries.values()].map(billOf);
  return {
    start: (task) => {
      entries.set(task.taskArn, { task, from: now(), to: undefined });
      count(task, 1);
    },
    end: (taskArn) => {
      const entry = entries.get(taskArn);
      if (entry === undefined || entry.to !== undefined) return;
      entry.to = now();
      count(entry.task, -1);
    },
    bills,
    dollars: () => bills().reduce((sum, { dollars }) => sum + dollars, 0),
    dollarsPerHour: () => running.dollarsPerHour,
    peak,
  };
};
