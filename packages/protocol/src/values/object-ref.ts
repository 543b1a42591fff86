import type { ObjectId } from '../ids.ts';

/**
 * Stands for a value that is in the object store. It may appear anywhere inside an argument; the function
 * that runs sees the value itself in its place.
 */
export class ObjectRef<T = unknown> {
  /** Type only: what the object decodes to. */
  declare protected readonly content: T;
  readonly id: ObjectId;

  constructor(id: ObjectId) {
    this.id = id;
  }
}
