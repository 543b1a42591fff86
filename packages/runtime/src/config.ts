/**
 * Configuration of a command: one table, from which come its flags, its environment variables, its section in the
 * file, its help, its types and `--print-config`.
 *
 * ```ts
 * // packages/scheduler/src/config.ts
 * import { boolean, duration, list, text } from '@muster/runtime/config-kinds';
 * import { defineCommand, logOptions, option, required, resolveConfig } from '@muster/runtime/config';
 * import type { ConfigOf } from '@muster/runtime/config';
 *
 * export const schedulerCommand = defineCommand({
 *   section: 'scheduler',
 *   options: {
 *     addresses: required(list(text(), { min: 1 }), { positional: true, flag: 'address', doc: 'where to listen' }),
 *     policyContent: option(text(), { default: 'allocate=even_load; scaling=vanilla', doc: 'policies and their thresholds' }),
 *     // --client-timeout 60s, MUSTER_CLIENT_TIMEOUT, client-timeout = "60s"; the stock spelling counts in seconds
 *     clientTimeoutMs: option(duration({ min: 1000, bareUnit: 's' }), {
 *       default: 60_000,
 *       aliases: ['client-timeout-seconds'],
 *       doc: 'a silent client is given up after this',
 *     }),
 *     insecure: option(boolean(), { default: false, doc: 'bind addresses that other machines reach' }),
 *     ...logOptions,
 *   },
 *   ignored: ['event-loop'],
 * });
 * export type SchedulerSettings = ConfigOf<typeof schedulerCommand>;
 *
 * // packages/cli: addOptions(program.command('scheduler'), schedulerCommand, (flags, doc) => new Option(flags, doc))
 * // and in its action:
 * const file = path === undefined ? undefined : readConfigFile(path, ALL_SECTIONS);
 * const { values } = resolveConfig(schedulerCommand, { flags: command.opts(), args: command.processedArgs, env: process.env, file });
 * values.clientTimeoutMs; // number, frozen, complete
 * ```
 */
import { choice } from './config-kinds.ts';
import type { Option } from './config/table.ts';
import { option } from './config/table.ts';

export { ConfigError } from './errors.ts';
export type { ConfigProblem } from './errors.ts';
export { addOptions, argumentDefinitions, flagDefinitions } from './config/flags.ts';
export type { ArgumentDefinition, FlagDefinition } from './config/flags.ts';
export { parseConfigFile, readConfigFile } from './config/file.ts';
export type { ConfigFile } from './config/file.ts';
export { printConfig } from './config/print.ts';
export { resolveConfig } from './config/resolve.ts';
export type { ConfigInput, Resolved, ValueSource } from './config/resolve.ts';
export { defineCommand, option, optional, required } from './config/table.ts';
export type { CommandSpec, ConfigOf, Option, OptionDetails, OptionTable, ValuesOf } from './config/table.ts';

export type LogLevelName = 'debug' | 'info' | 'warn' | 'error' | 'silent';
export type LogFormatName = 'json' | 'pretty';

/** Options of every process that logs; spread them into its table. */
export const logOptions: {
  readonly logLevel: Option<LogLevelName>;
  readonly logFormat: Option<LogFormatName>;
} = {
  logLevel: option(choice<LogLevelName>(['debug', 'info', 'warn', 'error', 'silent']), {
    default: 'info',
    doc: 'least level of the log lines on standard error',
  }),
  logFormat: option(choice<LogFormatName>(['json', 'pretty']), {
    default: 'json',
    doc: 'one JSON object per line for programs, or one short line for people',
  }),
};
