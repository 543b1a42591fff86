import { describe, expect, it } from 'vitest';
import { parseTemplate, quoteCommand, TemplateError } from './template.ts';

// The expected values were printed by GNU parallel 20221122 with --dry-run and echo.
describe('parseTemplate', () => {
  it.each([
    ['a/b.c.txt', ['a/b.c.txt', 'a/b.c', 'b.c.txt', 'a', 'b.c']],
    ['/x/.hidden', ['/x/.hidden', '/x/', '.hidden', '/x', '']],
    ['plain', ['plain', 'plain', 'plain', '.', 'plain']],
    ['dir/', ['dir/', 'dir/', '', '.', '']],
  ])('replaces {} {.} {/} {//} {/.} of %s', (value, expected) => {
    const template = parseTemplate(['{}', '{.}', '{/}', '{//}', '{/.}'], 1);
    expect(template.render([value], 1)).toEqual(expected);
  });

  it('appends the value as one word when no replacement string is given', () => {
    expect(parseTemplate(['echo', 'x'], 1).render(['a b'], 1)).toEqual(['echo', 'x', 'a b']);
  });

  it('replaces inside words, several times, and numbers jobs with {#}', () => {
    expect(parseTemplate(['p-{}-{#}-{}'], 1).render(['v'], 7)).toEqual(['p-v-7-v']);
  });

  it('takes {#} alone as a replacement, so that nothing is appended', () => {
    expect(parseTemplate(['echo', '{#}'], 1).render(['v'], 3)).toEqual(['echo', '3']);
  });

  it('names input sources by number and joins all of them for {}', () => {
    const template = parseTemplate(['{2}-{1.}', '{}'], 2);
    expect(template.render(['a.x', '1'], 1)).toEqual(['1-a', 'a.x 1']);
  });

  it('leaves braces that are no replacement string alone', () => {
    expect(parseTemplate(['{a}', '{', '${x}', '{}'], 1).render(['v'], 1)).toEqual(['{a}', '{', '${x}', 'v']);
  });

  it('treats a value that looks like a replacement string as text', () => {
    expect(parseTemplate(['{}', '{#}'], 1).render(['{#}'], 2)).toEqual(['{#}', '2']);
  });

  it.each([['{%}'], ['{3}'], ['{0}']])('refuses %s with a sentence', (word) => {
    expect(() => parseTemplate([word], 2)).toThrow(TemplateError);
  });
});

describe('quoteCommand', () => {
  it('quotes what a shell would take apart', () => {
    expect(quoteCommand(['echo', 'a b', "q'q", '', 'a/b.c'])).toBe(`echo 'a b' 'q'"'"'q' '' a/b.c`);
  });
});
