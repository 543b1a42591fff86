import { runInNewContext } from 'node:vm';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { objectId } from './ids.ts';
import {
  ObjectRef,
  ValueError,
  type ValueErrorCode,
  decodeValue,
  encodeValue,
  valueReferences,
} from './values.ts';

const there = (value: unknown): unknown => decodeValue(encodeValue(value));

const refusal = (act: () => unknown): ValueError => {
  try {
    act();
  } catch (error) {
    if (error instanceof ValueError) return error;
    throw error;
  }
  throw new Error('expected a refusal');
};

describe('round trips', () => {
  const float = Math.PI;
  const scalars: readonly [string, unknown][] = [
    ['undefined', undefined],
    ['null', null],
    ['booleans', [true, false]],
    ['small and large integers', [0, 1, 127, 128, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, 2 ** 53]],
    ['negative integers', [-1, -128, -(2 ** 31), -(2 ** 32) + 1, -(2 ** 32), -(2 ** 53)]],
    ['floats', [0.1, -float, Number.MIN_VALUE, Number.MAX_VALUE, Infinity, -Infinity]],
    ['not a number', NaN],
    ['minus zero', -0],
    ['bigints', [0n, 1n, -1n, 255n, 256n, -(2n ** 64n), 2n ** 521n - 1n]],
    ['short and long strings', ['', 'a', 'x'.repeat(63), 'x'.repeat(64), 'y'.repeat(100_000)]],
    ['text of the world', ['ä', 'naïve café', '漢字', '👩‍👩‍👧', 'ß'.repeat(5_000)]],
    ['lone surrogates', ['\ud800', 'a\udc00b', '\udc00\ud800'.repeat(50)]],
    ['dates', [new Date(0), new Date(-1), new Date(1_700_000_000_123)]],
    ['regular expressions', [/a(b)?/giu, /\//, new RegExp('')]],
    [
      'maps with keys of any kind',
      new Map<unknown, unknown>([
        [1, 'a'],
        ['1', 'b'],
        [NaN, 'c'],
        [{ k: 1 }, new Map()],
      ]),
    ],
    ['sets', new Set<unknown>([1, 'a', [2], new Set([3])])],
    ['arrays', [[], [[]], [undefined, null, 'x']]],
    ['holes', [[, 1, , undefined, ,], new Array(3)]],
    ['plain objects', { a: 1, 'odd key': 2, ü: 3, '': 4, nested: { deep: [{}] } }],
    ['objects without a prototype', Object.assign(Object.create(null), { a: 1 })],
    ['array buffers', new Uint8Array([1, 2, 3]).buffer],
  ];
  test.each(scalars)('%s arrive as they were', (_name, value) => {
    expect(isDeepStrictEqual(there(value), value)).toBe(true);
  });

  test.each([
    new Uint8Array([1, 2, 255]),
    new Int8Array([-1, 2]),
    new Uint8ClampedArray([1, 255]),
    new Int16Array([-300, 300]),
    new Uint16Array([65_535]),
    new Int32Array([-70_000]),
    new Uint32Array([2 ** 32 - 1]),
    new Float32Array([1.5, NaN]),
    new Float64Array([Math.PI, -0]),
    new BigInt64Array([-5n]),
    new BigUint64Array([2n ** 64n - 1n]),
    new DataView(new Uint8Array([9, 8, 7]).buffer, 1, 2),
    new Float64Array(0),
    new Float64Array(20_000).map((_, index) => index / 3),
  ])('$constructor.name arrives as it was, at any alignment', (array) => {
    for (const before of [[], ['x'], ['xy'], ['xyz', 1]]) {
      const arrived = there([...before, array]) as readonly unknown[];
      expect(arrived.at(-1)?.constructor).toBe(array.constructor);
      expect(isDeepStrictEqual(arrived.at(-1), array)).toBe(true);
    }
  });

  test('an invalid date stays one', () => {
    expect(there(new Date(NaN))).toStrictEqual(new Date(NaN));
  });

  test('a Buffer arrives as a Uint8Array, and only what it shows', () => {
    const arrived = there(Buffer.from('shared pool').subarray(0, 6));
    expect(arrived).toStrictEqual(new Uint8Array(Buffer.from('shared')));
    expect(encodeValue(Buffer.alloc(100_000).subarray(0, 6)).length).toBeLessThan(20);
  });

  test('cycles and shared references keep their shape', () => {
    const shared = { shared: true };
    const value: Record<string, unknown> = { first: shared, second: shared, list: [shared] };
    value['self'] = value;
    value['map'] = new Map([[value, shared]]);
    value['bytes'] = new Uint8Array(3);
    value['again'] = value['bytes'];
    const arrived = there(value) as typeof value;
    expect(arrived['self']).toBe(arrived);
    expect(arrived['second']).toBe(arrived['first']);
    expect((arrived['list'] as unknown[])[0]).toBe(arrived['first']);
    expect((arrived['map'] as Map<unknown, unknown>).get(arrived)).toBe(arrived['first']);
    expect(arrived['again']).toBe(arrived['bytes']);
  });

  test('more shared references than a linear search is good for', () => {
    const parts = Array.from({ length: 5_000 }, (_, index) => ({ index }));
    const arrived = there([...parts, ...parts]) as typeof parts;
    expect(arrived).toHaveLength(10_000);
    expect(arrived.slice(5_000).every((part, index) => part === arrived[index] && part.index === index)).toBe(
      true,
    );
  });

  test('a plain object of another realm is a plain object', () => {
    expect(there(runInNewContext('({ a: [1], m: new Map([[1, new Date(5)]]) })'))).toStrictEqual({
      a: [1],
      m: new Map([[1, new Date(5)]]),
    });
  });

  test('a key named __proto__ stays a key', () => {
    const value = JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1}') as object;
    const arrived = there(value) as Record<string, unknown>;
    expect(Object.keys(arrived)).toStrictEqual(['__proto__', 'constructor']);
    expect(Object.getPrototypeOf(arrived)).toBe(Object.prototype);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  test('any value fast-check can think of', () => {
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withNullPrototype: true,
      withSparseArray: true,
      withTypedArray: true,
      stringUnit: 'binary',
      maxDepth: 5,
    });
    fc.assert(
      fc.property(anything, (value) => {
        expect(there(value)).toStrictEqual(value);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('errors', () => {
  test('name, message, stack, cause, code and own fields arrive', () => {
    const error = Object.assign(new TypeError('outer', { cause: new RangeError('inner') }), {
      code: 'E_X',
      detail: { at: [1] },
    });
    const arrived = there(error) as typeof error;
    expect(arrived).toBeInstanceOf(TypeError);
    expect(arrived.message).toBe('outer');
    expect(arrived.stack).toBe(error.stack);
    expect(arrived.cause).toBeInstanceOf(RangeError);
    expect(Object.fromEntries(Object.entries(arrived))).toStrictEqual({ code: 'E_X', detail: { at: [1] } });
    expect(Object.keys(arrived)).not.toContain('stack');
  });

  test('a class of the user arrives as an Error with its name', () => {
    class PaymentError extends Error {
      override readonly name = 'PaymentError';
    }
    const arrived = there(new PaymentError('declined')) as Error;
    expect([arrived.name, arrived.message, arrived.constructor]).toStrictEqual([
      'PaymentError',
      'declined',
      Error,
    ]);
    expect(String(arrived)).toBe('PaymentError: declined');
  });

  test('an AggregateError keeps its errors, an AbortError its name', () => {
    const arrived = there(new AggregateError([new Error('a'), 'b'], 'many')) as AggregateError;
    expect(arrived).toBeInstanceOf(AggregateError);
    expect(arrived.errors.map(String)).toStrictEqual(['Error: a', 'b']);
    const abort = there(AbortSignal.abort().reason) as Error;
    expect([abort.name, abort instanceof Error]).toStrictEqual(['AbortError', true]);
  });

  test('what inside an error cannot travel is left out, the rest arrives', () => {
    class Socket {
      readonly fd = 3;
    }
    const error = Object.assign(new Error('failed', { cause: new Socket() }), {
      request: { socket: new Socket(), path: '/x' },
      retry: () => 1,
      status: 503,
      shared: [1],
    });
    const arrived = there([error, error.shared]) as [typeof error, unknown[]];
    expect(Object.fromEntries(Object.entries(arrived[0]))).toStrictEqual({ status: 503, shared: [1] });
    expect(Object.hasOwn(arrived[0], 'cause')).toBe(false);
    expect(arrived[1]).toBe(arrived[0].shared);
  });

  test('an error that is its own cause', () => {
    const error = new Error('loop');
    error.cause = error;
    const arrived = there(error) as Error;
    expect(arrived.cause).toBe(arrived);
  });
});

describe('refusals', () => {
  class Account {
    balance = 1;
  }
  const cases: readonly [string, unknown, string, RegExp][] = [
    [
      'a function in an array',
      { items: [0, 1, 2, { callback: function onDone() {} }] },
      'argument.items[3].callback',
      /function onDone; .*defineTask/,
    ],
    ['an arrow function', () => 1, 'argument', /function/],
    ['a symbol', { 'odd key': Symbol('s') }, 'argument["odd key"]', /symbol/],
    ['a class instance', { account: new Account() }, 'argument.account', /instance of Account.*plain object/],
    ['a promise', [Promise.resolve(1)], 'argument[0]', /await it first/],
    ['a weak map', { w: new WeakMap() }, 'argument.w', /WeakMap/],
    ['a subclass of Map', { m: new (class Registry extends Map {})() }, 'argument.m', /Registry/],
    ['a map value', new Map([['k', { f: () => 1 }]]), 'argument<map entry 0>.f', /function/],
    ['a map key', new Map([[Symbol('k'), 1]]), 'argument<key of map entry 0>', /symbol/],
    ['a set item', new Set(['ok', Symbol('k')]), 'argument<set item 1>', /symbol/],
    ['shared memory', { s: new SharedArrayBuffer(1) }, 'argument.s', /SharedArrayBuffer/],
    ['an iterator', { i: [1].values() }, 'argument.i', /./],
  ];
  test.each(cases)('%s is refused by path', (_name, value, path, message) => {
    const error = refusal(() => encodeValue(value, 'argument'));
    expect([error.code, error.path]).toStrictEqual(['notTransferable', path]);
    expect(error.message).toMatch(message);
    expect(error.message.startsWith(path)).toBe(true);
  });

  test('a getter that throws is named, with its error as the cause', () => {
    const cause = new Error('no');
    const value = {
      a: [
        {
          get b(): never {
            throw cause;
          },
        },
      ],
    };
    const error = refusal(() => encodeValue(value));
    expect([error.code, error.path, error.cause]).toStrictEqual(['unreadable', 'value.a[0].b', cause]);
  });

  test('a proxy whose traps throw is a refusal, not a crash', () => {
    const value = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('trap');
        },
      },
    );
    expect(refusal(() => encodeValue(value)).code).toBe('unreadable');
  });

  test('nesting is limited without exhausting the stack', () => {
    let value: unknown = 1;
    for (let depth = 0; depth < 100_000; depth++) value = [value];
    const error = refusal(() => encodeValue(value));
    expect(error.code).toBe('tooDeep');
    expect(error.path.length).toBeLessThan(200);
    let shallow: unknown = 1;
    for (let depth = 0; depth < 999; depth++) shallow = { d: shallow };
    expect(encodeValue(there(shallow))).toStrictEqual(encodeValue(shallow));
  });

  test('an array of holes does not become gigabytes', () => {
    expect(refusal(() => encodeValue(new Array(2 ** 31))).code).toBe('tooLarge');
  });

  test('a getter may encode a value itself', () => {
    const value = {
      get inner(): Uint8Array {
        return encodeValue({ a: [1, 'x'] });
      },
      after: 'text',
    };
    const arrived = there(value) as { inner: Uint8Array; after: string };
    expect(decodeValue(arrived.inner)).toStrictEqual({ a: [1, 'x'] });
    expect(arrived.after).toBe('text');
  });

  test('the encoder works after a refusal', () => {
    refusal(() =>
      encodeValue({ big: 'x'.repeat(5_000_000), ref: new ObjectRef(objectId('r'.repeat(32))), f: () => 1 }),
    );
    expect(there({ a: 1 })).toStrictEqual({ a: 1 });
    expect(valueReferences(encodeValue([1]))).toStrictEqual([]);
  });
});

describe('references to objects', () => {
  const first = new ObjectRef(objectId('\u0000\u00ff'.repeat(16)));
  const second = new ObjectRef(objectId('b'.repeat(32)));
  const bytes = encodeValue({ model: first, list: [second, first], pixels: new Float64Array([1, 2]) });

  test('are listed once each, without decoding', () => {
    expect(valueReferences(bytes)).toStrictEqual([first.id, second.id]);
  });

  test('are replaced by the values handed in', () => {
    const model = { weights: [1, 2] };
    const arrived = decodeValue(bytes, {
      references: new Map<typeof first.id, unknown>([
        [first.id, model],
        [second.id, undefined],
      ]),
    });
    expect(arrived).toStrictEqual({ model, list: [undefined, model], pixels: new Float64Array([1, 2]) });
    expect((arrived as { model: unknown }).model).toBe(model);
  });

  test('arrive as references where none are handed in', () => {
    expect(decodeValue(bytes)).toStrictEqual({
      model: first,
      list: [second, first],
      pixels: new Float64Array([1, 2]),
    });
    expect(decodeValue(encodeValue(first))).toStrictEqual(first);
  });

  test('a missing one is named as such', () => {
    expect(refusal(() => decodeValue(bytes, { references: new Map([[first.id, 1]]) })).code).toBe(
      'referenceMissing',
    );
  });
});

describe('decoding bytes of a peer', () => {
  const codes: readonly ValueErrorCode[] = ['unknownVersion', 'malformed', 'tooDeep', 'referenceMissing'];
  /** Returns whether the bytes were a value after all. */
  const decodes = (bytes: Uint8Array): boolean => {
    try {
      decodeValue(bytes, { adopt: true });
      return true;
    } catch (error) {
      if (error instanceof ValueError && codes.includes(error.code)) return false;
      throw error;
    }
  };

  test('no bytes and unknown versions are told apart from garbage', () => {
    expect(refusal(() => decodeValue(new Uint8Array(0))).code).toBe('unknownVersion');
    expect(refusal(() => decodeValue(new Uint8Array([9, 1]))).message).toMatch(/version 9/);
    expect(refusal(() => decodeValue(new Uint8Array([1]))).code).toBe('malformed');
    expect(refusal(() => decodeValue(new Uint8Array([1, 0x80, 0x80]))).message).toMatch(/trailing/);
  });

  test('counts are checked before anything is allocated', () => {
    for (const tag of [0x07, 0x09, 0x0a, 0x0b, 0x0e, 0x0f, 0x10, 0x11, 0x14]) {
      expect(refusal(() => decodeValue(new Uint8Array([1, tag, 0xff, 0xff, 0xff, 0xff, 0x0f]))).code).toBe(
        'malformed',
      );
    }
    const references = new Uint8Array([2, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 1, 0x80]);
    expect(refusal(() => decodeValue(references)).code).toBe('malformed');
  });

  test('deep nesting is refused without exhausting the stack', () => {
    const bytes = new Uint8Array(200_000).fill(0x10);
    for (let at = 2; at < bytes.length; at += 2) bytes[at] = 1;
    bytes[0] = 1;
    expect(refusal(() => decodeValue(bytes)).code).toBe('tooDeep');
  });

  test('mutated values give a value or a typed error, nothing else', () => {
    const seeds = [
      {
        a: [1, -5, 1.5, 'text', 'ü'.repeat(70), 10n ** 30n],
        m: new Map([[1, new Set([2])]]),
        d: new Date(1),
      },
      [
        new Error('x', { cause: new AggregateError([new TypeError('y')]) }),
        /a+/g,
        new Float64Array([1, 2]),
        new Uint8Array(99),
      ],
      [
        [, 1],
        Object.create(null),
        new ArrayBuffer(9),
        new DataView(new ArrayBuffer(4)),
        new ObjectRef(objectId('q'.repeat(32))),
      ],
    ].map((seed) => encodeValue([seed, seed, '\ud800']));
    const random = fc.sample(fc.nat(), { numRuns: 60_000, seed: 7 });
    let at = 0;
    const next = (below: number): number => (random[at++ % random.length] ?? 0) % below;
    let values = 0;
    for (let run = 0; run < 20_000; run++) {
      const mutated = seeds[run % seeds.length]!.slice();
      for (let edits = next(3); edits >= 0; edits--) mutated[next(mutated.length)] = next(256);
      if (decodes(run % 5 === 0 ? mutated.subarray(0, next(mutated.length)) : mutated)) values++;
    }
    expect(values).toBeGreaterThan(100);
    expect(values).toBeLessThan(20_000);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  test('random bytes give a value or a typed error, nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        decodes(new Uint8Array([1, ...bytes]));
        decodes(new Uint8Array([2, 0, 0, 0, ...bytes]));
      }),
      { numRuns: 5_000 },
    );
  });
});

describe('copies', () => {
  const pixels = new Float64Array(20_000).map((_, index) => index);

  test('decoding copies by default, so that the frame may be reused', () => {
    const bytes = encodeValue({ pixels, small: new Uint8Array([1, 2]) });
    const arrived = decodeValue(bytes) as { pixels: Float64Array; small: Uint8Array };
    bytes.fill(0);
    expect(arrived.pixels).toStrictEqual(pixels);
    expect(arrived.small).toStrictEqual(new Uint8Array([1, 2]));
  });

  test('adopted bytes are viewed where alignment allows and copied where not', () => {
    const bytes = encodeValue({ name: 'x', pixels });
    const arrived = decodeValue(bytes, { adopt: true }) as { pixels: Float64Array };
    expect(arrived.pixels).toStrictEqual(pixels);
    expect(arrived.pixels.buffer).toBe(bytes.buffer);
    const odd = new Uint8Array(bytes.length + 1).subarray(1);
    odd.set(bytes);
    const copied = decodeValue(odd, { adopt: true }) as { pixels: Float64Array };
    expect(copied.pixels).toStrictEqual(pixels);
    expect(copied.pixels.buffer).not.toBe(odd.buffer);
  });

  test('encoding does not alias the value', () => {
    const source = new Uint8Array(200_000).fill(7);
    const bytes = encodeValue(source);
    source.fill(0);
    expect((decodeValue(bytes) as Uint8Array).every((byte) => byte === 7)).toBe(true);
  });
});
