/** The scheduler's status for people. Pure: status in, text out. */
import type { SchedulerStatus } from '@muster/core/scheduler-types';
import { plural, showCount, showDuration } from '@muster/core/words';
import { table, type Style } from './terminal.ts';

const GROUPS_SHOWN_MAX = 40;
const WORKERS_SHOWN_MAX = 20;
const DECISIONS_SHOWN_MAX = 5;

const showBytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;

const cut = <T>(
  rows: readonly T[],
  max: number,
  what: string,
): { readonly shown: readonly T[]; readonly more: string[] } => ({
  shown: rows.slice(0, max),
  more: rows.length > max ? [`… and ${showCount(rows.length - max)} more ${what}s`] : [],
});

const headLines = (status: SchedulerStatus, address: string): string[] => {
  const { tasks, objectStore: store } = status;
  const where = store.port > 0 ? `${store.host}:${store.port}` : store.path;
  const waited =
    status.waitP50Ms === undefined
      ? ''
      : `   wait p50 ${showDuration(status.waitP50Ms)}, p95 ${showDuration(status.waitP95Ms ?? status.waitP50Ms)}`;
  const done = `${showCount(tasks.succeeded)} succeeded · ${showCount(tasks.failed)} failed · ${showCount(tasks.canceled)} canceled`;
  return [
    `scheduler  ${address}   up ${showDuration(status.uptimeMs)}   epoch ${status.epoch}`,
    `store      ${store.up ? where : `${where} (down)`}`,
    `policy     ${status.policy}`,
    `tasks      ${showCount(tasks.waiting)} waiting · ${showCount(tasks.assigned)} assigned · ${done}${waited}`,
    `groups     ${plural(status.groups.length, 'group')} now · ${showCount(status.groupsStarted)} started · ${showCount(status.groupsStopped)} stopped · peak ${showCount(status.groupsPeak)}`,
    `scaling    ${status.scaling === '' ? 'no decision yet' : status.scaling}`,
  ];
};

const groupTable = (status: SchedulerStatus): string[] => {
  if (status.groups.length === 0) return [];
  const { shown, more } = cut(status.groups, GROUPS_SHOWN_MAX, 'group');
  const rows = shown.map((group) => [
    group.id,
    group.phase,
    String(group.workers),
    String(group.held),
    showDuration(group.sinceMs),
    group.nativeId,
    group.adapter,
    group.reason,
  ]);
  return [
    '',
    table(['GROUP', 'PHASE', 'WORKERS', 'TASKS', 'SINCE', 'PROCESS', 'ADAPTER', 'WHY'], rows, [
      'WORKERS',
      'TASKS',
    ]),
    ...more,
  ];
};

const workerTable = (status: SchedulerStatus): string[] => {
  const loose = status.workers.filter(
    (worker) => worker.group === undefined || !status.groups.some((group) => group.id === worker.group),
  );
  if (loose.length === 0) return [];
  const { shown, more } = cut(loose, WORKERS_SHOWN_MAX, 'worker');
  const rows = shown.map((worker) => [
    worker.id,
    String(worker.held),
    `${(worker.cpuPermille / 10).toFixed(0)}%`,
    showBytes(worker.rssBytes),
    worker.draining ? 'draining' : '',
  ]);
  return [
    '',
    table(['WORKER WITHOUT GROUP', 'TASKS', 'CPU', 'MEMORY', ''], rows, ['TASKS', 'CPU', 'MEMORY']),
    ...more,
  ];
};

const adapterTable = (status: SchedulerStatus): string[] => {
  if (status.adapters.length === 0)
    return ['', 'No adapter is connected, so no group can be started: run muster adapter native ADDRESS.'];
  const rows = status.adapters.map((adapter) => [
    adapter.id,
    `${adapter.groups} of ${adapter.groupsMax}`,
    String(adapter.workersPerGroup),
    adapter.capabilities.join(', '),
    adapter.trouble,
  ]);
  return [
    '',
    table(['ADAPTER', 'GROUPS', 'WORKERS EACH', 'OFFERS', 'TROUBLE'], rows, ['GROUPS', 'WORKERS EACH']),
  ];
};

/** The latest changes of mind, newest last. */
const decisionLines = ({ decisions }: SchedulerStatus): string[] =>
  decisions.length === 0 ? [] : ['', 'WHY IT SCALED', ...decisions.slice(-DECISIONS_SHOWN_MAX)];

const waitingTable = (status: SchedulerStatus): string[] => {
  if (status.waiting.length === 0) return [];
  const rows = status.waiting.map((row) => [
    row.needs.length === 0 ? '(nothing special)' : row.needs.join(', '),
    showCount(row.count),
    row.reason,
  ]);
  return ['', table(['WAITING FOR', 'TASKS', 'WHY'], rows, ['TASKS'])];
};

export const statusText = (status: SchedulerStatus, address: string, style: Style): string => {
  const [first = '', ...others] = headLines(status, address);
  return [
    style.bold(first),
    ...others,
    ...groupTable(status),
    ...workerTable(status),
    ...adapterTable(status),
    ...waitingTable(status),
    ...decisionLines(status),
  ].join('\n');
};

/** What a person who watches a fleet wants to see change; two equal lines are one. */
export const fleetLine = (status: SchedulerStatus): string => {
  const count = (phase: SchedulerStatus['groups'][number]['phase']): number =>
    status.groups.filter((group) => group.phase === phase).length;
  const phases = (['requested', 'running', 'draining', 'stopping'] as const)
    .map((phase) => ({ phase, groups: count(phase) }))
    .filter(({ groups }) => groups > 0)
    .map(({ phase, groups }) => `${groups} ${phase === 'requested' ? 'starting' : phase}`);
  return phases.length === 0 ? 'no groups' : `${plural(status.groups.length, 'group')}: ${phases.join(', ')}`;
};
