import { expect, it } from 'vitest';
import { run } from './commands/up.ts';

it('is refused by muster up as wrong usage, before anything starts', async () => {
  await expect(run(['--policy-content', 'foo'])).rejects.toMatchObject({
    name: 'CliError',
    code: 'usage',
    message: expect.stringContaining('--policy-content') as unknown,
  });
});
