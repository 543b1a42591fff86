/**
 * AWS JSON 1.1: the operation in `X-Amz-Target`, timestamps as numbers of seconds, absent instead of null.
 * Source: Smithy specification, AWS JSON 1.1 protocol.
 */
import type { ServiceModel, ShapeRef } from './model.ts';
import { shapeOf } from './model.ts';
import { isStructure } from './validate.ts';

/** What was on the wire, with timestamps as Dates; what does not fit is left as it is for `violations` to name. */
export const fromJson = (model: ServiceModel, ref: ShapeRef, value: unknown): unknown => {
  const shape = shapeOf(model, ref);
  switch (shape.type) {
    case 'structure':
      if (!isStructure(value)) return value;
      return Object.fromEntries(
        Object.entries(value).flatMap(([name, child]) => {
          // A null member is an absent one.
          if (child === null) return [];
          const member = shape.members[name];
          return [[name, member === undefined ? child : fromJson(model, member, child)]];
        }),
      );
    case 'list':
      return Array.isArray(value) ? value.map((child) => fromJson(model, shape.member, child)) : value;
    case 'map':
      if (!isStructure(value)) return value;
      return Object.fromEntries(
        Object.entries(value).map(([key, child]) => [key, fromJson(model, shape.value, child)]),
      );
    case 'timestamp':
      return typeof value === 'number' ? new Date(value * 1_000) : value;
    default:
      return value;
  }
};

/** The way out: Dates become seconds with milliseconds behind the point. */
export const toJson = (value: unknown): unknown => {
  if (value instanceof Date) return value.getTime() / 1_000;
  if (Array.isArray(value)) return value.map(toJson);
  if (!isStructure(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, child]) => (child === undefined ? [] : [[name, toJson(child)]])),
  );
};
