/** Service Quotas, for what Fargate's are. Source: Service Quotas API reference; codes from the quotas console. */
import type { Account } from '../account.ts';
import type { Ecs } from '../ecs/state.ts';
import { NEW_ACCOUNT_QUOTAS } from '../ecs/settings.ts';
import type { EcsQuotas } from '../ecs/settings.ts';
import type { Service } from '../service.ts';
import { operation } from '../service.ts';
import { AwsError } from '../wire/errors.ts';

interface QuotaInput {
  readonly ServiceCode: string;
  readonly QuotaCode: string;
}

const QUOTAS = [
  { code: 'L-3032A538', name: 'Fargate On-Demand vCPU resource count', member: 'onDemandVcpus' },
  { code: 'L-36FBB829', name: 'Fargate Spot vCPU resource count', member: 'spotVcpus' },
] as const;

const shown = (
  account: Account,
  quota: (typeof QUOTAS)[number],
  values: Pick<EcsQuotas, 'onDemandVcpus' | 'spotVcpus'>,
): object => ({
  ServiceCode: 'fargate',
  ServiceName: 'AWS Fargate',
  QuotaArn: account.arn('servicequotas', `fargate/${quota.code}`),
  QuotaCode: quota.code,
  QuotaName: quota.name,
  Value: values[quota.member],
  Unit: 'None',
  Adjustable: true,
  GlobalQuota: false,
});

const quotaOf = ({ ServiceCode, QuotaCode }: QuotaInput): (typeof QUOTAS)[number] => {
  const quota = QUOTAS.find(({ code }) => ServiceCode === 'fargate' && code === QuotaCode);
  if (quota === undefined)
    throw new AwsError(
      'NoSuchResourceException',
      'The request failed because the specified quota does not exist.',
    );
  return quota;
};

export const quotasService = (account: Account, ecs: Ecs): Service => ({
  name: 'servicequotas',
  operations: {
    GetServiceQuota: operation<QuotaInput>({
      needs: ({ QuotaCode }) => [
        {
          action: 'servicequotas:GetServiceQuota',
          resource: account.arn('servicequotas', `fargate/${QuotaCode}`),
        },
      ],
      handle: (input) => ({ Quota: shown(account, quotaOf(input), ecs.quotas) }),
    }),
    GetAWSDefaultServiceQuota: operation<QuotaInput>({
      needs: () => [{ action: 'servicequotas:GetAWSDefaultServiceQuota', resource: '*' }],
      handle: (input) => ({ Quota: shown(account, quotaOf(input), NEW_ACCOUNT_QUOTAS) }),
    }),
    ListServiceQuotas: operation<{ readonly ServiceCode: string }>({
      needs: () => [{ action: 'servicequotas:ListServiceQuotas', resource: '*' }],
      handle: ({ ServiceCode }) => ({
        Quotas: ServiceCode === 'fargate' ? QUOTAS.map((quota) => shown(account, quota, ecs.quotas)) : [],
      }),
    }),
  },
});
