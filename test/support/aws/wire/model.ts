/** The service descriptions that AWS's own SDKs are generated from, cut down by models/trim.py. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

export type ServiceName = 'ecs' | 'sts' | 'iam' | 'logs' | 'ec2' | 'servicequotas' | 'secretsmanager' | 'ssm';

export interface ShapeRef {
  readonly shape: string;
  readonly locationName?: string;
  readonly queryName?: string;
}

interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

export interface StructureShape {
  readonly type: 'structure';
  readonly members: Readonly<Record<string, ShapeRef>>;
  readonly required?: readonly string[];
  readonly exception?: boolean;
  readonly error?: { readonly code?: string; readonly httpStatusCode?: number };
}
export interface ListShape extends Bounds {
  readonly type: 'list';
  readonly member: ShapeRef;
  readonly flattened?: boolean;
}
export interface MapShape extends Bounds {
  readonly type: 'map';
  readonly key: ShapeRef;
  readonly value: ShapeRef;
}
export interface StringShape extends Bounds {
  readonly type: 'string';
  readonly enum?: readonly string[];
  readonly pattern?: string;
}
export interface NumberShape extends Bounds {
  readonly type: 'integer' | 'long' | 'double' | 'float';
}
export interface PlainShape {
  readonly type: 'boolean' | 'timestamp' | 'blob';
}
export type Shape = StructureShape | ListShape | MapShape | StringShape | NumberShape | PlainShape;

export interface OperationModel {
  readonly name: string;
  readonly input?: ShapeRef;
  readonly output?: ShapeRef & { readonly resultWrapper?: string };
  readonly errors?: readonly ShapeRef[];
}

export interface ServiceModel {
  /** Where the description comes from, such as `botocore 1.44.5`. */
  readonly source: string;
  readonly metadata: {
    readonly protocol: 'json' | 'query' | 'ec2';
    readonly apiVersion: string;
    readonly targetPrefix?: string;
    readonly xmlNamespace?: string;
    readonly signingName?: string;
    readonly endpointPrefix: string;
  };
  readonly operations: Readonly<Record<string, OperationModel>>;
  readonly shapes: Readonly<Record<string, Shape>>;
}

const loaded = new Map<ServiceName, ServiceModel>();

const read = (file: string): unknown =>
  JSON.parse(
    gunzipSync(readFileSync(new URL(`../models/${file}.json.gz`, import.meta.url))).toString('utf8'),
  );

/** The model of a service; read once. */
export const serviceModel = (service: ServiceName): ServiceModel => {
  const known = loaded.get(service);
  if (known !== undefined) return known;
  const model = read(service) as ServiceModel;
  loaded.set(service, model);
  return model;
};

export interface Example {
  readonly id: string;
  readonly title: string;
  readonly input?: Readonly<Record<string, unknown>>;
  readonly output?: Readonly<Record<string, unknown>>;
}

/** AWS's own examples of requests and answers of ECS, by operation. */
export const ecsExamples = (): Readonly<Record<string, readonly Example[]>> =>
  (read('ecs-examples') as { readonly examples: Readonly<Record<string, readonly Example[]>> }).examples;

/** @throws when the model lacks the shape: the fixture is broken. */
export const shapeOf = (model: ServiceModel, ref: ShapeRef): Shape => {
  const shape = model.shapes[ref.shape];
  if (shape === undefined)
    throw new Error(`the model of ${model.metadata.endpointPrefix} lacks ${ref.shape}`);
  return shape;
};
