/** AWS's own policies that the setup attaches. Source: AWS managed policy reference. */
import type { PolicyDocument } from '../policy.ts';

const PULL = [
  'ecr:GetAuthorizationToken',
  'ecr:BatchCheckLayerAvailability',
  'ecr:GetDownloadUrlForLayer',
  'ecr:BatchGetImage',
];

const allow = (...actions: readonly string[]): PolicyDocument => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: actions, Resource: '*' }],
});

export const MANAGED_POLICIES: ReadonlyMap<string, PolicyDocument> = new Map([
  [
    'arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy',
    allow(...PULL, 'logs:CreateLogStream', 'logs:PutLogEvents'),
  ],
  ['arn:aws:iam::aws:policy/AmazonEKSFargatePodExecutionRolePolicy', allow(...PULL)],
  ['arn:aws:iam::aws:policy/AdministratorAccess', allow('*')],
]);
