import { randomBytes } from 'node:crypto';
import { MadeKey } from '@parallel-pilot/shared/api/people.ts';

/** Makes an account, with a team of its own, by the link to it, as the site's pages do; gives a key of it. */
export async function makeAccount(url: string, link: string, name: string): Promise<string> {
  const [, token = ''] = /#([\w-]{43})/.exec(link) ?? [];
  const person = {
    name,
    email: `${name.toLowerCase()}@example.org`,
    password: randomBytes(18).toString('base64url'),
  };
  const accepted = await post(`${url}/api/v1/links/accept`, { token, ...person });
  const cookie = accepted.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ');
  const asked = { name: 'test', scopes: ['read', 'submit', 'manage', 'lend'], expiresAt: null };
  const made = await post(`${url}/api/v1/account/keys`, asked, { cookie });
  return MadeKey.parse(await made.json()).key;
}

async function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`POST ${url}: ${response.status} ${await response.text()}`);
  return response;
}
