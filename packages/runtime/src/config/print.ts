/** `--print-config`: every value with its source, secrets masked, readable back as a configuration file. */
import { stringify } from 'smol-toml';
import type { ConfigText } from '../config-kinds.ts';
import { environmentName, spellings } from './resolve.ts';
import type { Resolved, ValueSource } from './resolve.ts';
import type { Option, OptionTable } from './table.ts';

const MASK = '********';

const sourceText = (source: ValueSource): string => {
  if (source.from === 'file') return `file ${source.path}`;
  return source.from === 'flag' || source.from === 'environment'
    ? `${source.from} ${source.name}`
    : source.from;
};

interface Row {
  readonly name: string;
  readonly key: string;
  /** Undefined: given nowhere. */
  readonly shown: ConfigText | undefined;
  readonly source: string;
  readonly env: string | undefined;
}

const rowsOf = <O extends OptionTable>({ command, values, sources }: Resolved<O>): readonly Row[] =>
  Object.entries<Option<unknown>>(command.options).map(([name, one]) => {
    const value: unknown = values[name];
    const shown =
      value === undefined || value === null ? undefined : one.secret === true ? MASK : one.kind.show(value);
    const source = sources[name] ?? { from: 'nowhere' };
    return {
      name,
      key: spellings(name, one)[0] ?? name,
      shown,
      source: sourceText(source),
      env: environmentName(name, one),
    };
  });

/** @param format 'toml': with a comment per line; a value that was given nowhere is a comment. 'json': one object. */
export const printConfig = <O extends OptionTable>(
  resolved: Resolved<O>,
  format: 'toml' | 'json' = 'toml',
): string => {
  const rows = rowsOf(resolved);
  if (format === 'json') {
    const values = Object.fromEntries(
      rows.map((row) => [row.key, { value: row.shown ?? null, source: row.source }]),
    );
    return `${JSON.stringify({ section: resolved.command.section, values }, undefined, 2)}\n`;
  }
  const lines = rows.map((row) => {
    if (row.shown === undefined) return `# ${row.key} =${row.env === undefined ? '' : `  # or ${row.env}`}`;
    return `${stringify({ [row.key]: row.shown }).trimEnd()}  # ${row.source}`;
  });
  return `[${resolved.command.section}]\n${lines.join('\n')}\n`;
};
