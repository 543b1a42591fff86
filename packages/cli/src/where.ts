/** Which scheduler a command means: the one it names, or the one of this user's `muster up`. */
import { option, optional, type Option } from '@muster/runtime/config';
import { boolean, text } from '@muster/runtime/config-kinds';
import { CliError } from './errors.ts';
import { readAnnouncement } from './run-dir.ts';

/** Spread into the table of a command that talks to a scheduler. */
export const connectOptions: { readonly connect: Option<string | undefined> } = {
  connect: optional(text({ placeholder: '<address>' }), {
    env: 'MUSTER_SCHEDULER',
    doc: 'the scheduler, such as tcp://127.0.0.1:8516; default: the one of your muster up',
  }),
};

export const jsonOption: { readonly json: Option<boolean> } = {
  json: option(boolean(), { default: false, env: false, doc: 'for programs: JSON on standard output' }),
};

/** Undefined where nothing is named and nothing is announced. */
export const findAddress = (connect: string | undefined): string | undefined =>
  connect ?? readAnnouncement()?.scheduler;

export const needAddress = (connect: string | undefined): string => {
  const address = findAddress(connect);
  if (address !== undefined) return address;
  throw new CliError(
    'nobodyAnswers',
    'no scheduler runs here: neither --connect nor MUSTER_SCHEDULER is given, and no muster up of yours is running.',
    'Start one with: muster up',
  );
};
