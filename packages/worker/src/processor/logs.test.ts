import { describe, expect, it } from 'vitest';
import { createLogLimiter } from './logs.ts';

const MIB = 1024 * 1024;

describe('the log of a streamed task', () => {
  const create = (
    accepts: () => boolean = () => true,
  ): {
    readonly sent: string[];
    readonly limiter: ReturnType<typeof createLogLimiter>;
    wait(ms: number): void;
  } => {
    const sent: string[] = [];
    let now = 0;
    const limiter = createLogLimiter(
      (run, stream, text) => accepts() && sent.push(`${run} ${stream} ${text}`) > 0,
      () => now,
    );
    return { sent, limiter, wait: (ms) => void (now += ms) };
  };

  it('passes on what a task prints, in pieces that fit a message', () => {
    const { sent, limiter } = create();
    limiter.log(1, 'stdout', 'a\n');
    limiter.log(1, 'stderr', 'x'.repeat(20_000));
    expect(sent.map((one) => one.length)).toEqual([
      '1 stdout a\n'.length,
      '1 stderr '.length + 16_384,
      '1 stderr '.length + 3616,
    ]);
  });

  it('drops what a task prints beyond a rate, and says how much', () => {
    const { sent, limiter, wait } = create();
    const block = 'x'.repeat(MIB / 4);
    for (let i = 0; i < 8; i++) limiter.log(1, 'stdout', block);
    expect(sent.join('').length).toBeLessThan(1.1 * MIB);
    wait(1000);
    limiter.log(1, 'stdout', 'again\n');
    expect(sent.slice(-2)).toEqual([
      '1 stderr [muster] 1048576 characters of output were dropped\n',
      '1 stdout again\n',
    ]);
  });

  it('gives the next task a fresh start', () => {
    const { sent, limiter } = create();
    limiter.log(1, 'stdout', 'x'.repeat(MIB));
    limiter.log(2, 'stdout', 'mine\n');
    expect(sent.at(-1)).toBe('2 stdout mine\n');
  });

  it('drops while nobody takes it', () => {
    let accepts = false;
    const { sent, limiter } = create(() => accepts);
    limiter.log(1, 'stdout', 'lost\n');
    accepts = true;
    limiter.log(1, 'stdout', 'kept\n');
    expect(sent).toEqual(['1 stderr [muster] 5 characters of output were dropped\n', '1 stdout kept\n']);
  });
});
