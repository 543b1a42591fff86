/** Values against the shapes of a service model: what the peer takes in, and what it hands out. */
import type { ServiceModel, Shape, ShapeRef } from './model.ts';
import { shapeOf } from './model.ts';

export type Structure = Readonly<Record<string, unknown>>;

export const isStructure = (value: unknown): value is Structure =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);

const kindOf = (value: unknown): string => {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'list';
  if (!(value instanceof Date)) return typeof value;
  return Number.isFinite(value.getTime()) ? 'timestamp' : 'no date';
};

const outside = (
  amount: number,
  shape: { readonly min?: number; readonly max?: number },
): string | undefined => {
  if (shape.min !== undefined && amount < shape.min) return `${amount} is below ${shape.min}`;
  if (shape.max !== undefined && amount > shape.max) return `${amount} is above ${shape.max}`;
  return undefined;
};

const patterns = new Map<string, RegExp | undefined>();

/** Patterns are Java's; the few that JavaScript cannot read are left to the rules of the operations. */
const patternOf = (text: string): RegExp | undefined => {
  if (!patterns.has(text)) {
    let compiled: RegExp | undefined;
    try {
      compiled = new RegExp(`^(?:${text})$`, 'su');
    } catch {
      compiled = undefined;
    }
    patterns.set(text, compiled);
  }
  return patterns.get(text);
};

const checkString = (value: unknown, shape: Shape & { type: 'string' }): readonly string[] => {
  if (typeof value !== 'string') return [`is ${kindOf(value)}, not string`];
  const wrong: string[] = [];
  if (shape.enum !== undefined && !shape.enum.includes(value))
    wrong.push(`'${value}' is none of ${shape.enum.join(', ')}`);
  const length = outside(value.length, shape);
  if (length !== undefined) wrong.push(`length ${length}`);
  if (shape.pattern !== undefined && patternOf(shape.pattern)?.test(value) === false)
    wrong.push(`'${value}' does not match ${shape.pattern}`);
  return wrong;
};

const checkScalar = (value: unknown, shape: Shape): readonly string[] => {
  switch (shape.type) {
    case 'string':
      return checkString(value, shape);
    case 'integer':
    case 'long':
      if (typeof value !== 'number' || !Number.isInteger(value))
        return [`is ${kindOf(value)}, not ${shape.type}`];
      return [outside(value, shape)].filter((wrong) => wrong !== undefined);
    case 'double':
    case 'float':
      return typeof value === 'number' && Number.isFinite(value)
        ? []
        : [`is ${kindOf(value)}, not ${shape.type}`];
    case 'boolean':
      return typeof value === 'boolean' ? [] : [`is ${kindOf(value)}, not boolean`];
    case 'timestamp':
      return value instanceof Date && Number.isFinite(value.getTime())
        ? []
        : [`is ${kindOf(value)}, not timestamp`];
    case 'blob':
      return typeof value === 'string' ? [] : [`is ${kindOf(value)}, not blob`];
    default:
      return [];
  }
};

/**
 * Everything that is wrong with a value, each with its path; empty when it fits. Members that the model does not
 * know are wrong too: a field that no SDK knows never reaches anybody.
 */
export const violations = (
  model: ServiceModel,
  ref: ShapeRef,
  value: unknown,
  path = '',
): readonly string[] => {
  const shape = shapeOf(model, ref);
  const at = (wrong: string): string => `${path === '' ? 'the body' : path} ${wrong}`;
  switch (shape.type) {
    case 'structure': {
      if (!isStructure(value)) return [at(`is ${kindOf(value)}, not structure`)];
      const missing = (shape.required ?? []).filter((name) => value[name] === undefined);
      return [
        ...missing.map((name) => at(`lacks ${name}`)),
        ...Object.entries(value).flatMap(([name, child]) => {
          if (child === undefined) return [];
          const member = shape.members[name];
          return member === undefined
            ? [at(`has no member ${name} in ${ref.shape}`)]
            : violations(model, member, child, `${path}.${name}`);
        }),
      ];
    }
    case 'list': {
      if (!Array.isArray(value)) return [at(`is ${kindOf(value)}, not list`)];
      const length = outside(value.length, shape);
      return [
        ...(length === undefined ? [] : [at(`length ${length}`)]),
        ...value.flatMap((child: unknown, index) =>
          violations(model, shape.member, child, `${path}[${index}]`),
        ),
      ];
    }
    case 'map':
      if (!isStructure(value)) return [at(`is ${kindOf(value)}, not map`)];
      return Object.entries(value).flatMap(([key, child]) => [
        ...violations(model, shape.key, key, `${path} key ${key}`),
        ...violations(model, shape.value, child, `${path}.${key}`),
      ]);
    default:
      return checkScalar(value, shape).map(at);
  }
};
