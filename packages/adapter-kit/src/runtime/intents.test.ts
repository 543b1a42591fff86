import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { adapterId, groupId, workerId } from '@muster/protocol/ids';
import type { Intent } from '@muster/core/provisioning';
import { fileIntents } from './intents.ts';

const me = adapterId('a');
const [g1, g2] = [groupId('g-e-1'), groupId('g-e-2')];
const intent = (group = g1): Intent => ({
  groupId: group,
  attempt: 2,
  token: 'm-1-2',
  workerIds: [workerId(`Worker|${group}|x`)],
  capabilities: new Map<string, number | 'present'>([
    ['gpu', 2],
    ['linux', 'present'],
  ]),
});

describe('the intent file', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'muster-intents-'));
    path = join(folder, 'deep', 'intents');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const reopened = () => {
    const file = fileIntents(path, me);
    file.dispose();
    return { restored: file.restored, trusted: file.trusted };
  };

  test('is made where there is none, and is trusted then', () => {
    expect(reopened()).toEqual({ restored: [], trusted: true });
  });

  test('gives back open, held and leaving intents, and no closed ones', () => {
    const file = fileIntents(path, me);
    file.open([intent(g1), intent(g2), intent(groupId('g-e-3'))]);
    file.hold(g2);
    file.leave(groupId('found'));
    file.close(groupId('g-e-3'));
    const expected = [
      { ...intent(g1), phase: 'open' },
      { ...intent(g2), phase: 'held' },
      { groupId: 'found', phase: 'leaving' },
    ];
    expect(reopened()).toEqual({ restored: expected, trusted: true });
    expect(reopened()).toEqual({ restored: expected, trusted: true });
  });

  test('keeps a decided end against a late sighting', () => {
    const file = fileIntents(path, me);
    file.open([intent()]);
    file.leave(g1);
    file.hold(g1);
    expect(reopened().restored).toEqual([{ groupId: g1, phase: 'leaving' }]);
  });

  test.each([
    ['a cut last line', (text: string) => text.slice(0, -9)],
    ['a line of garbage', (text: string) => `${text}\u0000\u0001{"t":\n`],
    ['a line of another kind', (text: string) => `${text}{"t":"open","group":7}\n`],
    ['an intent with a wrong field', (text: string) => `${text}{"t":"open","group":"g","attempt":"1"}\n`],
  ])('with %s is not trusted, keeps what could be read, and lays the file aside', (_, damage) => {
    const file = fileIntents(path, me);
    file.open([intent(g1)]);
    file.open([intent(g2)]);
    file.dispose();
    writeFileSync(path, damage(readFileSync(path, 'utf8')));
    const { restored, trusted } = reopened();
    expect(trusted).toBe(false);
    expect(restored[0]).toEqual({ ...intent(g1), phase: 'open' });
    expect(existsSync(`${path}.unreadable`)).toBe(true);
    expect(reopened()).toEqual({ restored, trusted: true });
  });

  test.each([
    ['empty', ''],
    ['binary', '\u0000\uffff'],
    ['of another version', '{"t":"intents","v":2,"adapter":"a"}\n'],
  ])('that is %s is not trusted and says nothing', (_, text) => {
    const file = fileIntents(path, me);
    writeFileSync(path, text);
    file.close(g1);
    expect(reopened()).toEqual({ restored: [], trusted: false });
  });

  test('of another adapter is not believed', () => {
    const file = fileIntents(path, adapterId('b'));
    file.open([intent()]);
    file.dispose();
    expect(reopened()).toEqual({ restored: [], trusted: false });
  });

  test('stays small over a long life', () => {
    const file = fileIntents(path, me);
    for (let i = 0; i < 1_200; i++) {
      file.open([intent(groupId(`g-e-${i}`))]);
      file.close(groupId(`g-e-${i}`));
    }
    file.open([intent(g1)]);
    expect(readFileSync(path, 'utf8').split('\n').length).toBeLessThan(1_010);
    expect(reopened()).toEqual({ restored: [{ ...intent(g1), phase: 'open' }], trusted: true });
  });

  test('on a full disk says so, and is whole again with the next write that succeeds', () => {
    let full = false;
    const file = fileIntents(path, me, (descriptor, bytes, offset) => {
      if (!full) return writeSync(descriptor, bytes, offset);
      // As a real one: some bytes still fit.
      writeSync(descriptor, bytes, offset, 5);
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    });
    file.open([intent(g1)]);
    full = true;
    expect(() => file.open([intent(g2)])).toThrow('ENOSPC');
    expect(() => file.leave(g1)).toThrow('ENOSPC');
    full = false;
    file.close(groupId('unknown'));
    file.leave(groupId('other'));
    expect(reopened()).toEqual({
      restored: [
        { groupId: g1, phase: 'leaving' },
        { groupId: 'other', phase: 'leaving' },
      ],
      trusted: true,
    });
  });

  test('cut to nothing while in use is written whole when it is opened again', () => {
    const file = fileIntents(path, me);
    file.open([intent()]);
    truncateSync(path, 0);
    expect(reopened()).toEqual({ restored: [], trusted: false });
  });
});
