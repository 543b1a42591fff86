/** One short line for people. Our own: pino-pretty costs thirteen packages for what are forty lines here. */

const COLOURS: Readonly<Record<string, string>> = {
  debug: '\u001B[2m',
  info: '\u001B[36m',
  warn: '\u001B[33m',
  error: '\u001B[31m',
};
const RESET = '\u001B[0m';
const DIM = '\u001B[2m';

/** Shown elsewhere in the line, or known anyway. */
const HEAD = new Set(['time', 'level', 'event', 'component', 'pid']);

const show = (value: unknown): string => {
  if (typeof value !== 'string') return JSON.stringify(value);
  return /^[\w./:@|%+=-]+$/.test(value) ? value : JSON.stringify(value);
};

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

/** `12:03:04.567 info  scheduler group.started group=g-1-1 workers=2`; stacks below, indented. */
export const prettyLine = (json: string, colours: boolean): string => {
  let line: unknown;
  try {
    line = JSON.parse(json);
  } catch {
    return json;
  }
  if (!isRecord(line)) return json;
  const paint = (code: string, words: string): string =>
    colours && words !== '' ? `${code}${words}${RESET}` : words;
  const level = String(line['level']);
  const time = String(line['time']).slice(11, 23);
  const stacks: string[] = [];
  const fields = Object.entries(line).flatMap(([key, value]) => {
    if (HEAD.has(key)) return [];
    if (isRecord(value) && typeof value['stack'] === 'string') {
      stacks.push(value['stack'].replaceAll('\n', '\n    '));
      return [`${paint(DIM, `${key}=`)}${show(value['message'])}`];
    }
    return [`${paint(DIM, `${key}=`)}${show(value)}`];
  });
  const head = [paint(DIM, time), paint(COLOURS[level] ?? '', level.padEnd(5))];
  if (typeof line['component'] === 'string') head.push(paint(DIM, line['component']));
  return `${[...head, String(line['event']), ...fields].join(' ')}${stacks.map((stack) => `\n    ${stack}`).join('')}\n`;
};
