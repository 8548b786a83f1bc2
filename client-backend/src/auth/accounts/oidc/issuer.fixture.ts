import { createHash } from 'node:crypto';
import { Provider } from 'oidc-provider';
import type { IssuerSettings } from './start-issuer.fixture.ts';

/** A real OpenID issuer as a process of its own, told by its one argument what it is. Its clock is `skewMs` off. */
const { port, client, secret, redirect, people, skewMs } = JSON.parse(
  process.argv[2] ?? '{}',
) as IssuerSettings;

const now = Date.now;
Date.now = () => now() + skewMs;

const provider = new Provider(`http://localhost:${port}`, {
  clients: [
    {
      client_id: client,
      client_secret: secret,
      redirect_uris: [redirect],
    },
  ],
  pkce: { required: () => true },
  claims: { openid: ['sub'], email: ['email', 'email_verified', 'groups'], profile: ['name'] },
  cookies: { keys: [createHash('sha256').update('test').digest('hex')] },
  findAccount: async (_, sub) =>
    people[sub] === undefined ? undefined : { accountId: sub, claims: async () => ({ sub, ...people[sub] }) },
});
const server = provider.listen(port, '127.0.0.1', () => console.log('listening'));
process.on('SIGTERM', () => server.close(() => process.exit(0)));
