/** Launch profiles as they are written: `name=gpu cpu=4 memory=16 labels=gpu,linux spot=prefer`, or a table of TOML. */
import { capabilities, choice, integer, KindError, number, text } from '@muster/runtime/config-kinds';
import type { ConfigText, Kind } from '@muster/runtime/config-kinds';
import type { Capabilities } from '@muster/protocol/ids';
import type { Architecture } from './prices.ts';
import type { SpotPolicy } from './profiles.ts';

/** What is not written is as the adapter's own options say. */
export interface WrittenProfile {
  readonly name: string;
  readonly vcpus: number | undefined;
  readonly memoryGiB: number | undefined;
  readonly labels: Capabilities | undefined;
  readonly spot: SpotPolicy | undefined;
  readonly architecture: Architecture | undefined;
  readonly taskDefinition: string | undefined;
  readonly image: string | undefined;
  readonly storageGiB: number | undefined;
  readonly dollarsPerHour: number | undefined;
}

export const spotKind: Kind<SpotPolicy> = choice(['prefer', 'only', 'never']);
export const architectureKind: Kind<Architecture> = choice(['X86_64', 'ARM64']);
/** Source: Amazon ECS API, EphemeralStorage: 21 to 200; 20 is what there is anyway. */
export const storageKind: Kind<number> = integer({ min: 20, max: 200 });
export const vcpusKind: Kind<number> = number({ min: 0.25, max: 16 });
export const memoryKind: Kind<number> = number({ min: 0.5, max: 120 });
export const dollarsKind: Kind<number> = number({ min: 0, max: 4_000 });

const KEYS = {
  name: text({ pattern: /^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/, example: 'spot-arm' }),
  cpu: vcpusKind,
  memory: memoryKind,
  labels: capabilities(),
  spot: spotKind,
  architecture: architectureKind,
  'task-definition': text(),
  image: text(),
  storage: storageKind,
  'dollars-per-hour': dollarsKind,
} as const;

type Raw = ReadonlyMap<string, unknown>;

const read = <T>(raw: Raw, key: keyof typeof KEYS, kind: Kind<T>): T | undefined => {
  const value = raw.get(key);
  if (value === undefined) return undefined;
  try {
    return kind.read(value);
  } catch (error) {
    throw error instanceof KindError ? new KindError(`${key}: ${error.message}`, error.hint) : error;
  }
};

const fieldsOf = (raw: unknown): Raw => {
  if (typeof raw === 'string') {
    const words = raw.trim().split(/\s+/);
    return new Map(
      words.map((word) => {
        const at = word.indexOf('=');
        if (at <= 0)
          throw new KindError(`"${word}" is not key=value`, 'such as "name=gpu cpu=4 memory=16 labels=gpu"');
        return [word.slice(0, at), word.slice(at + 1)];
      }),
    );
  }
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw))
    throw new KindError('a profile is a table, or text such as "name=gpu cpu=4 memory=16 labels=gpu"');
  return new Map(Object.entries(raw).map(([key, value]) => [key.replaceAll('_', '-'), value as unknown]));
};

const readProfile = (raw: unknown): WrittenProfile => {
  const fields = fieldsOf(raw);
  for (const key of fields.keys())
    if (!(key in KEYS))
      throw new KindError(`a profile has no "${key}"`, `keys are ${Object.keys(KEYS).join(', ')}`);
  const name = read(fields, 'name', KEYS.name);
  if (name === undefined) throw new KindError('a profile needs a name', 'such as name=gpu');
  return {
    name,
    vcpus: read(fields, 'cpu', KEYS.cpu),
    memoryGiB: read(fields, 'memory', KEYS.memory),
    labels: read(fields, 'labels', KEYS.labels),
    spot: read(fields, 'spot', KEYS.spot),
    architecture: read(fields, 'architecture', KEYS.architecture),
    taskDefinition: read(fields, 'task-definition', KEYS['task-definition']),
    image: read(fields, 'image', KEYS.image),
    storageGiB: read(fields, 'storage', KEYS.storage),
    dollarsPerHour: read(fields, 'dollars-per-hour', KEYS['dollars-per-hour']),
  };
};

const showProfile = (profile: WrittenProfile): string =>
  Object.entries({
    name: profile.name,
    cpu: profile.vcpus,
    memory: profile.memoryGiB,
    labels: profile.labels === undefined ? undefined : [capabilities().show(profile.labels)].flat().join(','),
    spot: profile.spot,
    architecture: profile.architecture,
    'task-definition': profile.taskDefinition,
    image: profile.image,
    storage: profile.storageGiB,
    'dollars-per-hour': profile.dollarsPerHour,
  })
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ');

/** Any number of profiles: the flag repeated, `;` between them in the environment, an array of tables or texts in the file. */
export const profilesKind = (): Kind<readonly WrittenProfile[]> => ({
  placeholder: '<profile>',
  shape: 'list',
  read(raw) {
    const parts = (Array.isArray(raw) ? raw : [raw]).flatMap((part: unknown) =>
      typeof part === 'string' ? part.split(';').filter((piece) => piece.trim() !== '') : [part],
    );
    const profiles = parts.map(readProfile);
    const names = new Set<string>();
    for (const { name } of profiles) {
      if (names.has(name)) throw new KindError(`two profiles are called "${name}"`);
      names.add(name);
    }
    return Object.freeze(profiles);
  },
  show: (value): ConfigText => value.map(showProfile),
});
