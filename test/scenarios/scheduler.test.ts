/** Runs the transcripts of the scheduler machine. `UPDATE=1` writes them anew: commit the difference only if you understand it. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Script } from './script.ts';

const folder = join(import.meta.dirname, 'scheduler');

const replay = (text: string): string => {
  const script = new Script();
  const blocks = text.split(/\n{2,}/).map((block) => block.trim());
  const played = blocks
    .filter((block) => block !== '')
    .map((block) => {
      const lines = block.split('\n');
      if (lines.every((line) => line.startsWith('#'))) return block;
      const end = lines.indexOf('----');
      const spoken = end < 0 ? lines : lines.slice(0, end);
      const effects = script.run(spoken.filter((line) => !line.startsWith('#')));
      return [...spoken, '----', ...effects].join('\n');
    });
  return `${played.join('\n\n')}\n`;
};

describe('scheduler transcripts', () => {
  for (const file of readdirSync(folder)
    .filter((name) => name.endsWith('.txt'))
    .sort()) {
    const path = join(folder, file);
    const text = readFileSync(path, 'utf8');
    it(`${file.replace('.txt', '')}: ${(text.split('\n')[0] ?? '').replace(/^# /, '')}`, () => {
      expect(text.startsWith('# '), 'a transcript begins with its purpose').toBe(true);
      const replayed = replay(text);
      if (process.env['UPDATE'] === '1') writeFileSync(path, replayed);
      else expect(replayed).toBe(text);
    });
  }
});
