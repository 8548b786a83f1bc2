import type { ProviderConfig } from '@parallel-pilot/shared/server/sign-in-config.ts';
import * as client from 'openid-client';
import { z } from 'zod';
import { type Claimed, insecureOnLoopback, SignInFailed, TIMEOUT_SECONDS } from './provider.ts';

/** GitHub knows OAuth 2 and an API in place of OpenID Connect. */
export function gitHub({ issuer, clientId, clientSecret }: ProviderConfig): client.Configuration {
  const metadata = {
    issuer: new URL('/login/oauth', issuer).href,
    authorization_endpoint: new URL('/login/oauth/authorize', issuer).href,
    token_endpoint: new URL('/login/oauth/access_token', issuer).href,
  };
  const auth = clientSecret === null ? client.None() : client.ClientSecretPost(clientSecret);
  const configuration = new client.Configuration(metadata, clientId, {}, auth);
  for (const apply of insecureOnLoopback(issuer)) apply(configuration);
  configuration.timeout = TIMEOUT_SECONDS;
  return configuration;
}

const GitHubUser = z.object({ id: z.int(), login: z.string(), name: z.string().nullish() });
const GitHubEmails = z.array(z.object({ email: z.string(), primary: z.boolean(), verified: z.boolean() }));

/** https://docs.github.com/en/rest/users: the number stays when the name changes hands. */
export async function gitHubUser(
  issuer: client.Configuration,
  { issuer: site }: ProviderConfig,
  accessToken: string,
): Promise<Claimed> {
  const api = site.hostname === 'github.com' ? 'https://api.github.com' : new URL('/api/v3', site).href;
  const read = async (path: string): Promise<unknown> => {
    const headers = new Headers({ accept: 'application/vnd.github+json', 'user-agent': 'parallel-pilot' });
    const answer = await client.fetchProtectedResource(
      issuer,
      accessToken,
      new URL(`${api}${path}`),
      'GET',
      null,
      headers,
    );
    if (!answer.ok) throw new SignInFailed('issuer-down', { cause: `${path}: ${answer.status}` });
    return answer.json();
  };
  const user = GitHubUser.parse(await read('/user'));
  const emails = GitHubEmails.parse(await read('/user/emails'));
  const email = emails.find((one) => one.primary) ?? null;
  return {
    sub: String(user.id),
    email: email?.email ?? null,
    emailVerified: email?.verified ?? false,
    name: user.name ?? user.login,
    groups: [],
  };
}
