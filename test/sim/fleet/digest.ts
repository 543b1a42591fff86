/** One number for plain data of any shape: equal data, equal number. */
const scratch = new Float64Array(1);
const halves = new Int32Array(scratch.buffer);

const mix = (hash: number, value: number): number => {
  const mixed = Math.imul(hash ^ value, 0x01000193);
  return mixed ^ (mixed >>> 15);
};

const ofText = (text: string, hash: number): number => {
  let mixed = mix(hash, text.length);
  for (let i = 0; i < text.length; i++) mixed = Math.imul(mixed ^ text.charCodeAt(i), 0x01000193);
  return mixed;
};

const ofNumber = (value: number, hash: number): number => {
  scratch[0] = value;
  return mix(mix(hash, halves[0] ?? 0), halves[1] ?? 0);
};

const ofObject = (value: object, hash: number): number => {
  if (value instanceof Uint8Array) {
    let mixed = mix(hash, value.length);
    for (const byte of value) mixed = Math.imul(mixed ^ byte, 0x01000193);
    return mixed;
  }
  if (value instanceof Map || value instanceof Set || Array.isArray(value)) {
    let mixed = mix(hash, Array.isArray(value) ? value.length : value.size);
    for (const one of value as Iterable<unknown>) mixed = digestOf(one, mixed);
    return mixed;
  }
  let mixed = hash;
  for (const [name, one] of Object.entries(value)) mixed = digestOf(one, ofText(name, mixed));
  return mixed;
};

export const digestOf = (value: unknown, hash = 0x811c9dc5): number => {
  switch (typeof value) {
    case 'string':
      return ofText(value, hash);
    case 'number':
      return ofNumber(value, hash);
    case 'boolean':
      return mix(hash, value ? 3 : 5);
    case 'object':
      return value === null ? mix(hash, 7) : ofObject(value, hash);
    default:
      return mix(hash, 11);
  }
};
