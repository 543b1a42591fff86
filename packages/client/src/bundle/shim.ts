/**
 * What `import … from 'muster'` means inside a worker: tasks are plain functions there, and a module that also
 * holds the code that submits them must not run that code.
 */
const ERROR_CLASSES = [
  'ClientClosedError',
  'ConnectError',
  'ObjectLostError',
  'ProcessorDiedError',
  'RemoteError',
  'ResultInvalidError',
  'SchedulerUnreachableError',
  'StoreUnreachableError',
  'TaskCanceledError',
  'TaskDefinitionError',
  'TaskError',
  'TaskInvalidError',
  'TaskTimeoutError',
  'ValueError',
  'WorkerLostError',
] as const;

/** Source of the module that stands in for ours. A test holds it against the exports of index.ts. */
export const SHIM_SOURCE: string = `
export const defineTask = (module, name, run) => run;
export const isMain = () => false;
export const command = undefined;
export class ObjectRef {}
export class Client {}
const mainProgramOnly = (name) => () => {
  throw new Error(
    name + '() was called while a worker loaded the task: code of the main program runs when its module is imported. ' +
    'Move the tasks to a module of their own, or start the main program with: if (isMain(import.meta.url)) await main();',
  );
};
export const connect = /* @__PURE__ */ mainProgramOnly('connect');
export const startFleet = /* @__PURE__ */ mainProgramOnly('startFleet');
export const DEFAULT_POLICY = '';
${ERROR_CLASSES.map((name) => `export class ${name} extends Error { name = '${name}'; }`).join('\n')}
`;
