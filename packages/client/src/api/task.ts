/** What can be submitted: functions that a worker can load by module and export name. */
import { realpathSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { TaskContext } from '@muster/protocol/calls';
import { TaskDefinitionError } from './errors.ts';

/** Shared by all copies of this package in a process. */
const TASK: unique symbol = Symbol.for('muster.task') as never;

/** Where a worker finds the code. */
export interface TaskLocation {
  /** Absolute path of the module. */
  readonly module: string;
  readonly export: string;
}

interface Marker {
  readonly location: TaskLocation;
  /** The function as it was given, for the in-process mode. */
  readonly run: (argument: never, context: TaskContext) => unknown;
}

/** A function that workers can run. It stays callable in this process, as a plain function. */
export interface TaskFunction<Argument, Result> {
  (argument: Argument, context?: TaskContext): Result;
  readonly [TASK]: Marker;
}

/** Names an exported function without importing its module here. Type it with `TaskReference<Argument, Result>`. */
export interface TaskReference<Argument = unknown, Result = unknown> {
  /** `file:` URL or absolute path. */
  readonly module: string | URL;
  /** Name under which the module exports the function. */
  readonly export: string;
  /** Type only. */
  readonly signature?: (argument: Argument) => Result;
}

/** What `submit` and `map` take: a function made by {@link defineTask}, or the name of an exported one. */
export type Task<Argument, Result> = TaskFunction<Argument, Result> | TaskReference<Argument, Result>;

/** A signal that never aborts and a log on stderr: what a task gets when it is called directly. */
export const localContext = (signal: AbortSignal = new AbortController().signal): TaskContext => ({
  signal,
  log: (...parts) => console.error(...parts),
});

/**
 * Marks an exported function as a task. Workers load its module by themselves, so nothing is deployed to them:
 *
 *     export const square = defineTask(import.meta.url, 'square', (n: number) => n * n);
 *
 * @param module `import.meta.url` of the module that exports the task.
 * @param name Name under which the module exports it.
 * @throws TaskDefinitionError 'notATask'
 */
export const defineTask = <Argument, Result>(
  module: string | URL,
  name: string,
  run: (argument: Argument, context: TaskContext) => Result,
): TaskFunction<Argument, Result> => {
  if (typeof run !== 'function' || typeof name !== 'string') {
    throw new TaskDefinitionError(
      'notATask',
      `defineTask needs import.meta.url, the exported name and a function; ${fixFor('name')}`,
    );
  }
  const task = (argument: Argument, context: TaskContext = localContext()): Result => run(argument, context);
  Object.defineProperty(task, 'name', { value: name });
  const marker: Marker = { location: { module: modulePath(module), export: name }, run };
  return Object.assign(task, { [TASK]: marker });
};

/**
 * Whether a module is the program that was started, rather than imported. In a worker it is always false, so
 * that a script can hold both its tasks and the code that submits them:
 *
 *     if (isMain(import.meta.url)) await main();
 */
export const isMain = (module: string | URL): boolean => {
  const started = process.argv[1];
  return started !== undefined && realPath(modulePath(module)) === realPath(started);
};

const realPath = (path: string): string => {
  for (const candidate of [path, `${path}.js`, `${path}.mjs`]) {
    try {
      return realpathSync(candidate);
    } catch {
      // Node lets the extension of the started file be left out.
    }
  }
  return path;
};

const modulePath = (module: string | URL): string => {
  const text = String(module);
  if (text.startsWith('file:')) return fileURLToPath(text);
  if (isAbsolute(text)) return text;
  throw new TaskDefinitionError(
    'notATask',
    `the module of a task must be a file URL (import.meta.url) or an absolute path, not "${text}"`,
  );
};

const fixFor = (name: string): string =>
  `export it from its module like this:\n  export const ${name} = defineTask(import.meta.url, '${name}', async (argument) => { … });`;

const markerOf = (task: unknown): Marker | undefined =>
  typeof task === 'function' && TASK in task ? (task[TASK] as Marker) : undefined;

/**
 * Where workers find a task.
 *
 * @param where The call that it was given to, for the message.
 * @throws TaskDefinitionError 'notATask', with the line that mends it.
 */
export const locateTask = (task: unknown, where: string): TaskLocation => {
  const marker = markerOf(task);
  if (marker !== undefined) return marker.location;
  if (typeof task === 'function') {
    const name = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(task.name) ? task.name : 'myTask';
    const which = task.name === '' ? 'a function' : `the function "${task.name}"`;
    throw new TaskDefinitionError(
      'notATask',
      `${where} was given ${which}, which workers cannot load: a closure cannot leave its process; ${fixFor(name)}\nand pass ${name}.`,
    );
  }
  if (typeof task === 'object' && task !== null && 'module' in task && 'export' in task) {
    const { module, export: name } = task;
    if ((typeof module === 'string' || module instanceof URL) && typeof name === 'string') {
      return { module: modulePath(module), export: name };
    }
  }
  throw new TaskDefinitionError(
    'notATask',
    `${where} needs a task: a function made by defineTask, or { module, export }; ${fixFor('myTask')}`,
  );
};

/** The function itself, for the in-process mode. Imports the module of a reference. */
export const loadTask = async (
  task: unknown,
): Promise<(argument: unknown, context: TaskContext) => unknown> => {
  const marker = markerOf(task);
  if (marker !== undefined) return marker.run as (argument: unknown, context: TaskContext) => unknown;
  const location = locateTask(task, 'the client');
  const loaded = (await import(pathToFileURL(location.module).href)) as Readonly<Record<string, unknown>>;
  const found = loaded[location.export];
  if (typeof found === 'function') return found as (argument: unknown, context: TaskContext) => unknown;
  throw new TaskDefinitionError(
    'notExported',
    `${location.module} does not export a function "${location.export}"`,
  );
};
