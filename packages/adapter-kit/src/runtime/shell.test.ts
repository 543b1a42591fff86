import { mkdtempSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Note } from '@muster/core/machine';
import type { AdapterEvent } from '@muster/core/provisioning';
import { adapterId, groupId } from '@muster/protocol/ids';
import { manualClock } from '@muster/runtime/manual-clock';
import { memoryNetwork } from '@muster/runtime/memory';
import { peerId } from '@muster/protocol/ids';
import { fakeProvider } from '../fake.ts';
import { fileIntents } from './intents.ts';
import { providerCalls } from './provider-calls.ts';
import { applyEffect } from './shell.ts';

test('calls no provider when the intent cannot be recorded, and says that the start was not executed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'muster-shell-'));
  try {
    let full = false;
    const intents = fileIntents(join(folder, 'intents'), adapterId('a'), (file, bytes, offset) => {
      if (full) throw new Error('ENOSPC');
      return writeSync(file, bytes, offset);
    });
    full = true;
    const provider = fakeProvider({ clock: manualClock() });
    const events: AdapterEvent[] = [];
    const notes: Note[] = [];
    const feed = (event: AdapterEvent): void => void events.push(event);
    const log = (note: Note): void => void notes.push(note);
    const calls = providerCalls(
      provider.provisioner(adapterId('a')),
      (intent) => ({ ...intent, env: {} }),
      feed,
      () => undefined,
    );
    const connection = await memoryNetwork().transport.connect('tcp://127.0.0.1:1', {
      identity: peerId('p'),
    });
    const intent = { groupId: groupId('g'), attempt: 1, token: 't', workerIds: [], capabilities: new Map() };
    applyEffect(
      { log, connection, intents, calls, feed, onExit: () => undefined },
      { kind: 'start', call: 7, intents: [intent] },
    );
    await calls.settled();
    expect(events).toEqual([
      {
        kind: 'startDone',
        call: 7,
        started: [],
        failures: [{ groupId: 'g', kind: 'throttled', detail: 'the intent could not be recorded' }],
      },
    ]);
    expect(provider.calls).toEqual([]);
    expect(notes.map((note) => note.event)).toEqual(['adapter.intents.failed']);
    await connection.close();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
