/** Every failure that this package decides on behalf of a task. Retry is keyed on `code`. */
import type { TaskErrorCode } from '@muster/protocol/calls';

/** Ends a task as failed; travels to the client as an Error with this name and code. */
export class TaskFailure extends Error {
  override readonly name: TaskErrorCode;
  readonly code: TaskErrorCode;

  constructor(code: TaskErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = code;
    this.code = code;
  }
}
