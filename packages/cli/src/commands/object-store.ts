/** `muster object-store`: the object store alone. */
import { tmpdir } from 'node:os';
import { defineCommand, logOptions, option, optional } from '@muster/runtime/config';
import { boolean, duration, size, text } from '@muster/runtime/config-kinds';
import { createLog } from '@muster/runtime/log';
import { isLoopback, parseTcp } from '@muster/scheduler/addresses';
import { runObjectStore } from '@muster/storage/main';
import { ObjectStoreError } from '@muster/storage/client';
import { runCommand, type CommandDefinition } from '../command.ts';
import { CliError, EXIT } from '../errors.ts';

const spec = defineCommand({
  section: 'object-store',
  sectionAliases: ['object-storage-server'],
  options: {
    address: optional(
      text({ placeholder: '<address>', pattern: /^tcp:\/\/.+:\d+$/, example: 'tcp://127.0.0.1:8517' }),
      {
        positional: true,
        env: 'MUSTER_STORE_ADDRESS',
        doc: 'where to listen for peers of the stock system, such as tcp://127.0.0.1:8517',
      },
    ),
    socket: optional(text({ placeholder: '<path>' }), {
      doc: 'local socket for our own processes, open to you only',
    }),
    advertiseHost: optional(text({ placeholder: '<ip>' }), {
      doc: 'IP address that peers are told, where they reach this machine under another one',
    }),
    memoryBytesMax: option(size({ min: 1024 * 1024 }), {
      default: 1024 ** 3,
      flag: 'memory',
      doc: 'bytes of objects in memory; the coldest large ones go to disk beyond it',
    }),
    spillDir: option(text({ placeholder: '<dir>' }), {
      default: tmpdir(),
      doc: 'where they go, in a private folder of their own',
    }),
    objectBytesMax: option(size({ min: 1 }), {
      default: 64 * 1024 ** 3,
      flag: 'object-size',
      doc: 'larger objects are refused',
    }),
    orphanMs: optional(duration({ min: 100 }), {
      flag: 'orphan-timeout',
      doc: 'end when the owner has been away for this long; default: never',
    }),
    ownerMark: optional(text(), {
      secret: true,
      env: 'MUSTER_STORE_OWNER_MARK',
      doc: 'whoever presents it owns the store',
    }),
    insecure: option(boolean(), { default: false, doc: 'listen where other machines can reach it' }),
    ...logOptions,
  },
  check: ({ address, socket }) =>
    address === undefined && socket === undefined
      ? [
          {
            option: 'address',
            what: 'nobody could reach the store',
            hint: 'give an address, --socket, or both',
          },
        ]
      : [],
});

type Values = Parameters<CommandDefinition<typeof spec.options>['run']>[0];

const serve = async (values: Values): Promise<number> => {
  const tcp = values.address === undefined ? undefined : parseTcp(values.address);
  if (values.address !== undefined && tcp === undefined)
    throw new CliError(
      'usage',
      `"${values.address}" is no address.`,
      'Write tcp://HOST:PORT, such as tcp://127.0.0.1:8517',
    );
  if (tcp !== undefined && !isLoopback(tcp.host) && !values.insecure) {
    throw new CliError(
      'usage',
      `${values.address ?? ''} can be reached from other machines, and the link has no keys in this release.`,
      'Listen on tcp://127.0.0.1:PORT, or add --insecure when the network itself keeps others out.',
    );
  }
  const log = createLog({ component: 'object-store', level: values.logLevel, format: values.logFormat });
  const { socket, spillDir, orphanMs, ownerMark, advertiseHost } = values;
  try {
    const why = await runObjectStore({
      ...(tcp === undefined
        ? {}
        : {
            tcp: {
              host: tcp.host.replace(/^\[|\]$/g, ''),
              port: tcp.port,
              ...(advertiseHost === undefined ? {} : { advertiseHost }),
            },
          }),
      ...(socket === undefined ? {} : { path: socket }),
      spillDir,
      ...(orphanMs === undefined ? {} : { orphanMs }),
      ...(ownerMark === undefined ? {} : { ownerMark }),
      memoryBytesMax: values.memoryBytesMax,
      objectBytesMax: values.objectBytesMax,
      log,
    });
    return why === 'unreachable' ? EXIT.failed : EXIT.ok;
  } catch (error) {
    if (!(error instanceof ObjectStoreError)) throw error;
    throw new CliError('failed', `the object store cannot start: ${error.message}`, '', { cause: error });
  }
};

export const run = (argv: readonly string[]): Promise<number> =>
  runCommand(
    {
      name: 'object-store',
      summary: 'Run the object store alone; muster scheduler --object-storage-address then uses it.',
      spec,
      examples: [
        'muster object-store tcp://127.0.0.1:8517',
        'muster object-store tcp://127.0.0.1:8517 --memory 4GiB --spill-dir /var/tmp/muster',
      ],
      notes: ['Exit codes: 0 ended by a signal or its owner, 1 could not start, 2 wrong usage.'],
      run: serve,
    },
    argv,
  );
