import { describe, expect, it } from 'vitest';
import { LoadIndex, LoadNode } from './load-index.ts';

interface Dumb {
  readonly name: string;
  key: number;
  order: number;
}

describe('the load index', () => {
  it('breaks ties as the stock scheduler does: who reached the load first goes first', () => {
    const index = new LoadIndex<string>();
    const [a, b, c] = ['a', 'b', 'c'].map((name) => new LoadNode(name)) as [
      LoadNode<string>,
      LoadNode<string>,
      LoadNode<string>,
    ];
    for (const node of [a, b, c]) index.put(node, 0);
    expect(index.least()).toBe('a');
    index.put(a, 1);
    expect(index.least()).toBe('b');
    index.put(b, 1);
    index.put(c, 1);
    expect(index.least()).toBe('a');
    index.put(a, 0);
    index.put(a, 1);
    expect([index.least(), index.most()]).toEqual(['b', 'b']);
  });

  it('agrees with a sorted list', () => {
    const index = new LoadIndex<string>();
    const nodes = Array.from({ length: 30 }, (_, i) => new LoadNode(`w${i}`));
    const dumb = new Map<string, Dumb>();
    for (let i = 0; i < 5_000; i++) {
      const node = nodes[(i * 7_919) % nodes.length]!;
      const key = (i * 104_729) % 13;
      if (i % 7 === 0) {
        index.remove(node);
        dumb.delete(node.owner);
      } else {
        if (node.indexKey !== key) dumb.set(node.owner, { name: node.owner, key, order: i });
        if (node.indexKey !== key) index.put(node, key);
      }
      index.check();
      const sorted = [...dumb.values()].sort((one, other) => one.key - other.key || one.order - other.order);
      expect(index.least()).toBe(sorted[0]?.name);
      expect(index.size).toBe(sorted.length);
      const most = index.most();
      expect(dumb.get(most ?? '')?.key).toBe(sorted.at(-1)?.key);
    }
  });
});
