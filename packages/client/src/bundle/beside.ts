/**
 * Files that a dependency reads beside its own code: they stay behind when the code travels. Only what happens on
 * loading the module is looked for (statements that start a line), so that nothing is refused that could have run.
 */
import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export interface ReadBeside {
  /** The module that reads. */
  readonly module: string;
  /** The file it reads. */
  readonly file: string;
}

const PARTS = String.raw`((?:\s*,\s*(?:'[^'\n]*'|"[^"\n]*"))+)\s*`;
/** `path.join(__dirname, 'a', 'b')`, `__dirname + '/a'`, `${__dirname}/a` in back-ticks: with the literal captured. */
const PATH = [
  String.raw`(?:[\w$]+\.|require\(['"](?:node:)?path['"]\)\.)?(?:join|resolve)\(\s*__dirname${PARTS}\)`,
  String.raw`__dirname\s*\+\s*('[^'\n]*'|"[^"\n]*")`,
  '`\\$\\{__dirname\\}([^`$\\n]*)`',
].join('|');
const NAMED = new RegExp(String.raw`^(?:const|let|var)\s+([\w$]+)\s*=\s*(?:${PATH})\s*;?\s*$`, 'gm');
const READ = String.raw`^(?:const|let|var|module\.exports|exports)\b(?:(?!=>|\bfunction\b)[^\n])*?\b(?:readFileSync|readdirSync|openSync|createReadStream)\(\s*`;
const DIRECT = new RegExp(`${READ}(?:${PATH})`, 'gm');
const BY_NAME = new RegExp(String.raw`${READ}([\w$]+)\s*[,)]`, 'gm');

const literal = (...captured: readonly (string | undefined)[]): string => {
  const [parts, added, template] = captured;
  if (template !== undefined) return template;
  return [...(parts ?? added ?? '').matchAll(/'([^']*)'|"([^"]*)"/g)]
    .map((one) => one[1] ?? one[2])
    .join('/');
};

/** Paths, relative to the module, that its code reads when it is loaded. */
export const readsOf = (code: string): readonly string[] => {
  const named = new Map<string, string>();
  for (const [, name = '', ...path] of code.matchAll(NAMED)) named.set(name, literal(...path));
  const direct = [...code.matchAll(DIRECT)].map(([, ...path]) => literal(...path));
  const byName = [...code.matchAll(BY_NAME)].flatMap(([, name = '']) => named.get(name) ?? []);
  return [...direct, ...byName];
};

/** The first file that one of the modules reads beside itself and that is there. */
export const findReadBeside = async (modules: readonly string[]): Promise<ReadBeside | undefined> => {
  const found = await Promise.all(modules.map((module) => readBy(module)));
  return found.find((one) => one !== undefined);
};

const readBy = async (module: string): Promise<ReadBeside | undefined> => {
  for (const path of readsOf(await readFile(module, 'utf8'))) {
    const file = join(dirname(module), path);
    if (await exists(file)) return { module, file };
  }
  return undefined;
};

const exists = async (path: string): Promise<boolean> => {
  try {
    await stat(path);
    return true;
  } catch {
    return false;
  }
};
