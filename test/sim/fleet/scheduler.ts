/** The scheduler's process: each run has a fresh epoch and remembers nothing. */
import { createScheduler } from '@muster/core/scheduler';
import type { Scheduler } from '@muster/core/scheduler';
import type {
  OperatorRequest,
  SchedulerConfig,
  SchedulerEffect,
  SchedulerEvent,
  SchedulerStatus,
} from '@muster/core/scheduler-types';
import { drive } from '@muster/runtime/drive';
import type { Drive } from '@muster/runtime/drive';
import type { Fleet } from './fleet.ts';
import { watched } from './machine.ts';
import { sayMessage, sayNote } from './words.ts';
import { Process } from './world.ts';

interface Run {
  readonly process: Process;
  readonly loop: Drive<SchedulerEvent>;
  status(): SchedulerStatus;
}

export class SimScheduler {
  readonly #fleet: Fleet;
  readonly #config: Omit<SchedulerConfig, 'epoch'>;
  #run: Run | undefined;
  #runs = 0;
  #stores = 1;
  /** It ended because an operator asked for it. */
  isOver = false;

  constructor(fleet: Fleet, config: Omit<SchedulerConfig, 'epoch'>) {
    this.#fleet = fleet;
    this.#config = config;
    this.start();
  }

  get runs(): number {
    return this.#runs;
  }

  get process(): Process | undefined {
    return this.#run?.process;
  }

  status(): SchedulerStatus | undefined {
    return this.#run?.status();
  }

  start(): void {
    if (this.#run !== undefined) return;
    const { world, network, random, ledger } = this.#fleet;
    const epoch = `e${++this.#runs}`;
    const process = new Process(world, epoch, random.int(0, 1_000_000));
    const bornAt = process.clock.now();
    const machine = watched<SchedulerEvent, SchedulerEffect, Scheduler>(
      epoch,
      () => createScheduler({ ...this.#config, epoch }, bornAt),
      this.#fleet.watch,
    );
    const loop = drive<SchedulerEvent, SchedulerEffect>(
      machine,
      process.clock,
      { kind: 'deadline' },
      (effects) => {
        for (const effect of effects) this.#apply(epoch, effect);
      },
    );
    this.#run = { process, loop, status: () => machine.status(process.clock.now()) };
    ledger.onSchedulerStart(epoch);
    network.bind({
      process,
      onTurn: (turn) => {
        for (const event of turn) if (event.kind === 'message') ledger.onHeard(event.from, event.message);
        loop.feed(turn);
      },
    });
    process.after(random.chance(0.2) ? 2_000 : 1, () => this.store('up'));
  }

  crash(): void {
    const run = this.#run;
    if (run === undefined) return;
    this.#fleet.world.say(run.process.name, 'crash');
    this.#end();
  }

  #end(): void {
    if (this.#run === undefined) return;
    this.#run.process.alive = false;
    this.#run.loop.stop();
    this.#run = undefined;
    this.#fleet.network.unbind();
  }

  /** The object store comes up, under a new identity after each time it was down. */
  store(state: 'up' | 'down'): void {
    const epoch = state === 'down' ? '' : `s${this.#stores++}`;
    const address = { host: '127.0.0.1', port: 1 };
    this.#run?.loop.feed([{ kind: 'objectStore', state: { address, path: '/store', epoch } }]);
  }

  operate(request: OperatorRequest): void {
    this.#run?.loop.feed([{ kind: 'operator', request }]);
  }

  #apply(epoch: string, effect: SchedulerEffect): void {
    const { world, network, ledger } = this.#fleet;
    switch (effect.kind) {
      case 'send':
        world.say(epoch, () => `→ ${effect.to} ${sayMessage(effect.message)}`);
        ledger.onSaid(epoch, effect.to, effect.message);
        return network.send(effect.to, effect.message);
      case 'note':
        world.say(epoch, () => sayNote(effect));
        return ledger.onSchedulerNote(epoch, effect);
      case 'deleteObjects':
        return world.say(epoch, effect.kind);
      case 'exit':
        world.say(epoch, () => `exit ${effect.reason}`);
        this.isOver = true;
        return this.#end();
    }
  }
}
