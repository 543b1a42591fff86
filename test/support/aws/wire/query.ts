/**
 * The query protocols: a form in, XML out. `query` is IAM's and STS's, `ec2` is its sibling with flat lists.
 * Source: Smithy specification, AWS query protocol and EC2 query protocol.
 */
import type { ServiceModel, ShapeRef } from './model.ts';
import { shapeOf } from './model.ts';
import { isStructure } from './validate.ts';

type Form = ReadonlyMap<string, string>;

const capitalised = (name: string): string => name.slice(0, 1).toUpperCase() + name.slice(1);

const inputName = (model: ServiceModel, name: string, ref: ShapeRef): string => {
  if (model.metadata.protocol !== 'ec2') return ref.locationName ?? name;
  return ref.queryName ?? capitalised(ref.locationName ?? name);
};

const under = (form: Form, prefix: string): boolean => {
  for (const key of form.keys()) if (key === prefix || key.startsWith(`${prefix}.`)) return true;
  return false;
};

const scalar = (text: string, type: string): unknown => {
  switch (type) {
    case 'integer':
    case 'long':
    case 'double':
    case 'float':
      return text.trim() === '' ? text : Number(text);
    case 'boolean':
      return text === 'true' || (text !== 'false' && text);
    case 'timestamp':
      return new Date(text);
    default:
      return text;
  }
};

const parse = (
  model: ServiceModel,
  ref: ShapeRef,
  form: Form,
  prefix: string,
  used: Set<string>,
): unknown => {
  const shape = shapeOf(model, ref);
  switch (shape.type) {
    case 'structure': {
      const found: Record<string, unknown> = {};
      for (const [name, member] of Object.entries(shape.members)) {
        const path = `${prefix === '' ? '' : `${prefix}.`}${inputName(model, name, member)}`;
        if (under(form, path)) found[name] = parse(model, member, form, path, used);
      }
      return found;
    }
    case 'list': {
      const flat = model.metadata.protocol === 'ec2' || shape.flattened === true;
      const base = flat ? prefix : `${prefix}.${shape.member.locationName ?? 'member'}`;
      const found: unknown[] = [];
      for (let index = 1; under(form, `${base}.${index}`); index += 1)
        found.push(parse(model, shape.member, form, `${base}.${index}`, used));
      // An empty list is written as an empty value.
      if (form.get(prefix) === '') used.add(prefix);
      return found;
    }
    case 'map': {
      const found: Record<string, unknown> = {};
      for (let index = 1; under(form, `${prefix}.entry.${index}`); index += 1) {
        const key = parse(model, shape.key, form, `${prefix}.entry.${index}.key`, used);
        found[String(key)] = parse(model, shape.value, form, `${prefix}.entry.${index}.value`, used);
      }
      return found;
    }
    default:
      used.add(prefix);
      return scalar(form.get(prefix) ?? '', shape.type);
  }
};

/** @returns the input and the names in the form that the model does not know. */
export const fromForm = (
  model: ServiceModel,
  ref: ShapeRef,
  form: Form,
): { readonly input: unknown; readonly unknown: readonly string[] } => {
  const used = new Set(['Action', 'Version']);
  const input = parse(model, ref, form, '', used);
  return { input, unknown: [...form.keys()].filter((key) => !used.has(key)) };
};

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

const escaped = (text: string): string =>
  text
    .replace(/[&<>"]/g, (sign) => ESCAPES[sign] ?? sign)
    .replace(/[\r\n\t]/g, (sign) => `&#x${sign.charCodeAt(0).toString(16)};`);

export const element = (name: string, inner: string): string => `<${name}>${inner}</${name}>`;

export const textElement = (name: string, text: string): string => element(name, escaped(text));

const print = (model: ServiceModel, ref: ShapeRef, value: unknown, name: string): string => {
  const shape = shapeOf(model, ref);
  switch (shape.type) {
    case 'structure':
      return element(name, isStructure(value) ? printMembers(model, ref, value) : '');
    case 'list': {
      const items = Array.isArray(value) ? (value as readonly unknown[]) : [];
      if (shape.flattened === true)
        return items.map((item) => print(model, shape.member, item, name)).join('');
      const each = shape.member.locationName ?? 'member';
      return element(name, items.map((item) => print(model, shape.member, item, each)).join(''));
    }
    case 'map': {
      const entries = isStructure(value) ? Object.entries(value) : [];
      return element(
        name,
        entries
          .map(([key, child]) =>
            element('entry', textElement('key', key) + print(model, shape.value, child, 'value')),
          )
          .join(''),
      );
    }
    case 'timestamp':
      return element(name, value instanceof Date ? value.toISOString() : '');
    default:
      return textElement(name, typeof value === 'string' ? value : String(value));
  }
};

/** The members of a structure as XML, without an element around them. */
export const printMembers = (
  model: ServiceModel,
  ref: ShapeRef,
  value: Readonly<Record<string, unknown>>,
): string => {
  const shape = shapeOf(model, ref);
  if (shape.type !== 'structure') throw new Error(`${ref.shape} is not a structure`);
  return Object.entries(shape.members)
    .flatMap(([name, member]) =>
      value[name] === undefined ? [] : [print(model, member, value[name], member.locationName ?? name)],
    )
    .join('');
};
