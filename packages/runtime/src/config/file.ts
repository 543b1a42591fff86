/** The configuration file: one TOML table per command. */
import { readFileSync } from 'node:fs';
import { TomlError, parse } from 'smol-toml';
import { ConfigError } from '../errors.ts';
import type { ConfigProblem } from '../errors.ts';
import { didYouMean, normalKey } from './names.ts';

export interface ConfigFile {
  /** As given, for messages. */
  readonly path: string;
  /** Sections by normal name, each with its keys by normal name. */
  readonly sections: ReadonlyMap<string, ReadonlyMap<string, unknown>>;
  /** Sections that nobody has and keys outside of them; `resolveConfig` tells them with what else is wrong. */
  readonly problems: readonly ConfigProblem[];
}

/** Sections of the stock system, so that one file can serve both. Source: OpenGRIS Scaler 1.15.0. */
const STOCK_SECTIONS = [
  'scheduler',
  'cluster',
  'object-storage-server',
  'top',
  'webui',
  'native-worker-adapter',
  'fixed-native-worker-adapter',
  'symphony-worker-adapter',
  'ecs-worker-adapter',
  'aws-hpc-worker-adapter',
];

const isTable = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);

const whyUnreadable = (error: unknown): string => {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EISDIR') return 'this is a directory, not a file';
  if (code === 'EACCES') return 'no permission to read it';
  return error instanceof Error ? error.message : String(error);
};

/**
 * Reads a file.
 *
 * @param sections sections of all our commands; stock ones are accepted as well, anything else is a problem.
 * @throws ConfigError unreadable or syntax (with line and column)
 */
export const readConfigFile = (path: string, sections: readonly string[]): ConfigFile => {
  let toml: string;
  try {
    toml = readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError([{ code: 'unreadable', where: path, what: whyUnreadable(error), hint: undefined }]);
  }
  return parseConfigFile(path, toml, sections);
};

/** As {@link readConfigFile}, from text. */
export const parseConfigFile = (path: string, toml: string, sections: readonly string[]): ConfigFile => {
  const known = new Set([...sections.map(normalKey), ...STOCK_SECTIONS]);
  const found = new Map<string, ReadonlyMap<string, unknown>>();
  const problems: ConfigProblem[] = [];
  for (const [key, value] of Object.entries(parseToml(path, toml))) {
    const section = normalKey(key);
    if (!isTable(value)) {
      const hint = `put it below a line such as [${sections[0] ?? 'scheduler'}]`;
      problems.push({
        code: 'unknownKey',
        where: `${path} ${key}`,
        what: 'this key stands in no section',
        hint,
      });
    } else if (!known.has(section)) {
      const near = didYouMean(section, known);
      const hint =
        near === undefined
          ? `sections are ${sections.map((one) => `[${one}]`).join(', ')}`
          : `did you mean [${near}]?`;
      problems.push({
        code: 'unknownKey',
        where: `${path} [${key}]`,
        what: 'there is no such section',
        hint,
      });
    } else {
      found.set(section, new Map(Object.entries(value).map(([name, item]) => [normalKey(name), item])));
    }
  }
  return { path, sections: found, problems };
};

const parseToml = (path: string, toml: string): Readonly<Record<string, unknown>> => {
  try {
    return parse(toml);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const what = (error.message.split('\n')[0] ?? '').replace(/^Invalid TOML document: /, '');
    throw new ConfigError([
      { code: 'syntax', where: `${path}:${error.line}:${error.column}`, what, hint: undefined },
    ]);
  }
};
