/** The evaluator of policies, row by row. */
import { describe, expect, test } from 'vitest';
import type { PolicyStatement, Verdict } from './policy.ts';
import { judge } from './policy.ts';

const permission = {
  action: 'ecs:RunTask',
  resource: 'arn:aws:ecs:us-east-1:1:task-definition/muster:7',
  context: { 'ecs:cluster': 'arn:aws:ecs:us-east-1:1:cluster/main', 'aws:tagkeys': ['a', 'b'] },
};
const allow = (changes: Partial<PolicyStatement> = {}): PolicyStatement => ({
  Effect: 'Allow',
  Action: 'ecs:*',
  Resource: '*',
  ...changes,
});
const cluster = (operator: string, value: string): PolicyStatement =>
  allow({ Condition: { [operator]: { 'ecs:cluster': value } } });

describe('a policy', () => {
  const rows: readonly (readonly [string, readonly PolicyStatement[], Verdict])[] = [
    ['says nothing', [], 'implicitDeny'],
    ['allows the action', [allow()], 'allow'],
    ['names the action in other letters', [allow({ Action: 'ECS:runtask' })], 'allow'],
    ['allows another action', [allow({ Action: 'ecs:StopTask' })], 'implicitDeny'],
    ['allows all but this', [{ Effect: 'Allow', NotAction: 'ecs:RunTask', Resource: '*' }], 'implicitDeny'],
    ['allows every revision', [allow({ Resource: 'arn:aws:ecs:*:1:task-definition/muster:*' })], 'allow'],
    ['allows one letter', [allow({ Resource: 'arn:aws:ecs:us-east-1:1:task-definition/muster:?' })], 'allow'],
    [
      'allows another family',
      [allow({ Resource: 'arn:aws:ecs:*:1:task-definition/other:*' })],
      'implicitDeny',
    ],
    ['denies it as well', [allow(), { ...allow(), Effect: 'Deny' }], 'explicitDeny'],
    ['wants this cluster', [cluster('ArnEquals', 'arn:aws:ecs:us-east-1:1:cluster/main')], 'allow'],
    [
      'wants another cluster',
      [cluster('StringEquals', 'arn:aws:ecs:us-east-1:1:cluster/other')],
      'implicitDeny',
    ],
    [
      'wants any cluster but this',
      [cluster('StringNotEquals', 'arn:aws:ecs:us-east-1:1:cluster/main')],
      'implicitDeny',
    ],
    [
      'wants what the call does not say',
      [allow({ Condition: { StringEquals: { 'aws:RequestTag/x': 'y' } } })],
      'implicitDeny',
    ],
    [
      'wants it if it is said',
      [allow({ Condition: { StringEqualsIfExists: { 'aws:RequestTag/x': 'y' } } })],
      'allow',
    ],
    [
      'wants some tag key',
      [allow({ Condition: { 'ForAnyValue:StringEquals': { 'aws:TagKeys': ['b', 'c'] } } })],
      'allow',
    ],
    [
      'wants no other tag keys',
      [allow({ Condition: { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['b', 'c'] } } })],
      'implicitDeny',
    ],
  ];
  test.each(rows)('that %s', (_, Statement, verdict) => {
    expect(judge([{ Statement }], permission)).toBe(verdict);
  });

  test('with a condition that nobody here knows is not guessed at', () => {
    expect(() => judge([{ Statement: cluster('DateLessThan', '2026') }], permission)).toThrow(/DateLessThan/);
  });
});
