/** The hosts adapters run on: a private CA, a proxy, and ways around it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ecsProvisioner } from '@muster/adapter-ecs/provisioner';
import type { EcsConfig } from '@muster/adapter-ecs/provisioner';
import { systemClock } from '@muster/runtime/system-clock';
import { CreateClusterCommand, ECSClient, RegisterTaskDefinitionCommand } from '@aws-sdk/client-ecs';
import { definition, EXECUTION_ROLE } from '../support/aws/fixtures.ts';
import { startAwsPeer } from '../support/aws/peer.ts';
import type { AwsPeer } from '../support/aws/peer.ts';
import { loopbackCertificate } from '../support/aws/tls.ts';
import { NAME, PROFILE } from './world.ts';

interface Proxy {
  readonly url: string;
  readonly tunnels: string[];
  /** What it answers instead of a tunnel. */
  refuse: number | undefined;
  close(): void;
}

const startProxy = async (): Promise<Proxy> => {
  const sockets = new Set<Socket>();
  const server = createServer();
  const proxy: Proxy = {
    url: '',
    tunnels: [],
    refuse: undefined,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
  server.on('connect', (request, socket: Socket) => {
    sockets.add(socket);
    const target = request.url ?? '';
    proxy.tunnels.push(`${target} ${request.headers['proxy-authorization'] ?? ''}`.trim());
    if (proxy.refuse !== undefined) return void socket.end(`HTTP/1.1 ${proxy.refuse} No\r\n\r\n`);
    const [host, port] = target.split(':');
    const upstream = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      upstream.pipe(socket).pipe(upstream);
    });
    sockets.add(upstream);
    const end = (): void => {
      upstream.destroy();
      socket.destroy();
    };
    upstream.on('error', end);
    socket.on('error', end);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(proxy, {
    url: `http://user:p%40ss@127.0.0.1:${(server.address() as AddressInfo).port}`,
  });
};

describe('an adapter reaches AWS', () => {
  let folder: string;
  let bundle: string;
  let peer: AwsPeer;
  let proxy: Proxy;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'muster-net-'));
    bundle = join(folder, 'ca.pem');
    const tls = loopbackCertificate();
    writeFileSync(bundle, tls.cert);
    peer = await startAwsPeer({ clock: systemClock(), roles: [EXECUTION_ROLE], tls });
    Object.assign(process.env, peer.env);
    const client = new ECSClient({ requestHandler: { httpsAgent: { ca: tls.cert } } });
    await client.send(new CreateClusterCommand({ clusterName: 'main' }));
    await client.send(new RegisterTaskDefinitionCommand(definition(peer)));
    client.destroy();
    proxy = await startProxy();
  });
  afterEach(async () => {
    proxy.close();
    await peer.close();
    rmSync(folder, { recursive: true });
  });

  const prepare = async (env: NonNullable<EcsConfig['env']>): Promise<string> => {
    await using one = ecsProvisioner({
      ownerMark: NAME,
      place: {
        cluster: 'main',
        subnets: ['subnet-1'],
        securityGroups: [],
        assignPublicIp: false,
        platformVersion: '',
        tags: new Map(),
      },
      profiles: [PROFILE],
      clock: systemClock(),
      log: () => undefined,
      env,
    });
    // Timers of the clock do not keep a process alive; a test runner's own do.
    return await one.prepare(new AbortController().signal).then(
      () => 'ready',
      (error: unknown) => String(error),
    );
  };

  test('through a certificate of a private CA', async () => {
    expect(await prepare({ AWS_CA_BUNDLE: bundle })).toBe('ready');
  });

  test('not where the certificate is unknown, and says so', async () => {
    expect(await prepare({})).toMatch(/region-unreachable: no connection to ECS.*(self-signed|certificate)/);
  });

  test('through a proxy with a password, checking the certificate behind it', async () => {
    expect(await prepare({ AWS_CA_BUNDLE: bundle, HTTPS_PROXY: proxy.url })).toBe('ready');
    const basic = Buffer.from('user:p@ss').toString('base64');
    expect(new Set(proxy.tunnels)).toEqual(new Set([`${new URL(peer.url).host} Basic ${basic}`]));
    expect(await prepare({ HTTPS_PROXY: proxy.url })).toMatch(/region-unreachable/);
  });

  test('around the proxy where NO_PROXY says so', async () => {
    const env = {
      AWS_CA_BUNDLE: bundle,
      https_proxy: proxy.url,
      NO_PROXY: 'example.com,127.0.0.1,localhost',
    };
    expect(await prepare(env)).toBe('ready');
    expect(proxy.tunnels).toEqual([]);
  });

  test('not through a proxy that refuses, and names it', async () => {
    proxy.refuse = 403;
    const said = await prepare({ AWS_CA_BUNDLE: bundle, HTTPS_PROXY: proxy.url });
    expect(said).toMatch(/the proxy 127\.0\.0\.1:\d+ refuses .*HTTP 403/);
    expect(said).not.toContain('p@ss');
  });
});
