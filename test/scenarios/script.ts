/**
 * Transcripts of the scheduler machine: commands in words, effects in words.
 *
 * `live NAME …` is a peer that plays itself (live.ts); what is said to it is not shown, and notes of one kind at one
 * instant share a line.
 *
 * A file is a purpose (lines that begin with `#`) and blocks. A block is one or more commands, which happen in
 * one turn, then `----`, then every effect. `wait 20` is a block of its own: time passes, deadlines fire.
 */
import { groupId, instant, objectId, peerId, showId, workerId } from '@muster/protocol/ids';
import type { GroupId } from '@muster/protocol/ids';
import type { CommandStatus, Message, TaskAttempt } from '@muster/protocol/messages';
import { POLICY_KEYS, policyOf } from '@muster/core/policy-content';
import { createScheduler } from '@muster/core/scheduler';
import type { ExplainQuery } from '@muster/core/explain';
import type { Scheduler } from '@muster/core/scheduler';
import type { SchedulerConfig, SchedulerEffect, SchedulerEvent } from '@muster/core/scheduler-types';
import { Live, offersOf } from './live.ts';
import {
  adapterBeat,
  clientBeat,
  CONFIG,
  head,
  listed,
  result,
  task16,
  trimmed,
  workerBeat,
} from '../../packages/core/test/kit.ts';

type Options = ReadonlyMap<string, string>;

interface Line {
  readonly words: readonly string[];
  readonly options: Options;
}

const parse = (line: string): Line => {
  const words: string[] = [];
  const options = new Map<string, string>();
  for (const part of line.split(/\s+/).filter((one) => one !== '')) {
    const equals = part.indexOf('=');
    if (equals > 0) options.set(part.slice(0, equals), part.slice(equals + 1));
    else words.push(part);
  }
  return { words, options };
};

const attempts = (words: readonly string[]): readonly TaskAttempt[] =>
  words.map((word) => {
    const [name = '', attempt = '1'] = word.split('#');
    return { taskId: task16(name), attempt: Number(attempt) };
  });

/** `g-e1-1/2` is worker 2 of that group, `NAT/1` a stock one; anything else is itself. */
const peer = (name: string): string => {
  const match = /^(.+)\/(\d+)$/.exec(name);
  return match === null ? name : `Worker|${match[1] ?? ''}|${(match[2] ?? '').padStart(32, '0')}`;
};

const alias = (id: string): string => {
  const match = /^Worker\|(.+)\|0*(\d+)$/.exec(id);
  return match === null ? showId(id) : `${match[1] ?? ''}/${match[2] ?? ''}`;
};

/** Options that are named as in `--policy-content` go there; `upper` and `lower` are short for the ratios. */
const policyText = (options: Options): string => {
  const words = new Map([
    ['allocate', 'even_load'],
    ['scaling', 'no'],
  ]);
  for (const [key, value] of options) {
    const name = key === 'upper' || key === 'lower' ? `${key}_task_ratio` : key;
    if (POLICY_KEYS.includes(name)) words.set(name, value);
  }
  return [...words].map(([key, value]) => `${key}=${value}`).join('; ');
};

const configOf = (options: Options): SchedulerConfig => {
  const number = (key: string, standard: number): number => Number(options.get(key) ?? standard);
  return {
    ...CONFIG,
    policy: policyOf(policyText(options)),
    compat: options.get('compat') === 'stock' ? 'stock' : 'own',
    epoch: options.get('epoch') ?? 'e1',
    attemptsMax: number('attempts', CONFIG.attemptsMax),
    prefetchMs: number('prefetch', CONFIG.prefetchMs),
    protected: options.get('protected') === 'yes',
    idleBeforeStopMs: number('idle', CONFIG.idleBeforeStopMs),
    drainTimeoutMs: number('drain', CONFIG.drainTimeoutMs),
    startTimeoutMs: number('start', CONFIG.startTimeoutMs),
    pendingTimeoutMs: number('pending', CONFIG.pendingTimeoutMs),
    stopTimeoutMs: number('stop', CONFIG.stopTimeoutMs),
    clientTimeoutMs: number('client', CONFIG.clientTimeoutMs),
    clientGraceMs: number('grace', 10_000),
    workerTimeoutMs: number('worker', CONFIG.workerTimeoutMs),
  };
};

export class Script {
  #machine: Scheduler;
  #config: SchedulerConfig;
  #now = 0;
  readonly #stock = new Set<string>();
  readonly #adapters = new Map<string, string>();
  /** The last message to each peer that is no echo. */
  readonly #last = new Map<string, Message>();

  readonly #make: typeof createScheduler;
  #live = new Live();

  constructor(make: typeof createScheduler = createScheduler) {
    this.#make = make;
    this.#config = configOf(new Map());
    this.#machine = make(this.#config, instant(0));
  }

  /** @returns what the block's effects look like, one line each. */
  run(commands: readonly string[]): readonly string[] {
    const lines = commands.map(parse);
    const [first] = lines;
    switch (first?.words[0]) {
      case 'config':
        this.#config = configOf(first.options);
        this.#machine = this.#make(this.#config, instant(0));
        return [];
      case 'wait':
        return this.#wait(Number(first.words[1]));
      case 'status':
        return this.#status();
      case 'explain':
        return this.#explain(first.words.slice(1));
      default:
        return this.#step(lines.flatMap((line) => this.#events(line)));
    }
  }

  #step(events: readonly SchedulerEvent[]): readonly string[] {
    const effects = this.#machine.step(events, instant(this.#now));
    this.#machine.check();
    const shown = effects.filter((effect) => !this.#live.hear(effect, this.#now));
    if (this.#live.next() === undefined) return shown.map((effect) => this.#show(effect));
    return together(shown).map(({ effect, count }) =>
      count === 1 ? this.#show(effect) : `${this.#show(effect)} … ×${count}`,
    );
  }

  #wait(ms: number): readonly string[] {
    const until = this.#now + ms;
    const shown: string[] = [];
    for (let at = this.#next(); at !== undefined && at <= until; at = this.#next()) {
      this.#now = Math.max(this.#now, at);
      const effects = this.#step([...this.#live.due(this.#now), { kind: 'deadline' }]);
      shown.push(...effects.map((effect) => `${this.#now} ms: ${effect}`));
    }
    this.#now = until;
    return shown;
  }

  #next(): number | undefined {
    const [deadline, live] = [this.#machine.nextDeadline(), this.#live.next()];
    return deadline === undefined || (live !== undefined && live < deadline) ? live : deadline;
  }

  #events({ words, options }: Line): readonly SchedulerEvent[] {
    const [who = '', verb = '', ...rest] = words;
    if (who === 'store') {
      const address = { host: '127.0.0.1', port: 2_345 };
      return [
        {
          kind: 'objectStore',
          state: { address, path: '/run/store', epoch: verb === 'up' ? (rest[0] ?? 's1') : '' },
        },
      ];
    }
    if (who === 'operator') {
      return verb === 'drain'
        ? [{ kind: 'operator', request: { action: 'drainGroup', groupId: groupId(rest[0] ?? '') } }]
        : [{ kind: 'operator', request: { action: 'shutdown', withinMs: Number(rest[0]) } }];
    }
    if (who === 'live') return this.#born(verb, rest, options);
    if (who === 'function') this.#live.takes(verb, Number(options.get('ms')));
    if (who === 'function') return [];
    if (who === 'kill') return this.#live.kill(verb);
    const mood = this.#live.mood(who, verb);
    if (mood !== undefined) return mood;
    if (who === 'down') return [{ kind: 'peerDown', peer: peerId(peer(verb)) }];
    if (who === 'undelivered') {
      const message = this.#last.get(peer(verb));
      if (message === undefined) throw new Error(`nothing was sent to ${verb}`);
      return [
        {
          kind: 'undelivered',
          peer: peerId(peer(verb)),
          message,
          why: rest[0] === 'full' ? 'full' : 'unreachable',
        },
      ];
    }
    return this.#messages(who, verb, rest, options).map(([from, message]) => ({
      kind: 'message',
      from: peerId(from),
      message,
    }));
  }

  #born(name: string, rest: readonly string[], options: Options): readonly SchedulerEvent[] {
    if (rest.includes('client')) return this.#live.client(name, this.#now);
    const number = (key: string, standard: number): number => Number(options.get(key) ?? standard);
    const offers = offersOf(options.get('offers') ?? '');
    const traits = { max: number('max', 4), per: number('per', 1), bootsMs: number('boots', 500), offers };
    return this.#live.adapter(name, traits, this.#now);
  }

  #messages(
    who: string,
    verb: string,
    rest: readonly string[],
    options: Options,
  ): readonly (readonly [string, Message])[] {
    const from = peer(who);
    switch (who) {
      case 'client':
        if (rest.includes('stock')) this.#stock.add(verb);
        return [[verb, clientBeat(this.#stock.has(verb) ? 0 : 1)]];
      case 'worker':
        if (rest.includes('stock')) this.#stock.add(verb);
        return [[peer(verb), workerBeat(this.#workerOptions(verb, rest, options))]];
      case 'adapter':
        return [this.#adapterBeat(verb, rest, options)];
      default:
        return this.#said(from, verb, rest, options).map(
          (message) => [this.#adapters.get(who) ?? from, message] as const,
        );
    }
  }

  #workerOptions(name: string, rest: readonly string[], options: Options): Parameters<typeof workerBeat>[0] {
    return {
      features: this.#stock.has(name) ? 0 : 1,
      queueSize: Number(options.get('queue') ?? 1_000),
      queued: Number(options.get('queued') ?? 0),
      running: rest.includes('busy'),
      capabilities: options.get('caps') ?? '',
    };
  }

  #adapterBeat(name: string, rest: readonly string[], options: Options): readonly [string, Message] {
    const stock = rest.includes('stock') || this.#stock.has(name);
    if (stock) this.#stock.add(name);
    const from = options.get('as') ?? this.#adapters.get(name) ?? name;
    this.#adapters.set(name, from);
    const groups = (options.get('groups') ?? '')
      .split(',')
      .filter((one) => one !== '')
      .map((one) => {
        const [id = '', state = 'running'] = one.split(':');
        return listed(id, state as Parameters<typeof listed>[1]);
      });
    return [
      from,
      adapterBeat(stock ? undefined : name, {
        groupsMax: Number(options.get('max') ?? 4),
        workersPerGroup: Number(options.get('per') ?? 1),
        groups,
        capabilities: options.get('caps') ?? '',
        offers: offersOf(options.get('offers') ?? ''),
        trouble: (options.get('trouble') ?? '').replaceAll('_', ' '),
      }),
    ];
  }

  #said(from: string, verb: string, rest: readonly string[], options: Options): readonly Message[] {
    const stock = this.#stock.has(alias(from)) || this.#stock.has(from);
    switch (verb) {
      case 'submits':
        return this.#submits(from, stock, rest, options);
      case 'finishes':
        return finishes(stock, rest, options);
      case 'acks':
        return [{ kind: 'resultAck', tasks: attempts(rest) }];
      case 'cancels':
        return [{ kind: 'taskCancel', taskId: task16(rest[0] ?? ''), force: rest.includes('force') }];
      case 'confirms':
        return [{ kind: 'taskCancelConfirm', taskId: task16(rest[0] ?? ''), confirm: rest[1] as 'canceled' }];
      case 'returns':
        return [{ kind: 'tasksReturned', returned: attempts(rest), kept: [] }];
      case 'keeps':
        return [{ kind: 'tasksReturned', returned: [], kept: attempts(rest) }];
      case 'holds':
        return [{ kind: 'tasksHeld', tasks: attempts(rest) }];
      case 'drained':
      case 'draining':
        return [{ kind: 'drainStatus', status: verb, reason: rest.join(' ') }];
      case 'disconnects':
        return [{ kind: 'disconnectRequest', worker: workerId(from) }];
      case 'leaves':
        return [{ kind: 'clientDisconnect', type: 'disconnect' }];
      case 'shuts-down':
        return [{ kind: 'clientDisconnect', type: 'shutdown' }];
      case 'logs':
        return [
          {
            kind: 'taskLog',
            taskId: task16(rest[0] ?? ''),
            stream: 'stdout',
            content: rest.slice(1).join(' '),
          },
        ];
      case 'creates':
      case 'deletes':
        return [
          {
            kind: 'objectInstruction',
            instruction: verb === 'creates' ? 'create' : 'delete',
            user: peerId(options.get('for') ?? from),
            objects: {
              ids: rest.map((id) => objectId(id.padEnd(32, ' '))),
              types: rest.map(() => 'object'),
              names: [],
            },
          },
        ];
      case 'answers':
        return [this.#answer(rest, options)];
      default:
        throw new Error(`unknown command: ${alias(from)} ${verb}`);
    }
  }

  #submits(from: string, stock: boolean, words: readonly string[], options: Options): readonly Message[] {
    const names = words.flatMap(expand);
    const priority = Number(options.get('priority') ?? 0);
    const needs = options.get('needs') ?? '';
    const attemptsMax = Number(options.get('attempts') ?? 0);
    const fn = options.get('fn');
    const tasks = names.map((name) =>
      head(name, {
        priority,
        needs,
        attemptsMax,
        ...(fn === undefined ? {} : { fn }),
        ...(stock ? { source: from } : {}),
      }),
    );
    if (stock) return tasks.map((task) => ({ kind: 'task', task }));
    return [{ kind: 'taskBatch', tasks, attempts: tasks.map(() => 0), sources: [], sourceOf: [] }];
  }

  /** `ADAPTER answers start|shutdown|none [GROUP] STATUS` */
  #answer(rest: readonly string[], options: Options): Message {
    const command =
      rest[0] === 'start' ? 'startWorkerGroup' : rest[0] === 'none' ? 'none' : 'shutdownWorkerGroup';
    const id: GroupId | undefined = rest.length > 2 ? groupId(rest[1] ?? '') : undefined;
    return {
      kind: 'adapterCommandResponse',
      command,
      groupId: id,
      status: (rest.at(-1) ?? '') as CommandStatus,
      workerIds: (options.get('workers') ?? '')
        .split(',')
        .filter((one) => one !== '')
        .map((one) => workerId(peer(one))),
      capabilities: new Map(),
      failure: (options.get('failure') ?? 'none') as 'none',
      reason: (options.get('reason') ?? '').replaceAll('_', ' '),
    };
  }

  #show(effect: SchedulerEffect): string {
    switch (effect.kind) {
      case 'send':
        if (!effect.message.kind.endsWith('Echo')) this.#last.set(effect.to, effect.message);
        return `→ ${this.#nameOf(effect.to)}: ${showMessage(effect.message)}`;
      case 'deleteObjects':
        return `delete objects ${effect.ids.map(trimmed).join(' ')}`;
      case 'exit':
        return `exit: ${effect.reason}`;
      case 'note': {
        const fields = Object.entries(effect.fields).map(([key, value]) => `${key}=${showField(value)}`);
        return `${effect.level === 'info' ? 'note' : effect.level} ${effect.event} ${fields.join(' ')}`.trimEnd();
      }
    }
  }

  #nameOf(id: string): string {
    for (const [name, as] of this.#adapters) if (as === id) return name === as ? name : `${name} (${as})`;
    return alias(id);
  }

  /** `explain scale`, `explain task t1`: as `muster explain` prints it. */
  #explain([what, id = '']: readonly string[]): readonly string[] {
    const query: ExplainQuery =
      what === 'task' || what === 'group' || what === 'adapter' ? { what, id } : { what: 'scale' };
    const { found, headline, sections } = this.#machine.explain(query, instant(this.#now));
    return [
      `${found ? '' : '(not found) '}${headline}`,
      ...sections.flatMap(({ title, lines }) => [title, ...lines.map((line) => `  ${line}`)]),
    ];
  }

  #status(): readonly string[] {
    const { tasks, waiting, workers, groups, adapters, scaling } = this.#machine.status(instant(this.#now));
    return [
      `tasks: ${Object.entries(tasks)
        .filter(([, count]) => count > 0)
        .map(([name, count]) => `${count} ${name}`)
        .join(', ')}`,
      ...waiting.map(
        (row) =>
          `waiting: ${row.count}${row.needs.length > 0 ? ` with ${row.needs.join(', ')}` : ''}: ${row.reason}`,
      ),
      ...workers.map(
        (one) =>
          `worker ${alias(one.id)}: holds ${one.held}${one.draining ? ', draining' : ''}${one.group === undefined ? '' : `, of ${one.group}`}`,
      ),
      ...groups.map(
        (one) =>
          `group ${one.id}: ${one.phase} for ${one.sinceMs} ms, ${one.workers} workers hold ${one.held}: ${one.reason}`,
      ),
      ...adapters.filter((one) => one.trouble !== '').map((one) => `adapter ${one.id}: ${one.trouble}`),
      ...(scaling === '' ? [] : [`scaling: ${scaling}`]),
    ];
  }
}

/** `t1..t15` */
const expand = (word: string): readonly string[] => {
  const match = /^([a-z]+)(\d+)\.\.[a-z]+(\d+)$/.exec(word);
  if (match === null) return [word];
  const [first, last] = [Number(match[2]), Number(match[3])];
  return Array.from({ length: last - first + 1 }, (_, i) => `${match[1] ?? ''}${first + i}`);
};

/** Notes of one kind, in a row or not, by the first of them. */
const together = (
  effects: readonly SchedulerEffect[],
): readonly { readonly effect: SchedulerEffect; readonly count: number }[] => {
  const groups = new Map<string, { readonly effect: SchedulerEffect; count: number }>();
  effects.forEach((effect, index) => {
    const isAlike = effect.kind === 'note' && /^(group|worker)\./.test(effect.event);
    const key = isAlike ? `${effect.event} ${String(effect.fields['reason'] ?? '')}` : String(index);
    const known = groups.get(key);
    if (known === undefined) groups.set(key, { effect, count: 1 });
    else known.count++;
  });
  return [...groups.values()];
};

const finishes = (stock: boolean, rest: readonly string[], options: Options): readonly Message[] => {
  const tasks = attempts(rest.filter((word) => word !== 'failed'));
  const ms = options.get('ms');
  const objects = (options.get('objects') ?? '').split(',').filter((one) => one !== '');
  const results = tasks.map(({ taskId }) =>
    result(trimmed(taskId), {
      outcome: rest.includes('failed') ? 'failed' : 'success',
      objects,
      ...(ms === undefined ? {} : { ms: Number(ms) }),
    }),
  );
  if (stock) return results.map((one) => ({ kind: 'taskResult', result: one }));
  return [{ kind: 'taskResultBatch', results, attempts: tasks.map(({ attempt }) => attempt) }];
};

const showField = (value: string | number | boolean): string => {
  const text = typeof value === 'string' ? alias(trimmed(value)) : String(value);
  return text.includes(' ') ? `"${text}"` : text;
};

const showAttempts = (tasks: readonly TaskAttempt[]): string =>
  tasks.map(({ taskId, attempt }) => `${trimmed(taskId)}#${attempt}`).join(' ');

const showMessage = (message: Message): string => {
  switch (message.kind) {
    case 'taskBatch':
      return `taskBatch ${message.tasks.map((task, i) => `${trimmed(task.taskId)}#${message.attempts[i] ?? 0} of ${message.sources[message.sourceOf[i] ?? 0] ?? '?'}`).join(', ')}`;
    case 'task':
      return `task ${trimmed(message.task.taskId)} of ${message.task.source ?? 'nobody'}`;
    case 'taskResultBatch':
      return `taskResultBatch ${message.results.map((one, i) => `${trimmed(one.taskId)}#${message.attempts[i] ?? 0} ${one.outcome}`).join(', ')}`;
    case 'taskResult':
      return `taskResult ${trimmed(message.result.taskId)} ${message.result.outcome}`;
    case 'taskCancel':
      return `taskCancel ${trimmed(message.taskId)}${message.force ? ' force' : ''}`;
    case 'taskCancelConfirm':
      return `taskCancelConfirm ${trimmed(message.taskId)} ${message.confirm}`;
    case 'taskLog':
      return `taskLog ${trimmed(message.taskId)} ${message.stream} "${message.content}"`;
    case 'resultAck':
    case 'takeBack':
      return `${message.kind} ${showAttempts(message.tasks)}`;
    case 'clientHeartbeatEcho':
    case 'workerHeartbeatEcho':
      return `${message.kind} store ${message.storage.host}:${message.storage.port}${showExtras(message.extras)}`;
    case 'adapterHeartbeatEcho':
      return `adapterHeartbeatEcho${showExtras(message.extras)}${message.registered.length > 0 ? ` registered ${message.registered.join(' ')}` : ''}`;
    case 'adapterCommand':
      return `${message.command} ${message.groupId ?? '(it names the group)'}${message.capabilities.size === 0 ? '' : ` with ${[...message.capabilities.keys()].join('+')}`}`;
    case 'drain':
      return `drain ${message.action}`;
    case 'disconnectResponse':
      return 'disconnectResponse';
    case 'clientDisconnect':
      return `clientDisconnect ${message.type}`;
    case 'clientShutdownResponse':
      return `clientShutdownResponse ${message.accepted ? 'accepted' : 'refused'}`;
    case 'objectInstruction':
      return `objectInstruction ${message.instruction} ${message.objects.ids.map(trimmed).join(' ')}`;
    default:
      return message.kind;
  }
};

const showExtras = (
  extras: { readonly epoch: string; readonly storeEpoch: string; readonly storePath: string } | undefined,
): string =>
  extras === undefined
    ? ''
    : ` epoch ${extras.epoch}${extras.storeEpoch === '' ? '' : ` store ${extras.storeEpoch} at ${extras.storePath}`}`;
