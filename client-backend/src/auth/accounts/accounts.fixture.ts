import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Clock } from '@parallel-pilot/shared/server/clock.ts';
import { readServerConfig } from '@parallel-pilot/shared/server/config.ts';
import { connectDatabase } from '@parallel-pilot/shared/server/db/connect.ts';
import { migrate } from '@parallel-pilot/shared/server/db/migrate.ts';
import { createLog } from '@parallel-pilot/shared/server/log.ts';
import { parseAddresses } from '@parallel-pilot/shared/server/peer-address.ts';
import { readSignInConfig } from '@parallel-pilot/shared/server/sign-in-config.ts';
import { parse } from 'hono/utils/cookie';
import { startMariaDb } from '../../../../tests/support/mariadb.ts';
import { temporaryFolder } from '../../app.fixture.ts';
import { newRoutes } from '../../http/problems.ts';
import { createHttpServer } from '../../http-server.ts';
import { identityRoutes } from '../../routes/identities.ts';
import { accessRequestOf } from '../guard.ts';
import type { Accounts, AccountsParts } from './accounts.ts';
import type { AccountEvent } from './handle.ts';
import { openAccounts } from './open-accounts.ts';

export const PASSWORD = 'correct horse battery';

export type TestAccounts = {
  url: string;
  accounts: Accounts;
  events: AccountEvent[];
  databaseUrl: string;
  /** A browser with cookies of its own, that comes from `address`. */
  browser(address?: string): Browser;
  /** Makes an account with PASSWORD, and says its subject. */
  join(email: string, name?: string): Promise<string>;
};

/** Real accounts behind a real HTTP server, on a database of their own. */
export async function startAccounts(
  t: { after(run: () => Promise<void>): void },
  given: {
    database?: 'SQLite' | 'MariaDB';
    clock?: Clock;
    env?: Record<string, string>;
    isInvited?: AccountsParts['isInvited'];
  } = {},
): Promise<TestAccounts> {
  const folder = await temporaryFolder();
  const server = given.database === 'MariaDB' ? await startMariaDb() : null;
  const databaseUrl = server?.url ?? `sqlite:${join(folder.path, 'farm.sqlite')}`;
  const db = connectDatabase(databaseUrl);
  await migrate(db);
  await db.destroy();
  const env = { PILOT_DATA: folder.path, DATABASE_URL: databaseUrl, PILOT_LOG: 'silent', ...given.env };
  const config = { ...readServerConfig(env), trustedProxies: parseAddresses('127.0.0.1') };
  const events: AccountEvent[] = [];
  const app = newRoutes();
  const http = createHttpServer(config, () => app).listen(0, '127.0.0.1');
  await once(http, 'listening');
  const url = `http://localhost:${(http.address() as AddressInfo).port}`;
  const accounts = await openAccounts({
    config: { ...config, publicUrl: config.publicUrl ?? url },
    clock: given.clock ?? Date.now,
    random: (count) => randomBytes(count),
    log: createLog('test', 'silent'),
    secrets: { signingKey: randomBytes(24).toString('hex') },
    signIn: readSignInConfig(env),
    onEvent: (event) => events.push(event),
    ...(given.isInvited === undefined ? {} : { isInvited: given.isInvited }),
  });
  app.route('/', identityRoutes(accounts.handle));
  app.get('/who', async (c) => c.json(await accounts.identify(accessRequestOf(c))));
  t.after(async () => {
    http.close();
    http.closeAllConnections();
    await accounts.close();
    await server?.stop();
    await folder.remove();
  });
  return {
    url,
    accounts,
    events,
    databaseUrl,
    browser: (address = '198.51.100.1') => createBrowser(url, address),
    async join(email, name = 'Ada Lovelace') {
      const made = await accounts.records.create({ email, name, password: PASSWORD, emailVerified: true });
      if (!made.ok) throw new Error(made.message);
      return made.subject;
    },
  };
}

export type Reply = { status: number; body: Record<string, unknown>; headers: Headers };

export type Browser = ReturnType<typeof createBrowser>;

function createBrowser(url: string, address: string) {
  const cookies = new Map<string, string>();
  const send = async (method: string, path: string, body?: unknown, more: Record<string, string> = {}) => {
    const headers: Record<string, string> = { 'x-forwarded-for': address, origin: url, ...more };
    if (cookies.size > 0) headers.cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    if (body !== undefined) headers['content-type'] = 'application/json';
    const response = await fetch(new URL(path, url), {
      method,
      headers,
      redirect: 'manual',
      body: body === undefined ? null : JSON.stringify(body),
    });
    for (const line of response.headers.getSetCookie()) keep(cookies, line);
    const text = await response.text();
    const reply = text.startsWith('{') || text.startsWith('[') || text === 'null' ? JSON.parse(text) : {};
    return { status: response.status, body: reply, headers: response.headers } as Reply;
  };
  const post = (path: string, body: unknown = {}, more?: Record<string, string>) =>
    send('POST', `/api/auth${path}`, body, more);
  return {
    cookies,
    send,
    post,
    get: (path: string) => send('GET', `/api/auth${path}`),
    signIn: (email: string, password = PASSWORD) => post('/sign-in/email', { email, password }),
    /** The identity that this browser's cookies prove; null without any. */
    who: async () => (await send('GET', '/who')).body as Record<string, unknown> | null,
  };
}

function keep(cookies: Map<string, string>, line: string): void {
  const [pair = '', ...attributes] = line.split(/; */);
  const [name = ''] = pair.split('=');
  const value = pair.slice(name.length + 1);
  if (attributes.some((one) => /^max-age=0$/i.test(one))) cookies.delete(name);
  else if (Object.keys(parse(pair)).length > 0) cookies.set(name, value);
}
