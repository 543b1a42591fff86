/** An explanation for people. Pure: answer in, text out. */
import type { ExplainAnswer, ExplainQuery, ExplainSubject } from '@muster/core/explain';
import { CliError } from './errors.ts';
import type { Style } from './terminal.ts';

export const explainText = ({ found, headline, sections }: ExplainAnswer, style: Style): string =>
  [
    found ? style.bold(headline) : style.yellow(headline),
    ...sections.flatMap(({ title, lines }) => [
      '',
      style.bold(title),
      ...lines.map((line) => (line === '' ? '' : `  ${line}`)),
    ]),
  ].join('\n');

/** @throws CliError for an id where none belongs */
export const explainQuery = (what: ExplainSubject, id: string | undefined): ExplainQuery => {
  if (what !== 'scale') return { what, id: id ?? '' };
  if (id === undefined) return { what };
  throw new CliError('usage', `scale takes no id, but there is "${id}".`, 'Try: muster explain scale');
};
