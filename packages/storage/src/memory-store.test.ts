import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMemoryStore, type MemoryStore, type MemoryStoreOptions } from './memory-store.ts';
import { StoreFullError } from './errors.ts';
import { testId } from './testing/raw-peer.ts';

const KIB = 1024;
const A = testId('a');
const B = testId('b');

let directory: string;
let store: MemoryStore;
const open = (options: MemoryStoreOptions = {}): MemoryStore => (store = createMemoryStore(options));

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'muster-spill-'));
});
afterEach(async () => {
  await store.close();
  rmSync(directory, { recursive: true, force: true });
});

const pattern = (bytes: number, seed: number): Uint8Array => {
  const body = new Uint8Array(bytes);
  for (let i = 0; i < bytes; i++) body[i] = (i * 7 + seed + (i >> 8)) & 0xff;
  return body;
};

const isPattern = (body: Uint8Array | undefined, bytes: number, seed: number): boolean =>
  body !== undefined && Buffer.compare(body, pattern(bytes, seed)) === 0;

/** Names of spill directories, and the sizes of the files in them. */
const spilled = (): { readonly directories: string[]; readonly sizes: number[] } => {
  const directories = readdirSync(directory);
  const files = directories.flatMap((name) =>
    readdirSync(join(directory, name)).map((file) => join(directory, name, file)),
  );
  return { directories, sizes: files.map((file) => statSync(file).size) };
};

const until = async (what: string, isSo: () => boolean | Promise<boolean>): Promise<void> => {
  const end = performance.now() + 20_000;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

describe('the store in memory', () => {
  it('keeps bytes of its own: later changes by the caller do not reach it', async () => {
    open();
    const body = pattern(100, 1);
    await store.put(A, body);
    body.fill(0);
    const got = await store.get(A);
    expect(isPattern(got, 100, 1)).toBe(true);
    got?.fill(0);
    expect(isPattern(await store.get(A), 100, 1)).toBe(true);
  });

  it('shares duplicated bytes by reference, and tells equal bytes that were stored twice apart', async () => {
    open();
    await store.put(A, pattern(1000, 1));
    expect(store.duplicate(A, B)).toBe(true);
    expect(store.duplicate(testId('missing'), B)).toBe(false);
    expect(store.counts()).toMatchObject({ ids: 2, contents: 1, bytes: 1000 });
    await store.put(testId('c'), pattern(1000, 1));
    expect(store.counts()).toMatchObject({ ids: 3, contents: 2, bytes: 2000 });
    await store.delete([A]);
    expect(isPattern(await store.get(B), 1000, 1)).toBe(true);
    await store.delete([B, testId('c'), testId('missing')]);
    expect(store.counts()).toEqual({ ids: 0, contents: 0, bytes: 0, memoryBytes: 0 });
  });

  it('waits for bytes within the time, until aborted, or until it is closed', async () => {
    open();
    expect(await store.getWithin(A, 10)).toBeUndefined();
    const waiting = store.getWithin(A, 20_000);
    await store.put(A, pattern(10, 1));
    expect(isPattern(await waiting, 10, 1)).toBe(true);
    const stop = new AbortController();
    const aborted = store.getWithin(B, 20_000, stop.signal);
    const ended = store.getWithin(B, 20_000);
    stop.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    await store.close();
    expect(await ended).toBeUndefined();
    await expect(store.get(A)).rejects.toMatchObject({ code: 'closed' });
  });

  it('refuses what does not fit, keeps what it has, and takes more once there is room', async () => {
    open({ memoryBytesMax: 100 * KIB });
    await store.put(A, pattern(60 * KIB, 1));
    await expect(store.put(B, pattern(60 * KIB, 2))).rejects.toBeInstanceOf(StoreFullError);
    expect(isPattern(await store.get(A), 60 * KIB, 1)).toBe(true);
    expect(await store.has(B)).toBe(false);
    await store.delete([A]);
    await store.put(B, pattern(60 * KIB, 2));
    await store.delete([B]);
    expect(store.counts().memoryBytes).toBe(0);
  });

  it('bounds the number of empty objects too', async () => {
    open({ memoryBytesMax: 100 * KIB });
    const fill = async (): Promise<void> => {
      for (let i = 0; i < 1000; i++) await store.put(testId(`empty-${i}`), new Uint8Array(0));
    };
    await expect(fill()).rejects.toBeInstanceOf(StoreFullError);
    expect(store.counts().ids).toBeGreaterThan(100);
  });
});

describe('spilling', () => {
  it('moves the coldest large objects to files of its own, and removes them when they are deleted', async () => {
    open({ memoryBytesMax: 400 * KIB, spillDir: directory });
    await store.put(testId('small'), pattern(10 * KIB, 0));
    for (let i = 0; i < 3; i++) await store.put(testId(`large-${i}`), pattern(100 * KIB + i, i));
    await store.get(testId('large-0'));
    await store.put(testId('large-3'), pattern(100 * KIB + 3, 3));
    await store.put(testId('large-4'), pattern(100 * KIB + 4, 4));
    const { directories, sizes } = spilled();
    expect(directories).toHaveLength(1);
    expect(statSync(join(directory, directories[0] ?? '')).mode & 0o777).toBe(0o700);
    // large-0 was used after large-1 and large-2.
    expect(sizes.sort()).toEqual([100 * KIB + 1, 100 * KIB + 2]);
    expect(store.counts().memoryBytes).toBeLessThanOrEqual(410 * KIB);
    for (let i = 0; i < 5; i++)
      expect(isPattern(await store.get(testId(`large-${i}`)), 100 * KIB + i, i)).toBe(true);
    expect(isPattern(await store.get(testId('small')), 10 * KIB, 0)).toBe(true);
    await store.delete([0, 1, 2, 3, 4].map((i) => testId(`large-${i}`)));
    await until('the files are gone', () => spilled().sizes.length === 0);
    await store.close();
    expect(readdirSync(directory)).toEqual([]);
  });

  it('takes objects larger than the memory, also several at a time', async () => {
    open({ memoryBytesMax: 200 * KIB, spillDir: directory });
    const sizes = [900, 700, 1300, 500].map((kib) => kib * KIB + 17);
    await Promise.all(sizes.map((bytes, i) => store.put(testId(`huge-${i}`), pattern(bytes, i))));
    expect(store.counts().memoryBytes).toBeLessThanOrEqual(400 * KIB);
    for (const [i, bytes] of sizes.entries()) {
      expect(isPattern(await store.get(testId(`huge-${i}`)), bytes, i)).toBe(true);
    }
    await store.delete(sizes.map((_, i) => testId(`huge-${i}`)));
    expect(store.counts().memoryBytes).toBe(0);
    await until('the files are gone', () => spilled().sizes.length === 0);
  });

  it('takes large objects even when memory is full of small ones', async () => {
    open({ memoryBytesMax: 100 * KIB, spillDir: directory });
    const fill = async (): Promise<void> => {
      for (let i = 0; i < 1000; i++) await store.put(testId(`small-${i}`), pattern(4 * KIB, i));
    };
    await expect(fill()).rejects.toBeInstanceOf(StoreFullError);
    await store.delete([testId('small-0')]);
    await store.put(A, pattern(300 * KIB, 9));
    expect(isPattern(await store.get(A), 300 * KIB, 9)).toBe(true);
    expect(isPattern(await store.get(testId('small-1')), 4 * KIB, 1)).toBe(true);
  });

  it('random puts, gets, duplicates and deletes match a plain map, and leave nothing', async () => {
    open({ memoryBytesMax: 300 * KIB, spillDir: directory });
    const model = new Map<string, { readonly bytes: number; readonly seed: number }>();
    let seed = 5;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
      return (seed >>> 8) % below;
    };
    for (let round = 0; round < 1500; round++) {
      const id = testId(`object-${random(25)}`);
      const action = random(10);
      if (action < 4) {
        const bytes = random(4) === 0 ? random(120 * KIB) : random(2000);
        await store.put(id, pattern(bytes, round));
        model.set(id, { bytes, seed: round });
      } else if (action < 5) {
        const from = testId(`object-${random(25)}`);
        const known = model.get(from);
        expect(store.duplicate(from, id)).toBe(known !== undefined);
        if (known !== undefined) model.set(id, known);
      } else if (action < 7) {
        await store.delete([id]);
        model.delete(id);
      } else {
        const known = model.get(id);
        const got = await store.get(id);
        if (known === undefined) expect(got).toBeUndefined();
        else expect(isPattern(got, known.bytes, known.seed)).toBe(true);
      }
      expect(store.counts().ids).toBe(model.size);
    }
    await store.delete([...Array.from({ length: 25 }, (_, i) => testId(`object-${i}`))]);
    await until('all is given back', () => store.counts().memoryBytes === 0 && spilled().sizes.length === 0);
  });

  it('loses nothing when its directory fails, and goes on when it is back', async () => {
    open({ memoryBytesMax: 200 * KIB, spillDir: directory });
    await store.put(A, pattern(150 * KIB, 1));
    const own = join(directory, spilled().directories[0] ?? '');
    rmSync(own, { recursive: true });
    writeFileSync(own, 'a file in its place');
    await expect(store.put(B, pattern(150 * KIB, 2))).rejects.toMatchObject({
      code: 'full',
      message: expect.stringContaining('ENOTDIR') as unknown,
    });
    expect(isPattern(await store.get(A), 150 * KIB, 1)).toBe(true);
    rmSync(own);
    mkdirSync(own);
    await until('the disk is asked again', () =>
      store.put(B, pattern(150 * KIB, 2)).then(
        () => true,
        () => false,
      ),
    );
    expect(isPattern(await store.get(A), 150 * KIB, 1)).toBe(true);
    expect(isPattern(await store.get(B), 150 * KIB, 2)).toBe(true);
  });

  it('answers a full disk with StoreFullError, and takes more once there is room', async ({ skip }) => {
    const mounted = join(directory, 'tiny');
    mkdirSync(mounted);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', mounted], { stdio: 'ignore' });
    } catch {
      open();
      skip('mounting a small file system needs root');
    }
    try {
      open({ memoryBytesMax: 500 * KIB, spillDir: mounted });
      const ids = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => testId(`large-${i}`));
      const results = [];
      for (const [i, id] of ids.entries()) {
        results.push(
          await store.put(id, pattern(300 * KIB, i)).then(
            () => 'stored',
            (error: unknown) => (error instanceof StoreFullError ? error.code : error),
          ),
        );
      }
      const stored = results.filter((result) => result === 'stored').length;
      expect(stored).toBeGreaterThanOrEqual(3);
      expect(results.slice(stored)).toEqual(Array.from({ length: ids.length - stored }, () => 'full'));
      for (let i = 0; i < stored; i++)
        expect(isPattern(await store.get(testId(`large-${i}`)), 300 * KIB, i)).toBe(true);
      await store.delete(ids);
      await until('there is room', () =>
        store.put(A, pattern(700 * KIB, 3)).then(
          () => true,
          () => false,
        ),
      );
      expect(isPattern(await store.get(A), 700 * KIB, 3)).toBe(true);
      await store.close();
      expect(readdirSync(mounted)).toEqual([]);
    } finally {
      await store.close();
      execFileSync('umount', [mounted]);
    }
  });

  it('sweeps what dead processes of this host left, and nothing else', () => {
    const deadPid = 2 ** 22 + 1;
    const names = [
      `muster-spill@${hostname()}@${deadPid}@5@abc`,
      `muster-spill@${hostname()}@${process.pid}@1@abc`,
      `muster-spill@another-host@${deadPid}@5@abc`,
      'someone-else',
    ];
    for (const name of names) mkdirSync(join(directory, name));
    open({ spillDir: directory });
    const left = readdirSync(directory);
    // The process id is alive, but the process that left it started at another time.
    const expected = process.platform === 'linux' ? names.slice(2) : names.slice(1);
    expect(left.filter((name) => names.includes(name)).sort()).toEqual(expected.sort());
    expect(left).toHaveLength(expected.length + 1);
  });

  it('refuses a spill directory that cannot be one', () => {
    open();
    writeFileSync(join(directory, 'file'), '');
    expect(() => createMemoryStore({ spillDir: join(directory, 'file') })).toThrow(
      expect.objectContaining({ code: 'config' }) as Error,
    );
  });
});
