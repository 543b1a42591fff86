/** What every provisioner must do, as one suite: fakes, local processes and clouds alike. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { groupId } from '@muster/protocol/ids';
import type { GroupId } from '@muster/protocol/ids';
import type { GroupInstance, GroupSpec, Provisioner } from './provisioner.ts';

/** One provider that is empty when made; made anew for each test. */
export interface ProviderUnderTest {
  readonly provisioner: Provisioner;
  specOf(group: GroupId): GroupSpec;
  /** As after a crash of the adapter: a fresh provisioner of the same owner over the same provider. */
  restart(): Promise<Provisioner>;
  /** A provisioner of another owner over the same provider. */
  stranger(): Promise<Provisioner>;
  /** The group dies without a word to anybody. */
  kill(group: GroupId): Promise<void>;
  /** The next start of a group fails for a reason that no repeat mends. */
  breakNextStart(): Promise<void>;
  /** Leaves nothing behind, whatever the test did. */
  dispose(): Promise<void>;
}

export interface ConformanceOptions {
  readonly name: string;
  create(): Promise<ProviderUnderTest>;
  /** Tests that do not apply, by name, and why. */
  readonly skip?: readonly { readonly reason: string; readonly tests: readonly string[] }[];
  /** How long a provider may take to show what was asked of it. Default 20 s. */
  readonly patienceMs?: number;
  /** The test runner's own functions. */
  readonly runner: {
    describe(name: string, define: () => void): void;
    test(name: string, run: () => Promise<void>, timeoutMs: number): void;
    skip(name: string): void;
  };
}

const POLL_MS = 20;
const [A, B] = [groupId('g-conformance-1'), groupId('g-conformance-2')];

interface Subject extends ProviderUnderTest {
  readonly signal: AbortSignal;
  /** Polls until the listing satisfies; fails with the last one. */
  until(
    what: string,
    holds: (groups: readonly GroupInstance[]) => boolean,
    by?: Provisioner,
  ): Promise<readonly GroupInstance[]>;
}

const ids = (groups: readonly GroupInstance[]): string =>
  groups
    .map((one) => one.groupId)
    .sort()
    .join(' ');
const shows =
  (...wanted: readonly GroupId[]) =>
  (groups: readonly GroupInstance[]): boolean =>
    ids(groups) === [...wanted].sort().join(' ') && groups.every((one) => one.state !== 'stopping');

const CASES: Readonly<Record<string, (subject: Subject) => Promise<void>>> = {
  'prepares any number of times': async ({ provisioner, signal }) => {
    await provisioner.prepare(signal);
    await provisioner.prepare(signal);
  },
  'lists nothing when nothing was started': async ({ provisioner, signal }) => {
    assert.deepEqual(await provisioner.list(signal), []);
  },
  'starts groups and lists them, each with an id for people': async (subject) => {
    const { started, failures } = await subject.provisioner.start(
      [subject.specOf(A), subject.specOf(B)],
      subject.signal,
    );
    assert.deepEqual([ids(started), failures], [`${A} ${B}`, []]);
    const listed = await subject.until('both groups', shows(A, B));
    for (const one of listed) assert.notEqual(one.nativeId, '');
  },
  'comes to show a started group as running': async (subject) => {
    await subject.provisioner.start([subject.specOf(A)], subject.signal);
    await subject.until('a running group', (groups) => groups[0]?.state === 'running');
  },
  'starts a group once when the same start is repeated': async (subject) => {
    const first = await subject.provisioner.start([subject.specOf(A)], subject.signal);
    const second = await subject.provisioner.start([subject.specOf(A)], subject.signal);
    assert.deepEqual([second.started[0]?.nativeId, second.failures], [first.started[0]?.nativeId, []]);
    await subject.until('one group', shows(A));
  },
  'starts a group once when a restarted adapter repeats the start': async (subject) => {
    const first = await subject.provisioner.start([subject.specOf(A)], subject.signal);
    const after = await subject.restart();
    const second = await after.start([subject.specOf(A)], subject.signal);
    assert.equal(second.started[0]?.nativeId, first.started[0]?.nativeId);
    await subject.until('one group', shows(A), after);
  },
  'stops a group, and only that one': async (subject) => {
    await subject.provisioner.start([subject.specOf(A), subject.specOf(B)], subject.signal);
    await subject.until('both groups', shows(A, B));
    assert.deepEqual(await subject.provisioner.stop([A], 'test', subject.signal), {
      stopped: [A],
      failures: [],
    });
    await subject.until('the other group alone', shows(B));
  },
  'counts what is gone or never was as stopped': async (subject) => {
    await subject.provisioner.start([subject.specOf(A)], subject.signal);
    await subject.provisioner.stop([A], 'test', subject.signal);
    await subject.until('nothing', shows());
    const { stopped, failures } = await subject.provisioner.stop([A, B], 'test', subject.signal);
    assert.deepEqual([[...stopped].sort(), failures], [[A, B], []]);
  },
  'stops a group right after its start': async (subject) => {
    await subject.provisioner.start([subject.specOf(A)], subject.signal);
    await subject.provisioner.stop([A], 'test', subject.signal);
    await subject.until('nothing', shows());
  },
  'stops twice as well as once': async (subject) => {
    await subject.provisioner.start([subject.specOf(A)], subject.signal);
    await subject.provisioner.stop([A], 'test', subject.signal);
    await subject.provisioner.stop([A], 'test', subject.signal);
    await subject.until('nothing', shows());
  },
  'finds and stops the groups of a former adapter process': async (subject) => {
    await subject.provisioner.start([subject.specOf(A), subject.specOf(B)], subject.signal);
    const after = await subject.restart();
    await subject.until('both groups', shows(A, B), after);
    await after.stop([A, B], 'test', subject.signal);
    await subject.until('nothing', shows(), after);
  },
  'neither shows nor stops the groups of another owner': async (subject) => {
    await subject.provisioner.start([subject.specOf(A)], subject.signal);
    await subject.until('the group', shows(A));
    const stranger = await subject.stranger();
    assert.deepEqual(await stranger.list(subject.signal), []);
    await stranger.stop([A], 'test', subject.signal);
    await subject.until('the group still', shows(A));
  },
  'no longer shows a group that died as alive, and lets it be stopped': async (subject) => {
    await subject.provisioner.start([subject.specOf(A)], subject.signal);
    await subject.until('the group', shows(A));
    await subject.kill(A);
    await subject.until('no living group', (groups) => groups.every((one) => one.state === 'stopping'));
    await subject.provisioner.stop([A], 'test', subject.signal);
    await subject.until('nothing', shows());
  },
  'reports a start that no repeat mends as definitive, with a reason': async (subject) => {
    await subject.breakNextStart();
    const { started, failures } = await subject.provisioner.start([subject.specOf(A)], subject.signal);
    assert.deepEqual(started, []);
    assert.equal(failures[0]?.groupId, A);
    assert.ok(
      ['capacity', 'quota', 'unauthorized', 'invalid'].includes(failures[0]?.kind ?? ''),
      failures[0]?.kind,
    );
    assert.notEqual(failures[0]?.detail, '');
    await subject.until('nothing', shows());
  },
  'starts again under the same id with a new token after a failed attempt': async (subject) => {
    await subject.breakNextStart();
    await subject.provisioner.start([subject.specOf(A)], subject.signal);
    const { started } = await subject.provisioner.start(
      [{ ...subject.specOf(A), token: 'another-attempt' }],
      subject.signal,
    );
    assert.equal(ids(started), A);
    await subject.until('the group', shows(A));
  },
  'starts what it can when one of several fails': async (subject) => {
    await subject.breakNextStart();
    const { started, failures } = await subject.provisioner.start(
      [subject.specOf(A), subject.specOf(B)],
      subject.signal,
    );
    assert.deepEqual([ids(started), failures.map((one) => one.groupId)], [B, [A]]);
    await subject.until('the other group', shows(B));
  },
  'is still of use after an aborted call': async (subject) => {
    const aborted = AbortSignal.abort(new Error('test'));
    await subject.provisioner.start([subject.specOf(A)], aborted).catch(() => undefined);
    await subject.provisioner.list(aborted).catch(() => undefined);
    await subject.provisioner.start([subject.specOf(A)], subject.signal);
    await subject.until('one group', shows(A));
  },
};

/** Defines one test per rule. An unknown name in `skip` is an error: a skip must not outlive its test. */
export const describeProvisioner = (options: ConformanceOptions): void => {
  const patienceMs = options.patienceMs ?? 20_000;
  const skipped = new Map(
    (options.skip ?? []).flatMap(({ reason, tests }) => tests.map((name) => [name, reason] as const)),
  );
  for (const name of skipped.keys())
    if (!(name in CASES)) throw new RangeError(`no conformance test is called '${name}'`);
  options.runner.describe(`provisioner ${options.name}`, () => {
    for (const [name, run] of Object.entries(CASES)) {
      const reason = skipped.get(name);
      if (reason === undefined)
        options.runner.test(name, () => runCase(options, run, patienceMs), 4 * patienceMs);
      else options.runner.skip(`${name} (skipped: ${reason})`);
    }
  });
};

const runCase = async (
  options: ConformanceOptions,
  run: (subject: Subject) => Promise<void>,
  patienceMs: number,
): Promise<void> => {
  const provider = await options.create();
  const { signal } = new AbortController();
  const until: Subject['until'] = async (what, holds, by = provider.provisioner) => {
    const deadline = performance.now() + patienceMs;
    for (;;) {
      const groups = await by.list(signal);
      if (holds(groups)) return groups;
      if (performance.now() > deadline)
        assert.fail(`expected ${what} within ${patienceMs} ms, got ${JSON.stringify(groups)}`);
      await sleep(POLL_MS);
    }
  };
  try {
    await run({ ...provider, signal, until });
  } finally {
    await provider.dispose();
  }
};
