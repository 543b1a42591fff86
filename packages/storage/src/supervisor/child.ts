/** A store process that this one started. It runs in a session of its own, so that no signal of ours reaches it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { ObjectStoreError, type ObjectStoreErrorCode } from '../errors.ts';

export interface ChildOptions {
  readonly command: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly stderr?: 'inherit' | 'ignore' | number;
}

const LINE_BYTES_MAX = 64 * 1024;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

/** What a failed start said of itself; undefined for anything else. */
const failureIn = (line: string): ObjectStoreError | undefined => {
  try {
    const said: unknown = JSON.parse(line);
    if (!isRecord(said) || said['ready'] !== false) return undefined;
    const code: ObjectStoreErrorCode = said['code'] === 'addressInUse' ? 'addressInUse' : 'config';
    return new ObjectStoreError(code, String(said['error']));
  } catch {
    // Not a ready line.
    return undefined;
  }
};

export class StoreChild {
  readonly #process: ChildProcess;
  #output = '';
  #ready = false;
  #exited = false;
  /** It served at some time: its end is no failure to start. */
  hasServed = false;
  readonly #startTimer: NodeJS.Timeout;

  /** `onEnd` is called once, when the process is gone. */
  constructor(options: ChildOptions, startTimeoutMs: number, onEnd: (trouble: ObjectStoreError) => void) {
    const [program = '', ...args] = options.command;
    this.#process = spawn(program, args, {
      detached: true,
      stdio: ['ignore', 'pipe', options.stderr ?? 'inherit'],
      ...(options.env === undefined ? {} : { env: options.env }),
    });
    this.#process.unref();
    this.#readLine();
    this.#startTimer = setTimeout(() => {
      if (!this.#ready) this.#process.kill('SIGKILL');
    }, startTimeoutMs);
    const ended = (trouble: ObjectStoreError): void => {
      if (this.#exited) return;
      this.#exited = true;
      clearTimeout(this.#startTimer);
      onEnd(trouble);
    };
    this.#process.on('error', (error) => {
      ended(
        new ObjectStoreError('config', `cannot start the object store: ${error.message}`, { cause: error }),
      );
    });
    // After its last output.
    this.#process.on('close', (code, signal) => {
      ended(this.#failure(code, signal));
    });
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get hasExited(): boolean {
    return this.#exited;
  }

  /** SIGTERM, and SIGKILL after the grace; resolves when the process is gone. */
  async stop(graceMs: number): Promise<void> {
    if (this.#exited || this.#process.pid === undefined) return;
    const gone = once(this.#process, 'close');
    this.#process.ref();
    this.#process.kill('SIGTERM');
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), graceMs);
    await gone;
    clearTimeout(timer);
  }

  /** Watches no longer; the process goes on. */
  abandon(): void {
    clearTimeout(this.#startTimer);
    this.#process.stdout?.destroy();
    this.#process.removeAllListeners('close');
  }

  #readLine(): void {
    const { stdout } = this.#process;
    if (stdout === null) return;
    stdout.on('data', (chunk: Buffer) => {
      this.#output = (this.#output + chunk.toString('utf8')).slice(0, LINE_BYTES_MAX);
      if (!this.#output.includes('\n')) return;
      this.#ready = failureIn(this.#output) === undefined;
      clearTimeout(this.#startTimer);
      stdout.destroy();
    });
    // A pipe that the other side closed; its end says more.
    stdout.on('error', () => undefined);
  }

  #failure(code: number | null, signal: NodeJS.Signals | null): ObjectStoreError {
    const said = failureIn(this.#output);
    if (said !== undefined) return said;
    const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
    return new ObjectStoreError('unavailable', `the object store's process ended ${how}`);
  }
}
