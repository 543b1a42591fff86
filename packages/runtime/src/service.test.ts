import { describe, expect, test } from 'vitest';
import { StoppedError, service, serviceGroup } from './service.ts';
import type { Service } from './service.ts';
import { stressService } from './service-stress.ts';
import type { StressSubject } from './service-stress.ts';

const gate = () => {
  let open = (): void => undefined;
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, passed };
};

/** Holds one thing while it runs; every start and stop passes a few turns of the event loop. */
const counted = (): StressSubject => {
  let held = 0;
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
  return {
    held: () => held,
    service: service({
      name: 'counted',
      run: async () => {
        await turn();
        held += 1;
        await turn();
      },
      release: async () => {
        await turn();
        held -= 1;
      },
    }),
  };
};

describe('service', () => {
  test('survives the stress helper', async () => {
    await stressService(counted);
  });

  test('starts that come together are one start', async () => {
    let runs = 0;
    const one = service({ name: 'one', run: async () => void runs++, release: async () => undefined });
    await Promise.all([one.start(), one.start()]);
    await one.start();
    expect(runs).toBe(1);
  });

  test('a failed start rejects with its error, leaves nothing to stop, and can be tried again', async () => {
    const log: string[] = [];
    let fail = true;
    const one = service({
      name: 'one',
      run: async () => {
        log.push('run');
        if (fail) throw new TypeError('no');
      },
      release: async () => void log.push('release'),
    });
    await expect(one.start()).rejects.toThrow(TypeError);
    await one.stop();
    fail = false;
    await one.start();
    await one.stop();
    expect(log).toEqual(['run', 'run', 'release']);
  });

  test('a stop during a start aborts it, and releases what it got all the same', async () => {
    const log: string[] = [];
    const { open, passed } = gate();
    const one = service({
      name: 'one',
      run: async (signal) => {
        signal.addEventListener('abort', () => log.push('aborted'));
        await passed;
        log.push('acquired');
      },
      release: async () => void log.push('released'),
    });
    const started = one.start();
    await new Promise((resolve) => setImmediate(resolve));
    const stopped = one.stop();
    open();
    await expect(started).rejects.toBeInstanceOf(StoppedError);
    await stopped;
    expect(log).toEqual(['aborted', 'acquired', 'released']);
  });

  test('a start that gives up because of a stop has nothing to release', async () => {
    const log: string[] = [];
    const one = service({
      name: 'one',
      run: (signal) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('gave up')))),
      release: async () => void log.push('released'),
    });
    const started = one.start();
    await new Promise((resolve) => setImmediate(resolve));
    await one.stop();
    await expect(started).rejects.toMatchObject({ code: 'stopped', cause: new Error('gave up') });
    expect(log).toEqual([]);
  });

  test('the last call decides, whatever came before it', async () => {
    const one = counted();
    const calls = [
      one.service.start(),
      one.service.stop(),
      one.service.start(),
      one.service.stop(),
      one.service.start(),
    ];
    await Promise.allSettled(calls);
    expect(one.held()).toBe(1);
    await one.service.stop();
    expect(one.held()).toBe(0);
  });

  test('a release that fails is told by stop, and the service can start again', async () => {
    let fail = true;
    const one = service({
      name: 'one',
      run: async () => undefined,
      release: async () => {
        if (fail) throw new Error('stuck');
      },
    });
    await one.start();
    await expect(one.stop()).rejects.toThrow('stuck');
    fail = false;
    await one.start();
    await one.stop();
  });
});

describe('service group', () => {
  const named = (name: string, log: string[], trouble?: 'start' | 'stop'): Service =>
    service({
      name,
      run: async () => {
        if (trouble === 'start') throw new Error(`${name} does not start`);
        log.push(`+${name}`);
      },
      release: async () => {
        log.push(`-${name}`);
        if (trouble === 'stop') throw new Error(`${name} does not stop`);
      },
    });

  test('starts in order and stops in reverse', async () => {
    const log: string[] = [];
    const group = serviceGroup('group', [named('a', log), named('b', log), named('c', log)]);
    await group.start();
    await group.stop();
    expect(log).toEqual(['+a', '+b', '+c', '-c', '-b', '-a']);
  });

  test('when one does not start, those before it are stopped and its error is told', async () => {
    const log: string[] = [];
    const group = serviceGroup('group', [named('a', log), named('b', log, 'start'), named('c', log)]);
    await expect(group.start()).rejects.toThrow('b does not start');
    expect(log).toEqual(['+a', '-a']);
    await group.stop();
    expect(log).toEqual(['+a', '-a']);
  });

  test('all are stopped even if some fail', async () => {
    const log: string[] = [];
    const group = serviceGroup('group', [named('a', log, 'stop'), named('b', log), named('c', log, 'stop')]);
    await group.start();
    await expect(group.stop()).rejects.toMatchObject({
      errors: [new Error('c does not stop'), new Error('a does not stop')],
    });
    expect(log).toEqual(['+a', '+b', '+c', '-c', '-b', '-a']);
  });

  test('a stop during the start of a member calls it off', async () => {
    const log: string[] = [];
    const slow = service({
      name: 'slow',
      run: (signal) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('called off')))),
      release: async () => void log.push('-slow'),
    });
    const group = serviceGroup('group', [named('a', log), slow, named('c', log)]);
    const started = group.start();
    while (!log.includes('+a')) await new Promise((resolve) => setImmediate(resolve));
    await group.stop();
    await expect(started).rejects.toBeInstanceOf(StoppedError);
    expect(log).toEqual(['+a', '-a']);
  });

  test('survives the stress helper', async () => {
    await stressService(() => {
      const members = [counted(), counted(), counted()];
      return {
        service: serviceGroup(
          'group',
          members.map((one) => one.service),
        ),
        held: () => members.reduce((sum, one) => sum + one.held(), 0),
      };
    });
  });
});

describe('the stress helper', () => {
  const leaky = (change: Partial<{ releases: boolean }>): StressSubject => {
    let held = 0;
    const { releases = true } = change;
    return {
      held: () => held,
      service: {
        start: async () => void held++,
        stop: async () => {
          if (releases) held = 0;
        },
      },
    };
  };

  test('finds a service that leaks', async () => {
    await expect(stressService(() => leaky({ releases: false }))).rejects.toThrow('holds');
  });

  test('finds a service that starts twice', async () => {
    await expect(stressService(() => leaky({}))).rejects.toThrow(
      'after a second start, the service holds 2 things instead of 1',
    );
  });
});
