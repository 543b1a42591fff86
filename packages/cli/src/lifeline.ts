/**
 * The line between a supervisor and its children: a socket pair on descriptor 3. The child says over it that
 * it is ready; its end says that the other side is gone, whatever killed it.
 */
import { Socket } from 'node:net';

const VARIABLE = 'MUSTER_LIFELINE';
const DESCRIPTOR = 3;
const LINE_BYTES_MAX = 64 * 1024;

/** What a child says once, when it serves. */
export interface ReadyMessage {
  readonly ready: Readonly<Record<string, string>>;
}

export const lifelineEnv: Readonly<Record<string, string>> = { [VARIABLE]: String(DESCRIPTOR) };

export interface Lifeline {
  ready(facts: ReadyMessage['ready']): void;
  /** Resolves when the supervisor is gone. Never rejects. */
  readonly cut: Promise<void>;
  /** Lets the process end. */
  close(): void;
}

/** The child's side; undefined where nobody supervises this process. Takes the mark out of the environment, so that grandchildren do not inherit it. */
export const takeLifeline = (): Lifeline | undefined => {
  const marked = process.env[VARIABLE] === String(DESCRIPTOR);
  delete process.env[VARIABLE];
  if (!marked) return undefined;
  const socket = new Socket({ fd: DESCRIPTOR, readable: true, writable: true });
  const cut = new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
  });
  socket.on('error', () => socket.destroy());
  socket.on('end', () => socket.destroy());
  socket.resume();
  return {
    ready: (facts) => void socket.write(`${JSON.stringify({ ready: facts } satisfies ReadyMessage)}\n`),
    cut,
    close: () => socket.destroy(),
  };
};

/** Reads the one ready line of a child; undefined when the line ends without one. */
export const readReady = (socket: Socket): Promise<ReadyMessage['ready'] | undefined> =>
  new Promise((resolve) => {
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      text += chunk;
      const end = text.indexOf('\n');
      if (end < 0 && text.length < LINE_BYTES_MAX) return;
      resolve(parseReady(text.slice(0, Math.max(end, 0))));
      text = '';
    });
    socket.once('close', () => resolve(undefined));
    socket.on('error', () => resolve(undefined));
  });

const parseReady = (line: string): ReadyMessage['ready'] | undefined => {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null || !('ready' in value)) return undefined;
    const facts = value.ready;
    if (typeof facts !== 'object' || facts === null) return undefined;
    return Object.fromEntries(Object.entries(facts).map(([key, fact]) => [key, String(fact)]));
  } catch {
    return undefined;
  }
};
