/** What the log of a scheduler says when a signal ends it: an ordinary stop must not look like a fault. */
import type { Log, LogFields } from '@muster/runtime/log';

/** The scheduler's word for a stop that came from neither client nor adapter. */
const OPERATOR = 'an operator asked for it';

/**
 * The same log; once a signal has come, lines name it as the reason, and the end of the store is no warning.
 *
 * @param signalOf the signal that ends this process; undefined before one has come
 */
export const ordinaryEnd = (log: Log, signalOf: () => NodeJS.Signals | undefined): Log => {
  const named = (fields: LogFields | undefined): LogFields | undefined => {
    const signal = signalOf();
    const reason = fields?.['reason'];
    return signal === undefined || typeof reason !== 'string' || !reason.startsWith(OPERATOR)
      ? fields
      : { ...fields, reason: reason.replace(OPERATOR, signal) };
  };
  return {
    debug: (event, fields) => log.debug(event, named(fields)),
    info: (event, fields) => log.info(event, named(fields)),
    warn: (event, fields) =>
      log[event === 'store.down' && signalOf() !== undefined ? 'info' : 'warn'](event, named(fields)),
    error: (event, fields) => log.error(event, named(fields)),
    child: (fields) => ordinaryEnd(log.child(fields), signalOf),
    enabled: (level) => log.enabled(level),
    flush: () => log.flush(),
  };
};
