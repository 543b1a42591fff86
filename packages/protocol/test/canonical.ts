/**
 * A second, independent reading of the encoding, for tests: turns any message, whatever its schema, segments
 * and far pointers, into Cap'n Proto's canonical form (one segment, no segment table, nothing trailing).
 * Slow and simple on purpose; shares no code with src/wire.
 */

type Tree =
  | { readonly kind: 'null' }
  | { readonly kind: 'struct'; readonly data: readonly bigint[]; readonly pointers: readonly Tree[] }
  | { readonly kind: 'plain'; readonly elementSize: number; readonly count: number; readonly bytes: Buffer }
  | { readonly kind: 'pointers'; readonly items: readonly Tree[] }
  | { readonly kind: 'structs'; readonly items: readonly (Tree & { kind: 'struct' })[] };

const NULL: Tree = { kind: 'null' };
/** Bits of one element by its size code; codes 6 and 7 are read apart. */
const ELEMENT_BITS = [0, 1, 8, 16, 32, 64];

interface Place {
  readonly segment: number;
  readonly word: number;
}

const segmentsOf = (frame: Buffer): Buffer[] => {
  const count = frame.readUInt32LE(0) + 1;
  let at = 4 + 4 * count + (count % 2 === 0 ? 4 : 0);
  const segments: Buffer[] = [];
  for (let i = 0; i < count; i++) {
    const bytes = frame.readUInt32LE(4 + 4 * i) * 8;
    segments.push(frame.subarray(at, at + bytes));
    at += bytes;
  }
  if (at !== frame.length) throw new Error(`${frame.length - at} bytes beyond the message`);
  return segments;
};

/** Reads the message as a tree. */
const parse = (frame: Buffer): Tree => {
  const segments = segmentsOf(frame);
  const wordAt = ({ segment, word }: Place): bigint => {
    const bytes = segments[segment];
    if (bytes === undefined || word < 0 || word * 8 + 8 > bytes.length) throw new Error('out of bounds');
    return bytes.readBigUInt64LE(word * 8);
  };
  const bits = (word: bigint, from: number, count: number): number =>
    Number((word >> BigInt(from)) & ((1n << BigInt(count)) - 1n));
  const offsetOf = (word: bigint): number => Number(BigInt.asIntN(30, word >> 2n));

  const structAt = (place: Place, dataWords: number, pointers: number): Tree & { kind: 'struct' } => {
    const at = (i: number): Place => ({ segment: place.segment, word: place.word + i });
    return {
      kind: 'struct',
      data: Array.from({ length: dataWords }, (_, i) => wordAt(at(i))),
      pointers: Array.from({ length: pointers }, (_, i) => pointerAt(at(dataWords + i))),
    };
  };

  const listAt = (place: Place, description: bigint): Tree => {
    const elementSize = bits(description, 32, 3);
    const count = bits(description, 35, 29);
    if (elementSize === 7) {
      const tag = wordAt(place);
      const [dataWords, pointers] = [bits(tag, 32, 16), bits(tag, 48, 16)];
      const items = Array.from({ length: bits(tag, 2, 30) }, (_, i) =>
        structAt(
          { segment: place.segment, word: place.word + 1 + i * (dataWords + pointers) },
          dataWords,
          pointers,
        ),
      );
      return { kind: 'structs', items };
    }
    if (elementSize === 6) {
      const items = Array.from({ length: count }, (_, i) =>
        pointerAt({ segment: place.segment, word: place.word + i }),
      );
      return { kind: 'pointers', items };
    }
    const length = Math.ceil((count * (ELEMENT_BITS[elementSize] ?? 0)) / 8);
    const bytes = segments[place.segment]?.subarray(place.word * 8, place.word * 8 + length);
    if (bytes?.length !== length) throw new Error('out of bounds');
    return { kind: 'plain', elementSize, count, bytes };
  };

  const describedBy = (description: bigint, target: Place): Tree =>
    bits(description, 0, 2) === 0
      ? structAt(target, bits(description, 32, 16), bits(description, 48, 16))
      : listAt(target, description);

  const pointerAt = (place: Place): Tree => {
    const pointer = wordAt(place);
    if (pointer === 0n) return NULL;
    if (bits(pointer, 0, 2) !== 2)
      return describedBy(pointer, { segment: place.segment, word: place.word + 1 + offsetOf(pointer) });
    const pad: Place = { segment: bits(pointer, 32, 32), word: bits(pointer, 3, 29) };
    if (bits(pointer, 2, 1) === 0) return pointerAt(pad);
    const far = wordAt(pad);
    const description = wordAt({ segment: pad.segment, word: pad.word + 1 });
    return describedBy(description, { segment: bits(far, 32, 32), word: bits(far, 3, 29) });
  };
  return pointerAt({ segment: 0, word: 0 });
};

const isSet = (tree: Tree): boolean => tree.kind !== 'null';
const usedData = (struct: Tree & { kind: 'struct' }): number =>
  struct.data.findLastIndex((word) => word !== 0n) + 1;
const usedPointers = (struct: Tree & { kind: 'struct' }): number => struct.pointers.findLastIndex(isSet) + 1;

class Words {
  readonly words: bigint[] = [];

  allocate(count: number): number {
    const at = this.words.length;
    for (let i = 0; i < count; i++) this.words.push(0n);
    return at;
  }

  point(at: number, target: number, kind: bigint, high: bigint): void {
    this.words[at] = BigInt.asUintN(32, (BigInt(target - at - 1) << 2n) | kind) | (high << 32n);
  }

  fill(at: number, struct: Tree & { kind: 'struct' }, dataWords: number, pointers: number): void {
    for (let i = 0; i < dataWords; i++) this.words[at + i] = struct.data[i] ?? 0n;
    for (let i = 0; i < pointers; i++) this.write(at + dataWords + i, struct.pointers[i] ?? NULL);
  }

  write(at: number, tree: Tree): void {
    switch (tree.kind) {
      case 'null':
        return;
      case 'struct': {
        const [data, pointers] = [usedData(tree), usedPointers(tree)];
        const high = BigInt(data) | (BigInt(pointers) << 16n);
        if (data + pointers === 0) return this.point(at, at, 0n, 0n);
        const target = this.allocate(data + pointers);
        this.point(at, target, 0n, high);
        return this.fill(target, tree, data, pointers);
      }
      case 'plain': {
        const target = this.allocate(Math.ceil(tree.bytes.length / 8));
        this.point(at, target, 1n, BigInt(tree.elementSize) | (BigInt(tree.count) << 3n));
        const padded = Buffer.alloc(Math.ceil(tree.bytes.length / 8) * 8);
        tree.bytes.copy(padded);
        for (let i = 0; i < padded.length / 8; i++) this.words[target + i] = padded.readBigUInt64LE(i * 8);
        return;
      }
      case 'pointers': {
        const target = this.allocate(tree.items.length);
        this.point(at, target, 1n, 6n | (BigInt(tree.items.length) << 3n));
        tree.items.forEach((item, i) => this.write(target + i, item));
        return;
      }
      case 'structs': {
        const data = Math.max(0, ...tree.items.map(usedData));
        const pointers = Math.max(0, ...tree.items.map(usedPointers));
        const words = tree.items.length * (data + pointers);
        const target = this.allocate(1 + words);
        this.point(at, target, 1n, 7n | (BigInt(words) << 3n));
        this.words[target] =
          (BigInt(tree.items.length) << 2n) | (BigInt(data) << 32n) | (BigInt(pointers) << 48n);
        tree.items.forEach((item, i) => this.fill(target + 1 + i * (data + pointers), item, data, pointers));
      }
    }
  }
}

/** Canonical words of a message, as `capnp convert binary:canonical` prints them. */
export const canonical = (frame: Uint8Array): Buffer => {
  const out = new Words();
  out.write(out.allocate(1), parse(Buffer.from(frame)));
  const bytes = Buffer.alloc(out.words.length * 8);
  out.words.forEach((word, i) => bytes.writeBigUInt64LE(word, i * 8));
  return bytes;
};
