/** What ECS says about tasks, in tables. */
import type { Task } from '@aws-sdk/client-ecs';
import { describe, expect, test } from 'vitest';
import { adapterId, instant } from '@muster/protocol/ids';
import { ownerOf } from './launch.ts';
import { endOf, groupOf, isLost, missed, phaseOf } from './states.ts';
import type { EndCause } from './states.ts';

describe('the phase of a task', () => {
  test.each([
    ['PROVISIONING', 'RUNNING', 'starting'],
    ['PENDING', 'RUNNING', 'starting'],
    ['ACTIVATING', 'RUNNING', 'starting'],
    ['RUNNING', 'RUNNING', 'running'],
    ['RUNNING', 'STOPPED', 'stopping'],
    ['PROVISIONING', 'STOPPED', 'stopping'],
    ['DEACTIVATING', 'STOPPED', 'stopping'],
    ['STOPPING', 'STOPPED', 'stopping'],
    ['DEPROVISIONING', 'STOPPED', 'stopping'],
    ['STOPPED', 'STOPPED', 'gone'],
    ['DELETED', 'STOPPED', 'gone'],
    ['A_WORD_OF_TOMORROW', 'RUNNING', 'starting'],
    [undefined, undefined, 'starting'],
  ])('%s, to be %s: %s', (lastStatus, desiredStatus, phase) =>
    expect(phaseOf({ lastStatus, desiredStatus })).toBe(phase),
  );
});

describe('a task is ours', () => {
  const owner = ownerOf(adapterId('blue'));
  const task = (startedBy: string, environment: Record<string, string>): Task => ({
    startedBy,
    overrides: {
      containerOverrides: [
        { name: 'sidecar' },
        {
          name: 'worker',
          environment: Object.entries(environment).map(([name, value]) => ({ name, value })),
        },
      ],
    },
  });
  const ours = { MUSTER_OWNER: 'blue', MUSTER_GROUP_ID: 'g-1' };
  test.each([
    ['by mark and environment', task('muster/blue', ours), 'g-1'],
    ['not by a mark that only begins alike', task('muster/blue-2', ours), undefined],
    ['not by the environment of another', task('muster/blue', { ...ours, MUSTER_OWNER: 'red' }), undefined],
    ['not without a group', task('muster/blue', { MUSTER_OWNER: 'blue' }), undefined],
    ['not with an empty one', task('muster/blue', { ...ours, MUSTER_GROUP_ID: '' }), undefined],
    ['not as AWS shows one that ended long ago', {}, undefined],
    ['not where a field is missing', { startedBy: 'muster/blue', overrides: {} }, undefined],
  ])('%s', (_, one, group) => expect(groupOf(one, owner)).toBe(group));
});

describe('a task that ECS does not show', () => {
  const seconds = (n: number) => instant(n * 1_000);
  const after = (...times: readonly number[]) =>
    times.reduce((absence, at) => missed(absence, seconds(at)), {
      since: seconds(0),
      misses: 0,
      lastMissAt: seconds(0),
    });
  test.each([
    ['is still on its way within five minutes', [10, 60, 120, 200, 290], 299, false],
    ['is gone when three answers agree after that', [270, 300, 330], 330, true],
    ['is not gone with two', [300, 330], 330, false],
    ['is not gone with many at once', [300, 301, 302, 303, 304], 305, false],
    ['is gone when the answers lie apart', [240, 270, 301], 301, true],
  ])('%s', (_, times, now, lost) => expect(isLost(after(...times), seconds(now))).toBe(lost));
});

describe('why a task ended', () => {
  const stopped = (stopCode: string | undefined, stoppedReason: string, container: object = {}): Task => ({
    stopCode: stopCode as Task['stopCode'],
    stoppedReason,
    containers: [container],
  });
  const start = (reason: string) => stopped('TaskFailedToStart', reason);
  const exit = (exitCode: number, reason?: string) =>
    stopped('EssentialContainerExited', 'Essential container in task exited', { exitCode, reason });
  const table: readonly (readonly [string, Task, EndCause, 'definition' | 'nobody'])[] = [
    [
      'eni',
      start('Timeout waiting for network interface provisioning to complete.'),
      'infrastructure',
      'nobody',
    ],
    [
      'storage',
      start('Timeout waiting for EphemeralStorage provisioning to complete.'),
      'infrastructure',
      'nobody',
    ],
    [
      'eni throttled',
      start('Rate limit exceeded while preparing network interface to be attached to instance'),
      'throttle',
      'nobody',
    ],
    [
      'pull: route',
      start(
        'CannotPullContainerError: pull image manifest has been retried 5 time(s): dial tcp: i/o timeout',
      ),
      'pull-network',
      'definition',
    ],
    [
      'pull: no such image',
      start('CannotPullContainerError: manifest unknown: Requested image not found'),
      'pull-permanent',
      'definition',
    ],
    [
      'pull: not allowed',
      start('CannotPullContainerError: pull access denied, repository does not exist'),
      'pull-permanent',
      'definition',
    ],
    [
      'pull: limits',
      start('CannotPullContainerError: toomanyrequests: You have reached your pull rate limit'),
      'pull-throttle',
      'nobody',
    ],
    [
      'pull: platform',
      start(
        "CannotPullContainerError: image Manifest does not contain descriptor matching platform 'linux/arm64'",
      ),
      'architecture',
      'definition',
    ],
    [
      'secrets',
      start(
        'ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed',
      ),
      'init',
      'definition',
    ],
    [
      'log group',
      start(
        'ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: The specified log group does not exist',
      ),
      'logs',
      'definition',
    ],
    [
      'entry point',
      start('CannotStartContainerError: exec: "nope": executable file not found'),
      'container-config',
      'definition',
    ],
    ['a new reason', start('SomethingNewError'), 'unknown', 'definition'],
    ['clean', exit(0), 'clean-exit', 'nobody'],
    [
      'memory',
      exit(137, 'OutOfMemoryError: Container killed due to memory usage'),
      'out-of-memory',
      'nobody',
    ],
    ['killed', exit(137), 'killed', 'nobody'],
    ['terminated', exit(143), 'terminated', 'nobody'],
    ['crash', exit(1), 'crash', 'definition'],
    ['no exit code', stopped('EssentialContainerExited', 'x'), 'crash', 'definition'],
    ['ours', stopped('UserInitiated', 'muster: asked by the scheduler'), 'ours', 'nobody'],
    ['somebody else', stopped('UserInitiated', 'Stopped from the console'), 'stopped-by-other', 'nobody'],
    ['spot, of the enum', stopped('SpotInterruption', 'Your Spot Task was interrupted.'), 'spot', 'nobody'],
    [
      'spot, of the samples',
      stopped('TerminationNotice', 'Your Spot Task was interrupted.'),
      'spot',
      'nobody',
    ],
    ['spot, by its text', stopped(undefined, 'Your Spot Task was interrupted.'), 'spot', 'nobody'],
    ['retirement', stopped('InfrastructureHealth', 'host is unhealthy'), 'infrastructure', 'nobody'],
    ['a service', stopped('ServiceSchedulerInitiated', 'scaling'), 'infrastructure', 'nobody'],
    ['a code of tomorrow', stopped('Whatever', ''), 'infrastructure', 'nobody'],
    ['nothing is said', {}, 'unknown', 'nobody'],
  ];
  test.each(table)('%s', (_, task, cause, blames) => {
    const end = endOf(task);
    expect([end.cause, end.blames]).toEqual([cause, blames]);
    expect(end.text).not.toBe('');
  });
  test('is told with what can be done', () =>
    expect(endOf(start('CannotPullContainerError: i/o timeout')).text).toMatch(/NAT or VPC endpoints/));
});
