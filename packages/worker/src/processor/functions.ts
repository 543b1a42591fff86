/** From the id of a function object to something that can be called; each module is imported once. */
import { createHash, randomBytes } from 'node:crypto';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { FunctionObject, TaskContext } from '@muster/protocol/calls';
import { objectId } from '@muster/protocol/ids';
import type { ObjectId } from '@muster/protocol/ids';
import { TaskFailure } from '../errors.ts';
import type { Objects } from './objects.ts';

export type TaskFunction = (argument: unknown, context: TaskContext) => unknown;

export interface Functions {
  /** Undefined until it was loaded. */
  get(id: ObjectId): TaskFunction | undefined;
  /** @throws TaskFailure 'ObjectLostError' | 'TaskInvalidError' */
  load(id: ObjectId, signal: AbortSignal): Promise<TaskFunction>;
}

const invalid = (message: string, cause?: unknown): TaskFailure =>
  new TaskFailure('TaskInvalidError', message, cause === undefined ? {} : { cause });

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest().toString('latin1');

/** @param folder Private to this worker host; modules are kept there under the hash of their bytes. */
export const createFunctions = (objects: Objects, folder: string): Functions => {
  const functions = new Map<ObjectId, TaskFunction>();
  const modules = new Map<ObjectId, Promise<Readonly<Record<string, unknown>>>>();

  const importModule = async (
    id: ObjectId,
    signal: AbortSignal,
  ): Promise<Readonly<Record<string, unknown>>> => {
    const bytes = await objects.get(id, signal);
    if (sha256(bytes) !== id) throw invalid('the bytes of the module are not what its id says');
    const path = join(folder, `${Buffer.from(id, 'latin1').toString('hex')}.mjs`);
    const fresh = `${path}.${randomBytes(6).toString('hex')}`;
    await writeFile(fresh, bytes, { mode: 0o600 });
    await rename(fresh, path);
    try {
      return (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>;
    } catch (cause) {
      throw invalid(
        `the task's module cannot be loaded: ${cause instanceof Error ? cause.message : String(cause)}`,
        cause,
      );
    }
  };
  const moduleOf = (id: ObjectId, signal: AbortSignal): Promise<Readonly<Record<string, unknown>>> => {
    const known = modules.get(id);
    if (known !== undefined) return known;
    const loading = importModule(id, signal);
    modules.set(id, loading);
    // Bytes may come later, and a canceled load says nothing about the module.
    loading.catch(() => modules.delete(id));
    return loading;
  };
  const load = async (id: ObjectId, signal: AbortSignal): Promise<TaskFunction> => {
    const bytes = await objects.get(id, signal);
    if (sha256(bytes) !== id) throw invalid('the bytes of the function object are not what its id says');
    const described = parseFunctionObject(bytes);
    const loaded = await moduleOf(described.module, signal);
    const target = loaded[described.export];
    if (typeof target !== 'function')
      throw invalid(`the task's module exports no function "${described.export}"`);
    functions.set(id, target as TaskFunction);
    return target as TaskFunction;
  };
  return { get: (id) => functions.get(id), load };
};

const parseFunctionObject = (bytes: Uint8Array): { readonly module: ObjectId; readonly export: string } => {
  let value: Partial<FunctionObject>;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8')) as Partial<FunctionObject>;
  } catch (cause) {
    throw invalid('the function object is not JSON', cause);
  }
  const { muster, module, export: name } = value;
  if (
    muster !== 'function/1' ||
    typeof module !== 'string' ||
    typeof name !== 'string' ||
    !/^[0-9a-f]{64}$/.test(module)
  ) {
    throw invalid('the function object names no module and export that this worker understands');
  }
  return { module: objectId(Buffer.from(module, 'hex').toString('latin1')), export: name };
};
