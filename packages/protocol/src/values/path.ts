/** Where something sits inside its container. */
export type PathStep = 'index' | 'property' | 'mapKey' | 'mapValue' | 'setItem';

const STEPS_SHOWN_MAX = 24;

const step = (kind: PathStep | undefined, key: string | number | undefined): string => {
  switch (kind) {
    case 'property':
      return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(String(key))
        ? `.${key}`
        : `[${JSON.stringify(String(key))}]`;
    case 'mapKey':
      return `<key of map entry ${key}>`;
    case 'mapValue':
      return `<map entry ${key}>`;
    case 'setItem':
      return `<set item ${key}>`;
    default:
      return `[${key}]`;
  }
};

export const formatPath = (
  root: string,
  kinds: readonly PathStep[],
  keys: readonly (string | number)[],
  depth: number,
): string => {
  let path = root;
  for (let at = 0; at < depth; at++) {
    if (at === STEPS_SHOWN_MAX) return `${path}…`;
    path += step(kinds[at], keys[at]);
  }
  return path;
};

const named = (value: { readonly name?: unknown }): string =>
  typeof value.name === 'string' && value.name !== '' ? ` ${value.name}` : '';

/** What the culprit is and what to do about it. */
export const advice = (value: unknown): string => {
  if (typeof value === 'function') {
    return `it is a function${named(value)}; export it with defineTask and submit it as a task of its own, or send data instead`;
  }
  if (typeof value === 'symbol') return 'it is a symbol; send its description instead';
  if (value instanceof Promise) return 'it is a promise; await it first';
  const constructor: unknown = (value as { readonly constructor?: unknown }).constructor;
  const name =
    typeof constructor === 'function' && constructor.name !== '' ? constructor.name : 'an unnamed class';
  return `it is an instance of ${name}, whose methods would be lost; send a plain object ({ ...instance }) and rebuild it in the task`;
};
