/** From an HTTP request to an operation and its input, and from its output to an answer; checked both ways. */
import { fromJson, toJson } from './json.ts';
import type { OperationModel, ServiceModel, ServiceName } from './model.ts';
import { serviceModel } from './model.ts';
import { AwsError } from './errors.ts';
import type { WireAnswer } from './errors.ts';
import { element, fromForm, printMembers, textElement } from './query.ts';
import type { Structure } from './validate.ts';
import { isStructure, violations } from './validate.ts';

const SERVICES: readonly ServiceName[] = [
  'ecs',
  'sts',
  'iam',
  'logs',
  'ec2',
  'servicequotas',
  'secretsmanager',
  'ssm',
];

export interface Addressed {
  readonly service: ServiceName;
  readonly model: ServiceModel;
  readonly operation: string;
  /** Absent when the service has no such operation, or the peer's copy of the model has not. */
  readonly operationModel: OperationModel | undefined;
  readonly form: ReadonlyMap<string, string> | undefined;
}

/**
 * Whom the request is for: JSON services by their target, query services by the scope of the signature.
 * @returns undefined for what no service of the peer would recognise.
 */
export const addressOf = (
  headers: Readonly<Record<string, string | undefined>>,
  body: string,
  signedFor: string | undefined,
): Addressed | undefined => {
  const found = (
    service: ServiceName,
    operation: string,
    form: ReadonlyMap<string, string> | undefined,
  ): Addressed => {
    const model = serviceModel(service);
    return { service, model, operation, operationModel: model.operations[operation], form };
  };
  const target = headers['x-amz-target'];
  if (target !== undefined) {
    const [prefix, operation = ''] = target.split('.');
    const service = SERVICES.find((name) => serviceModel(name).metadata.targetPrefix === prefix);
    return service === undefined ? undefined : found(service, operation, undefined);
  }
  const form = new Map(new URLSearchParams(body));
  const service = SERVICES.find((name) => name === signedFor);
  const operation = form.get('Action');
  if (service === undefined || operation === undefined) return undefined;
  if (form.get('Version') !== serviceModel(service).metadata.apiVersion) return undefined;
  return found(service, operation, form);
};

const wrongInput = (addressed: Addressed, wrong: readonly string[]): AwsError => {
  const message = `${wrong.length} validation error${wrong.length === 1 ? '' : 's'} detected: ${wrong.join('; ')}`;
  switch (addressed.model.metadata.protocol) {
    case 'json':
      return new AwsError('InvalidParameterException', message);
    case 'query':
      return new AwsError('ValidationError', message);
    case 'ec2':
      return new AwsError('InvalidParameterValue', message);
  }
};

const jsonBody = (body: string): unknown => {
  try {
    return body === '' ? {} : JSON.parse(body);
  } catch {
    throw new AwsError('SerializationException', 'The request body is not JSON.');
  }
};

/** @throws AwsError when the request does not fit the service model. */
export const decodeInput = (addressed: Addressed, body: string): Structure => {
  const { model, operationModel, form } = addressed;
  if (operationModel === undefined)
    throw new AwsError('UnknownOperationException', `${addressed.operation} is not known here`, 404);
  const ref = operationModel.input;
  if (ref === undefined) return {};
  const wrong: string[] = [];
  let input: unknown;
  if (form === undefined) {
    input = fromJson(model, ref, jsonBody(body));
  } else {
    const parsed = fromForm(model, ref, form);
    wrong.push(...parsed.unknown.map((name) => `${name} is no parameter of ${addressed.operation}`));
    input = parsed.input;
  }
  wrong.push(...violations(model, ref, input));
  if (wrong.length > 0 || !isStructure(input)) throw wrongInput(addressed, wrong);
  return input;
};

/** What is wrong with an answer that an operation of the peer gave: always the peer's own mistake. */
export const outputViolations = (addressed: Addressed, output: object): readonly string[] => {
  const ref = addressed.operationModel?.output;
  const value = Object.fromEntries(Object.entries(output));
  if (ref === undefined)
    return Object.keys(value).length === 0 ? [] : ['has members, but no output is modelled'];
  return violations(addressed.model, ref, value);
};

const xmlBody = (addressed: Addressed, output: object, requestId: string): string => {
  const { model, operation, operationModel } = addressed;
  const ref = operationModel?.output;
  const members =
    ref === undefined ? '' : printMembers(model, ref, Object.fromEntries(Object.entries(output)));
  const inner =
    model.metadata.protocol === 'ec2'
      ? textElement('requestId', requestId) + members
      : (ref?.resultWrapper === undefined ? members : element(ref.resultWrapper, members)) +
        element('ResponseMetadata', textElement('RequestId', requestId));
  return `<${operation}Response xmlns="${model.metadata.xmlNamespace ?? ''}">${inner}</${operation}Response>`;
};

export const encodeOutput = (addressed: Addressed, output: object, requestId: string): WireAnswer => {
  const isJson = addressed.model.metadata.protocol === 'json';
  return {
    status: 200,
    headers: {
      'content-type': isJson ? 'application/x-amz-json-1.1' : 'text/xml',
      'x-amzn-requestid': requestId,
    },
    body: isJson ? JSON.stringify(toJson(output)) : xmlBody(addressed, output, requestId),
  };
};
