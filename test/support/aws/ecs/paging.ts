/** Pages of sorted names: the token is the last name of the page before, so that changes in between lose nothing. */
import { invalid } from './state.ts';

export interface Page {
  readonly items: readonly string[];
  readonly nextToken?: string;
}

const PREFIX = 'peer-page:';

/** Source: ECS API reference, ListTasks and its siblings: pages of 1 to 100, 100 by default. */
export const pageOf = (
  names: readonly string[],
  maxResults: number | undefined,
  nextToken: string | undefined,
  direction: 'ASC' | 'DESC' = 'ASC',
): Page => {
  const size = maxResults ?? 100;
  if (size < 1 || size > 100) throw invalid('maxResults must be between 1 and 100.');
  const text = nextToken === undefined ? undefined : Buffer.from(nextToken, 'base64url').toString('utf8');
  if (text?.startsWith(PREFIX) === false) throw invalid('Invalid token.');
  const after = text?.slice(PREFIX.length);
  const sign = direction === 'ASC' ? 1 : -1;
  const compare = (left: string, right: string): number => (left === right ? 0 : left < right ? -sign : sign);
  const rest = [...names].sort(compare).filter((name) => after === undefined || compare(name, after) > 0);
  const items = rest.slice(0, size);
  const last = items.at(-1);
  if (rest.length <= size || last === undefined) return { items };
  return { items, nextToken: Buffer.from(PREFIX + last).toString('base64url') };
};
