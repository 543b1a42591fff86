/** HTTPS_PROXY and NO_PROXY, which the SDK does not read: a tunnel (CONNECT) per connection. */
import { request } from 'node:http';
import { request as secureRequest } from 'node:https';
import { Agent } from 'node:https';
import type { AgentOptions } from 'node:https';
import { connect } from 'node:tls';
import type { Duplex } from 'node:stream';

type Env = Readonly<Record<string, string | undefined>>;

const variable = (env: Env, name: string): string | undefined => {
  const value = env[name] ?? env[name.toLowerCase()];
  return value === undefined || value === '' ? undefined : value;
};

/** The proxy for a host; undefined where it is reached directly. @throws TypeError for a proxy that is no URL. */
export const proxyFor = (env: Env, host?: string): URL | undefined => {
  const proxy = variable(env, 'HTTPS_PROXY');
  if (proxy === undefined) return undefined;
  const direct = (variable(env, 'NO_PROXY') ?? '').split(',').map((one) => one.trim().toLowerCase());
  if (host !== undefined && direct.some((one) => isWithin(host.toLowerCase(), one))) return undefined;
  return new URL(proxy.includes('://') ? proxy : `http://${proxy}`);
};

/** `example.com` and `.example.com` both mean the host and everything below it. */
const isWithin = (host: string, rule: string): boolean => {
  const name = rule.replace(/:\d+$/, '').replace(/^\*?\./, '');
  return rule === '*' || (name !== '' && (host === name || host.endsWith(`.${name}`)));
};

const TUNNEL_TIMEOUT_MS = 3_000;

/** @throws TypeError for a proxy that is no URL. */
export const proxyAgent = (options: AgentOptions, env: Env): Agent => {
  proxyFor(env);
  const agent = new Agent(options);
  const direct = agent.createConnection.bind(agent);
  agent.createConnection = (target, done) => {
    const host = target.host ?? '';
    const proxy = proxyFor(env, host);
    if (proxy === undefined) return direct(target, done);
    tunnel(proxy, host, Number(target.port ?? 443)).then(
      (socket) => done?.(null, connect({ ...options, servername: target.servername ?? host, socket })),
      (error: unknown) => done?.(error instanceof Error ? error : new Error(String(error)), agentHasNone()),
    );
    return undefined;
  };
  return agent;
};

/** The callback's second parameter is not read beside an error. */
const agentHasNone = (): Duplex => undefined as never;

const tunnel = (proxy: URL, host: string, port: number): Promise<Duplex> =>
  new Promise((resolve, reject) => {
    const authority = `${host}:${port}`;
    const ask = (proxy.protocol === 'https:' ? secureRequest : request)({
      host: proxy.hostname,
      port: proxy.port === '' ? (proxy.protocol === 'https:' ? 443 : 80) : Number(proxy.port),
      method: 'CONNECT',
      path: authority,
      agent: false,
      timeout: TUNNEL_TIMEOUT_MS,
      headers: { host: authority, ...authorization(proxy) },
    });
    ask.once('connect', (answer, socket) => {
      if (answer.statusCode === 200) return resolve(socket);
      socket.destroy();
      reject(new Error(`the proxy ${proxy.host} refuses ${authority}: HTTP ${answer.statusCode ?? '?'}`));
    });
    ask.once('timeout', () => ask.destroy(new Error(`the proxy ${proxy.host} does not answer`)));
    ask.once('error', reject);
    ask.end();
  });

const authorization = (proxy: URL): Readonly<Record<string, string>> => {
  if (proxy.username === '') return {};
  const pair = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(pair).toString('base64')}` };
};
