/**
 * Everything that befalls a fleet, one entry each: work, trouble and weather. A list, so that a run that fails can be
 * tried again with fewer of them until none can be left out.
 */
import { FAULT_NAMES } from './faults.ts';
import type { Random } from './random.ts';

export type Incident = { readonly at: number; readonly seed: number } & (
  | { readonly kind: 'fault'; readonly name: string }
  | { readonly kind: 'submit'; readonly client: number; readonly tasks: number }
  | { readonly kind: 'submitStock'; readonly tasks: number }
  | { readonly kind: 'submitIsland'; readonly tasks: number }
  | { readonly kind: 'island' }
  /** All storm long. */
  | { readonly kind: 'weather'; readonly name: WeatherName; readonly value: number }
  /** An adapter that was not there from the start. */
  | { readonly kind: 'arrive'; readonly adapter: number }
);

export type WeatherName = 'spikeMs' | 'repeat' | 'drop' | 'reorder' | 'processors';

const WEATHER: readonly (readonly [WeatherName, readonly number[]])[] = [
  ['spikeMs', [0, 200, 2_000]],
  ['repeat', [0, 0.05, 0.2]],
  ['drop', [0, 0, 0.02, 0.2]],
  ['reorder', [0, 0, 0.05, 0.2]],
  ['processors', [0, 0, 0, 0.1]],
];

export interface IncidentWishes {
  readonly clients: number;
  readonly tasks: number;
  readonly stockTasks: number;
  readonly faults: number;
  readonly stormMs: number;
  readonly late: readonly number[];
  readonly island: boolean;
}

export const incidentsOf = (random: Random, wishes: IncidentWishes): readonly Incident[] => {
  const { clients, stormMs } = wishes;
  const list: Incident[] = [];
  const seed = (): number => random.int(1, 0x7fffffff);
  const share = Math.ceil(wishes.tasks / clients / 3);
  for (let client = 0; client < clients; client++)
    for (let part = 0; part < 3; part++)
      list.push({ kind: 'submit', at: random.int(1, stormMs * 0.6), seed: seed(), client, tasks: share });
  list.push({ kind: 'submitStock', at: random.int(1, 20_000), seed: seed(), tasks: wishes.stockTasks });
  if (wishes.island) {
    for (let part = 0; part < 3; part++)
      list.push({
        kind: 'submitIsland',
        at: random.int(1, stormMs * 0.6),
        seed: seed(),
        tasks: random.int(5, 40),
      });
    for (let one = random.int(0, 4); one > 0; one--)
      list.push({ kind: 'island', at: random.int(500, stormMs), seed: seed() });
  }
  for (const adapter of wishes.late)
    list.push({ kind: 'arrive', at: random.int(5_000, stormMs), seed: seed(), adapter });
  for (const [name, values] of WEATHER) {
    const value = random.pick(values) ?? 0;
    if (value > 0) list.push({ kind: 'weather', at: 0, seed: 0, name, value });
  }
  // Some seeds know few kinds, so that these meet each other often.
  const names = FAULT_NAMES.filter(() => random.chance(0.6));
  for (let one = 0; one < wishes.faults; one++) {
    const name = random.pick(names.length > 0 ? names : FAULT_NAMES) ?? 'cut';
    list.push({ kind: 'fault', at: random.int(500, stormMs), seed: seed(), name });
  }
  return list.sort((one, other) => one.at - other.at);
};

export const sayIncident = (incident: Incident): string => {
  const at = `${(incident.at / 1_000).toFixed(3)} s`.padStart(10);
  switch (incident.kind) {
    case 'fault':
      return `${at}  ${incident.name}`;
    case 'submit':
      return `${at}  client-${incident.client} submits ${incident.tasks} tasks`;
    case 'submitStock':
      return `${at}  the stock client submits ${incident.tasks} tasks`;
    case 'submitIsland':
      return `${at}  the client of the stock scheduler submits ${incident.tasks} tasks`;
    case 'island':
      return `${at}  trouble under the stock scheduler`;
    case 'weather':
      return `${at}  until the storm is over: ${incident.name} ${incident.value}`;
    case 'arrive':
      return `${at}  adapter-${incident.adapter} arrives`;
  }
};
