/** The account's network: what tasks are placed in, and what the setup looks at. */
import type { Random } from '../random.ts';

export interface SubnetSpec {
  readonly id: string;
  readonly vpcId: string;
  readonly availabilityZone: string;
  readonly cidr: string;
  /** Has a route to an internet gateway; otherwise to a NAT gateway. */
  readonly isPublic: boolean;
  /** False: its zone has no Fargate. Default true. */
  readonly hasFargate?: boolean;
  /** Addresses left for network interfaces. Default 251 (a /24 less AWS's five). */
  readonly addresses?: number;
}

export interface SecurityGroupSpec {
  readonly id: string;
  readonly vpcId: string;
  readonly name: string;
  readonly description?: string;
  /** Inbound TCP that is let in. Outbound everything is. */
  readonly inbound?: readonly { readonly fromPort: number; readonly toPort: number; readonly cidr: string }[];
}

export interface NetworkSpec {
  readonly vpcs: readonly { readonly id: string; readonly cidr: string; readonly isDefault: boolean }[];
  readonly subnets: readonly SubnetSpec[];
  readonly securityGroups: readonly SecurityGroupSpec[];
}

export interface Network extends NetworkSpec {
  subnet(id: string): SubnetSpec | undefined;
  securityGroup(id: string): SecurityGroupSpec | undefined;
  freeAddresses(subnetId: string): number;
  /** An interface is made, or given back. */
  use(subnetId: string, addresses: number): void;
  privateAddress(random: Random): string;
}

/** A default VPC as every account has one: a public subnet in each of three zones, and one group. */
export const defaultNetwork = (region: string): NetworkSpec => {
  const vpcId = 'vpc-0a1b2c3d4e5f60718';
  return {
    vpcs: [{ id: vpcId, cidr: '172.31.0.0/16', isDefault: true }],
    subnets: ['a', 'b', 'c'].map((zone, index) => ({
      id: `subnet-0${zone.repeat(3)}11122233344${index}5`,
      vpcId,
      availabilityZone: `${region}${zone}`,
      cidr: `172.31.${index * 16}.0/20`,
      isPublic: true,
      addresses: 4_091,
    })),
    securityGroups: [
      { id: 'sg-0123456789abcdef0', vpcId, name: 'default', description: 'default VPC security group' },
    ],
  };
};

export const networkOf = (spec: NetworkSpec): Network => {
  const subnets = new Map(spec.subnets.map((subnet) => [subnet.id, subnet]));
  const groups = new Map(spec.securityGroups.map((group) => [group.id, group]));
  const used = new Map<string, number>();
  return {
    ...spec,
    subnet: (id) => subnets.get(id),
    securityGroup: (id) => groups.get(id),
    freeAddresses: (id) => (subnets.get(id)?.addresses ?? 251) - (used.get(id) ?? 0),
    use: (id, addresses) => void used.set(id, (used.get(id) ?? 0) + addresses),
    privateAddress: (random) => `172.31.${random.between(0, 47)}.${random.between(4, 254)}`,
  };
};
