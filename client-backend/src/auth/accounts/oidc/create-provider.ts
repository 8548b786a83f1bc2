import type { Clock } from '@parallel-pilot/shared/server/clock.ts';
import type { Log } from '@parallel-pilot/shared/server/log.ts';
import type { ProviderConfig } from '@parallel-pilot/shared/server/sign-in-config.ts';
import * as client from 'openid-client';
import { gitHub, gitHubUser } from './github.ts';
import { problemOf, whyOf } from './problem-of.ts';
import {
  type Claimed,
  insecureOnLoopback,
  type Provider,
  SignInFailed,
  TIMEOUT_SECONDS,
} from './provider.ts';

type ProviderParts = { clock: Clock; log: Log };

/** Of what an issuer says of itself: its keys are fetched anew by the client by themselves. */
const DISCOVERY_MS = 60 * 60_000;
/** Further apart, one of the two clocks is wrong: an id token is made for the moment. */
const MOST_SKEW_SECONDS = 180;

/** Signing in by OpenID Connect or, at GitHub, OAuth 2 and its API; with PKCE, state and nonce (RFC 9700, 2.1). */
export function createProvider(config: ProviderConfig, { clock, log }: ProviderParts): Provider {
  const isGitHub = config.id === 'github';
  let found: { at: number; configuration: client.Configuration } | null = null;
  const skew = () => Math.round((clock() - Date.now()) / 1_000);
  const discovered = async () => {
    if (isGitHub) return gitHub(config);
    if (found === null || clock() - found.at > DISCOVERY_MS) {
      found = { at: clock(), configuration: await discover(config, skew()) };
    }
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

async function discover(
  { issuer, clientId, clientSecret }: ProviderConfig,
  skewSeconds: number,
): Promise<client.Configuration> {
  const metadata = { [client.clockSkew]: skewSeconds };
  const configuration = await client.discovery(issuer, clientId, metadata, client.None(), {
    timeout: TIMEOUT_SECONDS,
    execute: insecureOnLoopback(issuer),
  });
  if (clientSecret === null) return strict(configuration, issuer);
  const server = configuration.serverMetadata();
  const methods = server.token_endpoint_auth_methods_supported;
  const basic = methods === undefined || methods.includes('client_secret_basic');
  const auth = basic ? client.ClientSecretBasic(clientSecret) : client.ClientSecretPost(clientSecret);
  return strict(new client.Configuration(server, clientId, metadata, auth), issuer);
}

/** Checks the signature of id tokens too, which TLS alone would vouch for. */
function strict(configuration: client.Configuration, issuer: URL): client.Configuration {
  for (const apply of insecureOnLoopback(issuer)) apply(configuration);
  client.enableNonRepudiationChecks(configuration);
  configuration.timeout = TIMEOUT_SECONDS;
  return configuration;
}

type Claims = Record<string, unknown> & { sub: string };

/** Issuers may leave e-mail and groups out of the token, and tell them when asked. */
async function withUserInfo(
  issuer: client.Configuration,
  { groupsClaim }: ProviderConfig,
  accessToken: string,
  idToken: Claims,
): Promise<Claims> {
  const told = 'email' in idToken && 'email_verified' in idToken;
  const complete = told && (groupsClaim === null || groupsClaim in idToken);
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
