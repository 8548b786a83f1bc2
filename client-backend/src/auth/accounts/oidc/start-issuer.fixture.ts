import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { parse } from 'hono/utils/cookie';

export const CLIENT = 'parallel-pilot';
export const SECRET = 'the-secret-of-the-client';

export type Issuer = { url: string; stop(): Promise<void> };

/** Claims by login. */
type People = Record<string, Record<string, unknown>>;

export type IssuerSettings = {
  port: number;
  client: string;
  secret: string;
  redirect: string;
  people: People;
  skewMs: number;
};

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

/** The npm package oidc-provider in a process of its own, for people that sign in with any password. */
export async function startIssuer(port: number, farm: string, people: People, skewMs = 0): Promise<Issuer> {
  const program = fileURLToPath(new URL('issuer.fixture.ts', import.meta.url));
  const redirect = `${farm}/api/auth/oidc/callback/oidc`;
  const settings: IssuerSettings = { port, client: CLIENT, secret: SECRET, redirect, people, skewMs };
  const child = spawn(process.execPath, [program, JSON.stringify(settings)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log = (log + text).slice(-5_000);
  });
  await Promise.race([
    once(child.stdout, 'data'),
    exited.then(() => Promise.reject(new Error(`The issuer ended: ${log}`))),
  ]);
  child.stdout.resume();
  return {
    url: `http://localhost:${port}`,
    async stop() {
      child.kill('SIGTERM');
      const patience = setTimeout(() => child.kill('SIGKILL'), 2_000);
      await exited;
      clearTimeout(patience);
    },
  };
}

/** Goes through the issuer's own pages as a person would, and says where it sends the browser back to. */
export async function signInAtIssuer(url: string, login: string): Promise<string> {
  const cookies = new Map<string, string>();
  let at = url;
  let form: URLSearchParams | null = null;
  for (let step = 0; step < 12; step++) {
    const response = await fetch(at, {
      method: form === null ? 'GET' : 'POST',
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      body: form,
    });
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';');
      for (const [name, value] of Object.entries(parse(pair))) cookies.set(name, value);
    }
    form = null;
    const location = response.headers.get('location');
    const page = await response.text();
    if (location !== null) {
      at = new URL(location, at).href;
      if (!at.startsWith(new URL(url).origin)) return at;
      continue;
    }
    const [, prompt] = /name="prompt" value="(\w+)"/.exec(page) ?? [];
    const [, action] = /action="([^"]+)"/.exec(page) ?? [];
    if (prompt === undefined || action === undefined)
      throw new Error(`The issuer says: ${page.slice(0, 500)}`);
    at = new URL(action, at).href;
    form = new URLSearchParams({ prompt, login, password: 'any' });
  }
  throw new Error(`The issuer goes in circles at ${at}`);
}
