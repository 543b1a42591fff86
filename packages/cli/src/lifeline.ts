/**
 * The line between a supervisor and its children: a socket pair on descriptor 3. The child says over it that
 * it is ready; its end says that the other side is gone, whatever killed it.
 */
import { Socket } from 'node:net';

const VARIABLE = 'MUSTER_LIFELINE';
const DESCRIPTOR = 3;
const LINE_BYTES_MAX = 64 * 1024;

/** What a child says once: that it serves, or why it cannot. */
export type FirstWord =
  | { readonly kind: 'ready'; readonly facts: Readonly<Record<string, string>> }
  | { readonly kind: 'failed'; readonly message: string; readonly hint: string };

export const lifelineEnv: Readonly<Record<string, string>> = { [VARIABLE]: String(DESCRIPTOR) };

export interface Lifeline {
  say(word: FirstWord): void;
  /** Resolves when the supervisor is gone. Never rejects. */
  readonly cut: Promise<void>;
  /** Lets the process end. */
  close(): void;
}

let taken: Lifeline | undefined;

/** The child's side, the same on each call; undefined where nobody supervises this process. Takes the mark out of the environment, so that grandchildren do not inherit it. */
export const takeLifeline = (): Lifeline | undefined => (taken ??= openLifeline());

const openLifeline = (): Lifeline | undefined => {
  const marked = process.env[VARIABLE] === String(DESCRIPTOR);
  delete process.env[VARIABLE];
  if (!marked) return undefined;
  const socket = openSocket();
  if (socket === undefined) return undefined;
  const cut = new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
  });
  socket.on('error', () => socket.destroy());
  socket.on('end', () => socket.destroy());
  socket.resume();
  return {
    say: (word) => void socket.write(`${JSON.stringify(word)}\n`),
    cut,
    close: () => socket.end(),
  };
};

/** Undefined where the descriptor is none of a socket: the mark was inherited past the process that it was for. */
const openSocket = (): Socket | undefined => {
  try {
    return new Socket({ fd: DESCRIPTOR, readable: true, writable: true });
  } catch {
    return undefined;
  }
};

/** Reads the first word of a child; undefined when the line ends without one. */
export const readFirstWord = (socket: Socket): Promise<FirstWord | undefined> =>
  new Promise((resolve) => {
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      text += chunk;
      const end = text.indexOf('\n');
      if (end < 0 && text.length < LINE_BYTES_MAX) return;
      resolve(parseWord(text.slice(0, Math.max(end, 0))));
      text = '';
    });
    socket.once('close', () => resolve(undefined));
    socket.on('error', () => resolve(undefined));
  });

const parseWord = (line: string): FirstWord | undefined => {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null || !('kind' in value)) return undefined;
    if (value.kind === 'failed' && 'message' in value && 'hint' in value) {
      return { kind: 'failed', message: String(value.message), hint: String(value.hint) };
    }
    if (value.kind !== 'ready' || !('facts' in value)) return undefined;
    const { facts } = value;
    if (typeof facts !== 'object' || facts === null) return undefined;
    return {
      kind: 'ready',
      facts: Object.fromEntries(Object.entries(facts).map(([key, fact]) => [key, String(fact)])),
    };
  } catch {
    return undefined; // not ours: the child's end will say what happened
  }
};
