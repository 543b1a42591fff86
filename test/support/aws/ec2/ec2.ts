/** The reads of EC2 that a setup does. Source: EC2 API reference. */
import type { Account } from '../account.ts';
import type { Operation, Permission, Service } from '../service.ts';
import { operation } from '../service.ts';
import { AwsError } from '../wire/errors.ts';
import type { Network, SecurityGroupSpec, SubnetSpec } from './network.ts';

export interface Ec2 {
  readonly account: Account;
  readonly network: Network;
}

interface Filter {
  readonly Name?: string;
  readonly Values?: readonly string[];
}

interface ReadInput {
  readonly Filters?: readonly Filter[];
  readonly MaxResults?: number;
  readonly NextToken?: string;
}

type Properties<T> = Readonly<Record<string, (item: T) => readonly string[]>>;

const passes = <T>(item: T, filters: readonly Filter[], properties: Properties<T>): boolean =>
  filters.every(({ Name = '', Values = [] }) => {
    const read = properties[Name];
    if (read === undefined) throw new AwsError('InvalidParameterValue', `The filter '${Name}' is invalid`);
    return read(item).some((value) => Values.includes(value));
  });

interface Selected<T> {
  readonly items: readonly T[];
  readonly NextToken?: string;
}

/** By ids, which must all exist, then by filters, then by page. */
const select = <T extends { readonly id: string }>(
  all: readonly T[],
  ids: readonly string[] | undefined,
  input: ReadInput,
  properties: Properties<T>,
  missing: (id: string) => AwsError,
): Selected<T> => {
  for (const id of ids ?? []) if (!all.some((item) => item.id === id)) throw missing(id);
  const found = all
    .filter((item) => ids === undefined || ids.includes(item.id))
    .filter((item) => passes(item, input.Filters ?? [], properties));
  const from = Number(input.NextToken ?? 0);
  const to = from + (input.MaxResults ?? found.length);
  return { items: found.slice(from, to), ...(to < found.length ? { NextToken: String(to) } : {}) };
};

const subnetShown = (ec2: Ec2, subnet: SubnetSpec): object => ({
  SubnetId: subnet.id,
  SubnetArn: ec2.account.arn('ec2', `subnet/${subnet.id}`),
  VpcId: subnet.vpcId,
  AvailabilityZone: subnet.availabilityZone,
  CidrBlock: subnet.cidr,
  State: 'available',
  OwnerId: ec2.account.id,
  AvailableIpAddressCount: ec2.network.freeAddresses(subnet.id),
  MapPublicIpOnLaunch: subnet.isPublic,
  DefaultForAz: ec2.network.vpcs.some(({ id, isDefault }) => id === subnet.vpcId && isDefault),
  Tags: [],
});

const groupShown = (ec2: Ec2, group: SecurityGroupSpec): object => ({
  GroupId: group.id,
  GroupName: group.name,
  Description: group.description ?? group.name,
  VpcId: group.vpcId,
  OwnerId: ec2.account.id,
  IpPermissions: (group.inbound ?? []).map(({ fromPort, toPort, cidr }) => ({
    IpProtocol: 'tcp',
    FromPort: fromPort,
    ToPort: toPort,
    IpRanges: [{ CidrIp: cidr }],
  })),
  IpPermissionsEgress: [{ IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
  Tags: [],
});

/** One table a subnet: a route to the internet gateway where it is public, else to a NAT gateway. */
const routeTableShown = (ec2: Ec2, subnet: SubnetSpec): object => {
  const tail = subnet.id.slice('subnet-'.length);
  const isPublic = subnet.isPublic;
  return {
    RouteTableId: `rtb-${tail}`,
    VpcId: subnet.vpcId,
    OwnerId: ec2.account.id,
    Associations: [
      {
        Main: false,
        RouteTableAssociationId: `rtbassoc-${tail}`,
        RouteTableId: `rtb-${tail}`,
        SubnetId: subnet.id,
      },
    ],
    Routes: [
      {
        DestinationCidrBlock: '0.0.0.0/0',
        State: 'active',
        Origin: 'CreateRoute',
        ...(isPublic ? { GatewayId: `igw-${subnet.vpcId.slice(4)}` } : { NatGatewayId: `nat-${tail}` }),
      },
    ],
    Tags: [],
  };
};

const missing =
  (code: string, text: string) =>
  (id: string): AwsError =>
    new AwsError(code, `The ${text} '${id}' does not exist`);

const needs = (action: string) => (): readonly Permission[] => [{ action: `ec2:${action}`, resource: '*' }];

type Vpc = Network['vpcs'][number];

const vpcOperations = (ec2: Ec2): Readonly<Record<string, Operation>> => ({
  DescribeVpcs: operation<ReadInput & { readonly VpcIds?: readonly string[] }>({
    needs: needs('DescribeVpcs'),
    handle: (input) => {
      const properties: Properties<Vpc> = {
        'vpc-id': ({ id }) => [id],
        cidr: ({ cidr }) => [cidr],
        'is-default': ({ isDefault }) => [String(isDefault)],
        isDefault: ({ isDefault }) => [String(isDefault)],
        state: () => ['available'],
      };
      const { items, ...rest } = select(
        ec2.network.vpcs,
        input.VpcIds,
        input,
        properties,
        missing('InvalidVpcID.NotFound', 'vpc ID'),
      );
      const Vpcs = items.map(({ id, cidr, isDefault }) => ({
        VpcId: id,
        CidrBlock: cidr,
        IsDefault: isDefault,
        State: 'available',
        OwnerId: ec2.account.id,
        Tags: [],
      }));
      return { Vpcs, ...rest };
    },
  }),
  DescribeVpcAttribute: operation<{ readonly VpcId: string; readonly Attribute?: string }>({
    needs: needs('DescribeVpcAttribute'),
    handle: ({ VpcId, Attribute }) => {
      if (!ec2.network.vpcs.some(({ id }) => id === VpcId))
        throw missing('InvalidVpcID.NotFound', 'vpc ID')(VpcId);
      return Attribute === 'enableDnsHostnames'
        ? { VpcId, EnableDnsHostnames: { Value: true } }
        : { VpcId, EnableDnsSupport: { Value: true } };
    },
  }),
  DescribeAvailabilityZones: operation<ReadInput>({
    needs: needs('DescribeAvailabilityZones'),
    handle: () => ({
      AvailabilityZones: [
        ...new Set(ec2.network.subnets.map(({ availabilityZone }) => availabilityZone)),
      ].map((ZoneName) => ({
        ZoneName,
        State: 'available',
        RegionName: ec2.account.region,
        ZoneType: 'availability-zone',
      })),
    }),
  }),
});

const subnetProperties: Properties<SubnetSpec> = {
  'subnet-id': ({ id }) => [id],
  'vpc-id': ({ vpcId }) => [vpcId],
  'availability-zone': ({ availabilityZone }) => [availabilityZone],
  'map-public-ip-on-launch': ({ isPublic }) => [String(isPublic)],
  state: () => ['available'],
};

const subnetOperations = (ec2: Ec2): Readonly<Record<string, Operation>> => ({
  DescribeSubnets: operation<ReadInput & { readonly SubnetIds?: readonly string[] }>({
    needs: needs('DescribeSubnets'),
    handle: (input) => {
      const properties: Properties<SubnetSpec> = {
        ...subnetProperties,
        'default-for-az': ({ vpcId }) => [
          String(ec2.network.vpcs.some(({ id, isDefault }) => id === vpcId && isDefault)),
        ],
      };
      const { items, ...rest } = select(
        ec2.network.subnets,
        input.SubnetIds,
        input,
        properties,
        missing('InvalidSubnetID.NotFound', 'subnet ID'),
      );
      return { Subnets: items.map((subnet) => subnetShown(ec2, subnet)), ...rest };
    },
  }),
  DescribeSecurityGroups: operation<ReadInput & { readonly GroupIds?: readonly string[] }>({
    needs: needs('DescribeSecurityGroups'),
    handle: (input) => {
      const properties: Properties<SecurityGroupSpec> = {
        'group-id': ({ id }) => [id],
        'group-name': ({ name }) => [name],
        'vpc-id': ({ vpcId }) => [vpcId],
      };
      const { items, ...rest } = select(
        ec2.network.securityGroups,
        input.GroupIds,
        input,
        properties,
        missing('InvalidGroup.NotFound', 'security group'),
      );
      return { SecurityGroups: items.map((group) => groupShown(ec2, group)), ...rest };
    },
  }),
  DescribeRouteTables: operation<ReadInput>({
    needs: needs('DescribeRouteTables'),
    handle: (input) => {
      const properties: Properties<SubnetSpec> = {
        'vpc-id': ({ vpcId }) => [vpcId],
        'association.subnet-id': ({ id }) => [id],
        'association.main': () => ['false'],
      };
      const { items, ...rest } = select(
        ec2.network.subnets,
        undefined,
        input,
        properties,
        missing('InvalidRouteTableID.NotFound', 'routeTable ID'),
      );
      return { RouteTables: items.map((subnet) => routeTableShown(ec2, subnet)), ...rest };
    },
  }),
});

export const ec2Service = (ec2: Ec2): Service => ({
  name: 'ec2',
  operations: { ...vpcOperations(ec2), ...subnetOperations(ec2) },
});
