import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Note } from '@muster/core/machine';
import { policyOf } from '@muster/core/policy-content';
import { replay } from '@muster/core/replay';
import { createScheduler, type Scheduler } from '@muster/core/scheduler';
import type { SchedulerConfig, SchedulerEvent } from '@muster/core/scheduler-types';
import { encodeMessage } from '@muster/protocol/codec';
import { groupId, instant, peerId } from '@muster/protocol/ids';
import { manualClock, type ManualClock } from '@muster/runtime/manual-clock';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openRecorder, type Recorder } from './recorder.ts';
import { openRecordingFile, RecordingError } from './recording.ts';

const CONFIG: SchedulerConfig = {
  epoch: 'e1',
  policy: policyOf('allocate=even_load; scaling=no'),
  compat: 'own',
  clientTimeoutMs: 60_000,
  workerTimeoutMs: 60_000,
  adapterTimeoutMs: 10_000,
  attemptsMax: 3,
  prefetchMs: 20,
  resultResendMs: 5_000,
  startTimeoutMs: 60_000,
  pendingTimeoutMs: 600_000,
  drainTimeoutMs: 30_000,
  stopTimeoutMs: 20_000,
  idleBeforeStopMs: 3_000,
  balanceIntervalMs: 1_000,
  protected: false,
};

const hello = (client: string): SchedulerEvent => ({
  kind: 'message',
  from: peerId(client),
  message: { kind: 'clientHeartbeat', resource: { cpu: 0, rssBytes: 0 }, latencyUs: 0, features: 1 },
});
const EVENTS: readonly SchedulerEvent[] = [
  {
    kind: 'objectStore',
    state: { address: { host: '127.0.0.1', port: 1 }, path: '/store', epoch: 's1' },
  },
  hello('Client|\u00ff\u0000'),
  { kind: 'peerDown', peer: peerId('nobody') },
  { kind: 'operator', request: { action: 'drainGroup', groupId: groupId('g-none') } },
  {
    kind: 'undelivered',
    peer: peerId('Client|\u00ff\u0000'),
    message: { kind: 'clientDisconnect', type: 'disconnect' },
    why: 'full',
  },
  { kind: 'deadline' },
];

let folder: string;
let path: string;
let clock: ManualClock;
let notes: Note[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-record-'));
  path = join(folder, 'a.rec');
  clock = manualClock();
  notes = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

const open = (at: string = path): Recorder =>
  openRecorder({
    path: at,
    muster: '1.2.3',
    startedAt: '2026-01-02T03:04:05.678Z',
    clock,
    log: (note) => notes.push(note),
  });

/** All kinds of events, one step each, from 1 s after the start of the clock. */
const recorded = async (): Promise<void> => {
  const recorder = open();
  const machine = recorder.attach(createScheduler(CONFIG, instant(1_000)), CONFIG, instant(1_000));
  EVENTS.forEach((event, i) => machine.step([event], instant(1_000 + i)));
  await recorder.close();
};

const played = (at: string = path): ReturnType<typeof replay> & { readonly cutBytes: number } => {
  using file = openRecordingFile(at);
  return { ...replay(file.head, file.steps()), cutBytes: file.cutBytes() };
};

describe('a recorder', () => {
  it('keeps every kind of event, and what came of it', async () => {
    await recorded();
    using file = openRecordingFile(path);
    expect(file.head).toEqual({
      'muster-recording': 1,
      muster: '1.2.3',
      startedAt: '2026-01-02T03:04:05.678Z',
      createdAt: 1_000,
      config: JSON.parse(JSON.stringify(CONFIG)) as unknown,
    });
    const steps = [...file.steps()];
    expect(steps.map((step) => step.now)).toEqual(EVENTS.map((_, i) => 1_000 + i));
    expect(steps.flatMap((step) => step.events)).toEqual(EVENTS);
    expect(
      steps.flatMap(({ outcome }) =>
        outcome.kind === 'done' ? outcome.notes.map((note) => note.event) : [],
      ),
    ).toEqual(['store.up', 'client.registered', 'operator.refused']);
    expect(notes).toEqual([]);
  });

  it('loses nothing of a configuration: what JSON keeps of it is all of it', () => {
    expect(JSON.parse(JSON.stringify(CONFIG))).toEqual(CONFIG);
  });

  it('writes a file that only its owner can read', async () => {
    await recorded();
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('overwrites nothing', () => {
    writeFileSync(path, 'mine');
    expect(() => open()).toThrow(expect.objectContaining({ code: 'EEXIST' }) as Error);
    expect(readFileSync(path, 'utf8')).toBe('mine');
  });

  it('makes a file for each run in a directory', async () => {
    const recorder = open(folder);
    await recorder.close();
    expect(readdirSync(folder)).toEqual([`muster-2026-01-02T03-04-05-678Z-${process.pid}.rec`]);
  });

  it('writes the frame in which a message came', async () => {
    const event = hello('c');
    const recorder = open();
    const machine = recorder.attach(createScheduler(CONFIG, instant(0)), CONFIG, instant(0));
    const frame = encodeMessage({ kind: 'clientDisconnect', type: 'disconnect' });
    recorder.arrived(event, frame);
    machine.step([event], instant(0));
    machine.step([event], instant(1)); // of that turn no frame is known
    await recorder.close();
    using file = openRecordingFile(path);
    expect(
      [...file.steps()].map(({ events: [first] }) => (first?.kind === 'message' ? first.message.kind : '')),
    ).toEqual(['clientDisconnect', 'clientHeartbeat']);
  });

  it('writes within a tenth of a second, without being closed', async () => {
    const recorder = open();
    const machine = recorder.attach(createScheduler(CONFIG, instant(0)), CONFIG, instant(0));
    machine.step([hello('c')], instant(0));
    clock.advance(100);
    await vi.waitFor(() => expect(played().steps).toBe(1), { timeout: 30_000 });
    await recorder.close();
  });

  it('keeps the step that hits a bug', async () => {
    const recorder = open();
    const broken: Scheduler = {
      ...createScheduler(CONFIG, instant(0)),
      step: () => {
        throw new Error('broken');
      },
    };
    const machine = recorder.attach(broken, CONFIG, instant(0));
    expect(() => machine.step([hello('c')], instant(7))).toThrow('broken');
    await recorder.close();
    using file = openRecordingFile(path);
    expect([...file.steps()]).toEqual([{ now: 7, events: [hello('c')], outcome: { kind: 'bug' } }]);
  });

  it('is closed any number of times', async () => {
    const recorder = open();
    await Promise.all([recorder.close(), recorder.close()]);
    await recorder.close();
  });
});

describe('a replay', () => {
  it('P6: decides the same', async () => {
    await recorded();
    expect(played()).toMatchObject({
      steps: EVENTS.length,
      events: EVENTS.length,
      notes: 3,
      differing: 0,
      difference: undefined,
      cutBytes: 0,
    });
  });

  it('finds a planted difference: when, where, and what was decided then and now', async () => {
    await recorded();
    const bytes = readFileSync(path, 'latin1');
    const changed = join(folder, 'changed.rec');
    writeFileSync(changed, bytes.replace('no such group', 'no such thing'), 'latin1');
    expect(played(changed).difference).toEqual({
      at: 1_003,
      step: 4,
      recorded: 'operator.refused group=g-none reason="no such thing"',
      replayed: 'operator.refused group=g-none reason="no such group"',
    });
  });

  it('takes a recording that was cut anywhere for what is whole of it', async () => {
    await recorded();
    const bytes = readFileSync(path);
    const body = bytes.indexOf(10) + 1;
    const cut = join(folder, 'cut.rec');
    let most = 0;
    for (let end = body; end < bytes.length; end++) {
      writeFileSync(cut, bytes.subarray(0, end));
      const { steps, differing, cutBytes } = played(cut);
      expect(differing).toBe(0);
      expect(steps).toBeGreaterThanOrEqual(most);
      expect(steps).toBeLessThan(EVENTS.length);
      most = steps;
      expect(cutBytes).toBeLessThanOrEqual(end - body);
    }
    expect(most).toBe(EVENTS.length - 1);
  });

  it('takes zeros at the end, as a machine that lost its power leaves them, for an end', async () => {
    await recorded();
    const zeros = join(folder, 'zeros.rec');
    writeFileSync(zeros, Buffer.concat([readFileSync(path), Buffer.alloc(4_096)]));
    expect(played(zeros)).toMatchObject({ steps: EVENTS.length, differing: 0, cutBytes: 4_096 });
  });

  it.each([
    ['another format', '{"muster-recording":2,"muster":"9.0.0"}\n', 'format', /format 2 \(muster 9\.0\.0\)/],
    ['another file', 'hello\n', 'notRecording', /no recording/],
    ['an empty file', '', 'notRecording', /no recording/],
    ['a first line that says too little', '{"muster-recording":1}\n', 'damaged', /first line/],
  ])('says of %s what it is', (_, text, code, message) => {
    writeFileSync(path, text);
    expect(() => openRecordingFile(path)).toThrow(RecordingError);
    expect(() => openRecordingFile(path)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) as string }) as Error,
    );
  });

  it('says where a recording is damaged', async () => {
    await recorded();
    const bytes = readFileSync(path);
    bytes[bytes.indexOf(10) + 1 + 16] = 99; // the kind of the first event
    writeFileSync(path, bytes);
    expect(() => played()).toThrow('step 1 of the recording is damaged');
  });
});
