/** Numbers as people read them; the same on every machine. */
import { showCount } from '../words/values.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** `350 ms`, `4.2 s`, `12.3 min`, `5.2 h`, `3.1 d`. */
export const showTime = (ms: number): string => {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 2 * MINUTE_MS) return `${(ms / 1_000).toFixed(1)} s`;
  if (ms < 2 * HOUR_MS) return `${(ms / MINUTE_MS).toFixed(1)} min`;
  return ms < 48 * HOUR_MS ? `${(ms / HOUR_MS).toFixed(1)} h` : `${(ms / (24 * HOUR_MS)).toFixed(1)} d`;
};

export const showDollars = (dollars: number): string => {
  if (dollars === 0) return '$0';
  const [whole = '', cents = ''] = dollars.toFixed(dollars < 1 ? 4 : 2).split('.');
  return `$${showCount(Number(whole))}.${cents}`;
};

export const showShare = (share: number | undefined): string =>
  share === undefined ? '-' : `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
