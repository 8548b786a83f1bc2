import type { SignInProblem } from '@parallel-pilot/shared/access/sign-in-problems.ts';
import type { Clock } from '@parallel-pilot/shared/server/clock.ts';
import type { Log } from '@parallel-pilot/shared/server/log.ts';
import type { ProviderConfig } from '@parallel-pilot/shared/server/sign-in-config.ts';
import * as client from 'openid-client';
import { z } from 'zod';

/** What a service said of somebody, with proof that it was the service. */
export type Claimed = {
  /** Never given to somebody else there. */
  sub: string;
  email: string | null;
  emailVerified: boolean;
  name: string | null;
  groups: string[];
};

/** What has to be kept from the way there to the way back. */
export type Checks = { state: string; nonce: string; verifier: string };

export type Provider = {
  config: ProviderConfig;
  /** Where to send the browser. Throws SignInFailed. */
  begin(redirectUri: string): Promise<{ url: URL; checks: Checks }>;
  /** What the browser brought back, as `url`. Throws SignInFailed. */
  finish(url: URL, checks: Checks): Promise<Claimed>;
};

export class SignInFailed extends Error {
  readonly problem: SignInProblem;
  constructor(problem: SignInProblem, options?: ErrorOptions) {
    super(problem, options);
    this.problem = problem;
  }
}

type ProviderParts = { clock: Clock; log: Log };

const TIMEOUT_SECONDS = 8;
/** Of what an issuer says of itself: its keys are fetched anew by the client by themselves. */
const DISCOVERY_MS = 60 * 60_000;
/** Further apart, one of the two clocks is wrong: an id token is made for the moment. */
const MOST_SKEW_SECONDS = 180;

/** Signing in by OpenID Connect or, at GitHub, OAuth 2 and its API; with PKCE, state and nonce (RFC 9700, 2.1). */
export function createProvider(config: ProviderConfig, { clock, log }: ProviderParts): Provider {
  const isGitHub = config.id === 'github';
  let found: { at: number; configuration: client.Configuration } | null = null;
  const discovered = async () => {
    if (isGitHub) return gitHub(config);
    if (found === null || clock() - found.at > DISCOVERY_MS) {
      found = { at: clock(), configuration: await discover(config) };
    }
    found.configuration[client.clockSkew] = Math.round((clock() - Date.now()) / 1_000);
    return found.configuration;
  };
  const failing = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      const problem = problemOf(error);
      log.warn({ event: 'oidc.failed', provider: config.id, problem, why: whyOf(error) });
      throw new SignInFailed(problem, { cause: error });
    }
  };
  return {
    config,
    begin: (redirectUri) =>
      failing(async () => {
        const issuer = await discovered();
        const verifier = client.randomPKCECodeVerifier();
        const checks = { state: client.randomState(), nonce: client.randomNonce(), verifier };
        const url = client.buildAuthorizationUrl(issuer, {
          redirect_uri: redirectUri,
          scope: isGitHub ? 'read:user user:email' : 'openid email profile',
          code_challenge: await client.calculatePKCECodeChallenge(verifier),
          code_challenge_method: 'S256',
          state: checks.state,
          ...(isGitHub ? {} : { nonce: checks.nonce }),
        });
        return { url, checks };
      }),
    finish: (url, { state, nonce, verifier }) =>
      failing(async () => {
        const issuer = await discovered();
        const tokens = await client.authorizationCodeGrant(issuer, url, {
          pkceCodeVerifier: verifier,
          expectedState: state,
          ...(isGitHub ? {} : { expectedNonce: nonce, idTokenExpected: true }),
        });
        if (isGitHub) return gitHubUser(issuer, config, tokens.access_token);
        const idToken = tokens.claims();
        if (idToken === undefined) throw new SignInFailed('issuer-not-proved');
        if (Math.abs(idToken.iat - clock() / 1_000) > MOST_SKEW_SECONDS) throw new SignInFailed('clock-off');
        return claimedBy(config, await withUserInfo(issuer, config, tokens.access_token, idToken));
      }),
  };
}

async function discover({ issuer, clientId, clientSecret }: ProviderConfig): Promise<client.Configuration> {
  const configuration = await client.discovery(issuer, clientId, {}, client.None(), {
    timeout: TIMEOUT_SECONDS,
    execute: insecureOnLoopback(issuer),
  });
  if (clientSecret === null) return strict(configuration, issuer);
  const server = configuration.serverMetadata();
  const methods = server.token_endpoint_auth_methods_supported;
  const basic = methods === undefined || methods.includes('client_secret_basic');
  const auth = basic ? client.ClientSecretBasic(clientSecret) : client.ClientSecretPost(clientSecret);
  return strict(new client.Configuration(server, clientId, { client_secret: clientSecret }, auth), issuer);
}

/** Checks the signature of id tokens too, which TLS alone would vouch for. */
function strict(configuration: client.Configuration, issuer: URL): client.Configuration {
  for (const apply of insecureOnLoopback(issuer)) apply(configuration);
  client.enableNonRepudiationChecks(configuration);
  configuration.timeout = TIMEOUT_SECONDS;
  return configuration;
}

const insecureOnLoopback = (issuer: URL) =>
  issuer.protocol === 'http:' ? [client.allowInsecureRequests] : [];

type Claims = Record<string, unknown> & { sub: string };

/** Issuers may leave e-mail and groups out of the token, and tell them when asked. */
async function withUserInfo(
  issuer: client.Configuration,
  { groupsClaim }: ProviderConfig,
  accessToken: string,
  idToken: Claims,
): Promise<Claims> {
  const complete = 'email' in idToken && (groupsClaim === null || groupsClaim in idToken);
  if (complete || issuer.serverMetadata().userinfo_endpoint === undefined) return idToken;
  return { ...(await client.fetchUserInfo(issuer, accessToken, idToken.sub)), ...idToken };
}

function claimedBy({ id, groupsClaim }: ProviderConfig, claims: Claims): Claimed {
  const { sub, email, name, preferred_username: other } = claims;
  const groups = groupsClaim === null ? [] : claims[groupsClaim];
  // Entra ID lets an admin of a tenant write any e-mail; `xms_edov` says that its domain is the tenant's own.
  const verified = id === 'microsoft' ? claims.xms_edov : claims.email_verified;
  return {
    sub,
    email: typeof email === 'string' ? email : null,
    emailVerified: verified === true || verified === 'true' || (id === 'microsoft' && verified === 1),
    name: typeof name === 'string' ? name : typeof other === 'string' ? other : null,
    groups: Array.isArray(groups) ? groups.filter((one) => typeof one === 'string').slice(0, 1_000) : [],
  };
}

function gitHub({ issuer, clientId, clientSecret }: ProviderConfig): client.Configuration {
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
async function gitHubUser(
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

function problemOf(error: unknown): SignInProblem {
  if (error instanceof SignInFailed) return error.problem;
  if (error instanceof client.AuthorizationResponseError) return 'issuer-refused';
  if (error instanceof client.ResponseBodyError) {
    return REFUSES_FARM.includes(error.error) ? 'issuer-refuses-farm' : 'issuer-refused';
  }
  // Answered with 401 and a challenge alone, by issuers that take the secret as Basic.
  if (error instanceof client.WWWAuthenticateChallengeError) return 'issuer-refuses-farm';
  if (error instanceof client.ClientError) {
    if (error.code === 'OAUTH_JWT_TIMESTAMP_CHECK_FAILED') return 'clock-off';
    if (error.code === 'OAUTH_TIMEOUT' || error.code === 'OAUTH_ABORT') return 'issuer-down';
    if (error.code === 'OAUTH_RESPONSE_IS_NOT_CONFORM') return 'issuer-down';
    return 'issuer-not-proved';
  }
  // What fetch itself throws: no such host, nobody listens, no such certificate.
  if (error instanceof TypeError) return 'issuer-down';
  return 'issuer-not-proved';
}

const REFUSES_FARM = ['invalid_client', 'unauthorized_client', 'incorrect_client_credentials'];

/** For the log, without what was sent. */
function whyOf(error: unknown): string {
  const { message, code, cause } = error as { message?: string; code?: string; cause?: { message?: string } };
  return [code, message, cause?.message].filter((one) => typeof one === 'string').join(': ');
}
