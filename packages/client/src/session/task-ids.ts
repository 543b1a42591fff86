import { randomBytes } from 'node:crypto';
import { type TaskId, taskId } from '@muster/protocol/ids';

/** Mints ids of 16 bytes: random per client, counted within it. */
export const taskIds = (): (() => TaskId) => {
  const prefix = randomBytes(10).toString('latin1');
  let minted = 0;
  return () => {
    const n = minted++;
    const high = Math.floor(n / 2 ** 24);
    return taskId(
      prefix +
        String.fromCharCode(
          (high >>> 16) & 0xff,
          (high >>> 8) & 0xff,
          high & 0xff,
          (n >>> 16) & 0xff,
          (n >>> 8) & 0xff,
          n & 0xff,
        ),
    );
  };
};
