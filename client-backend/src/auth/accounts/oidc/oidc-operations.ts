import { createHash } from 'node:crypto';
import { type SignInProblem, sayProblem } from '@parallel-pilot/shared/access/sign-in-problems.ts';
import type { SignInConfig } from '@parallel-pilot/shared/server/sign-in-config.ts';
import type { AuthContext, BetterAuthPlugin } from 'better-auth';
import { APIError, createAuthEndpoint } from 'better-auth/api';
import { setSessionCookie } from 'better-auth/cookies';
import { z } from 'zod';
import { type Checks, type Claimed, type Provider, SignInFailed } from './provider.ts';
import { teamsOfGroups } from './teams-of-groups.ts';

export type OidcParts = {
  config: SignInConfig;
  providers: readonly Provider[];
  /** Where people reach the farm: issuers send browsers back to no other address. */
  origin: string;
  /** Whether an invitation to this e-mail is open. */
  isInvited(email: string): Promise<boolean>;
  onSignedIn(userId: string, provider: string, address: string): void;
};

const COOKIE = 'oidc';
const TEN_MINUTES = 600;

type Pending = Checks & { provider: string; returnTo: string };

/**
 * Signing in by another service, as a part of the library: its sessions, its accounts, its single-use values. What is
 * kept of the way there is in the database under a value that this browser's cookie alone names, and is used once.
 */
export const oidcOperations = ({ config, providers, origin, isInvited, onSignedIn }: OidcParts) => {
  const redirectUri = (id: string) => `${origin}/api/auth/oidc/callback/${id}`;
  const providerOf = (id: unknown) => providers.find((provider) => provider.config.id === id);

  const begin = createAuthEndpoint(
    '/sign-in/oidc',
    { method: 'POST', body: z.object({ provider: z.string(), returnTo: z.string() }) },
    async (ctx) => {
      const provider = providerOf(ctx.body.provider);
      if (provider === undefined) throw new APIError('NOT_FOUND', { code: 'PROVIDER_NOT_FOUND' });
      const { url, checks } = await provider.begin(redirectUri(provider.config.id)).catch((error) => {
        if (!(error instanceof SignInFailed)) throw error;
        const message = sayProblem(error.problem, provider.config.name);
        throw new APIError('BAD_GATEWAY', { code: error.problem, message });
      });
      const pending: Pending = { ...checks, provider: provider.config.id, returnTo: ctx.body.returnTo };
      const cookie = ctx.context.createAuthCookie(COOKIE, { maxAge: TEN_MINUTES });
      await ctx.setSignedCookie(cookie.name, checks.state, ctx.context.secret, cookie.attributes);
      await ctx.context.internalAdapter.createVerificationValue({
        identifier: identifierOf(checks.state),
        value: JSON.stringify(pending),
        expiresAt: new Date(Date.now() + TEN_MINUTES * 1_000),
      });
      return ctx.json({ url: url.href });
    },
  );

  const callback = createAuthEndpoint(
    '/oidc/callback/:provider',
    { method: 'GET', query: z.record(z.string(), z.unknown()) },
    async (ctx) => {
      const provider = providerOf(ctx.params.provider);
      if (provider === undefined) throw new APIError('NOT_FOUND', { code: 'PROVIDER_NOT_FOUND' });
      const { id, name } = provider.config;
      const back = (problem: SignInProblem) =>
        ctx.redirect(`/?${new URLSearchParams({ problem, by: name })}`);
      const cookie = ctx.context.createAuthCookie(COOKIE);
      const state = await ctx.getSignedCookie(cookie.name, ctx.context.secret);
      ctx.setCookie(cookie.name, '', { ...cookie.attributes, maxAge: 0 });
      // Deleted as it is read: a second use of the same address finds nothing.
      const kept =
        typeof state === 'string'
          ? await ctx.context.internalAdapter.consumeVerificationValue(identifierOf(state))
          : null;
      if (kept === null) throw back('too-late');
      const pending = JSON.parse(kept.value) as Pending;
      if (pending.provider !== id || ctx.request === undefined) throw back('too-late');
      const url = new URL(redirectUri(id));
      url.search = new URL(ctx.request.url).search;

      let userId: string;
      let claimed: Claimed;
      try {
        claimed = await provider.finish(url, pending);
        userId = await accountOf(ctx.context, id, claimed);
      } catch (error) {
        if (error instanceof SignInFailed) throw back(error.problem);
        throw error;
      }
      const user = await ctx.context.internalAdapter.findUserById(userId);
      if (user === null) throw back('not-open');
      const teams = config.groups.length === 0 ? null : teamsOfGroups(claimed.groups, config.groups);
      const session = await ctx.context.internalAdapter.createSession(user.id, false, {
        teamsJson: teams === null ? null : JSON.stringify(teams),
      });
      await setSessionCookie(ctx, { session, user }, false);
      onSignedIn(user.id, id, session.ipAddress ?? '');
      throw ctx.redirect(pending.returnTo);
    },
  );

  /** The id of the account that this is a proof for: linked before, linked now by an e-mail that both have verified, or new. */
  async function accountOf(
    { internalAdapter, adapter }: AuthContext,
    providerId: string,
    claimed: Claimed,
  ): Promise<string> {
    const accountId = claimed.sub;
    const linked = await adapter.findOne<{ userId: string }>({
      model: 'account',
      where: [
        { field: 'providerId', value: providerId },
        { field: 'accountId', value: accountId },
      ],
    });
    if (linked !== null) return linked.userId;
    const email = claimed.email?.trim().toLowerCase() ?? '';
    if (!z.email().safeParse(email).success) throw new SignInFailed('no-email');
    if (!claimed.emailVerified) throw new SignInFailed('unverified-email');
    const known = await internalAdapter.findUserByEmail(email);
    if (known !== null) {
      if (!known.user.emailVerified) throw new SignInFailed('unverified-here');
      if ((known.user as { twoFactorEnabled?: boolean }).twoFactorEnabled === true)
        throw new SignInFailed('codes-on');
      await internalAdapter.linkAccount({ userId: known.user.id, providerId, accountId });
      return known.user.id;
    }
    if (config.firstSignIn === 'refuse') throw new SignInFailed('not-open');
    if (config.firstSignIn === 'invite' && !(await isInvited(email))) throw new SignInFailed('not-invited');
    const now = new Date();
    const dates = { createdAt: now, updatedAt: now };
    const name = (claimed.name ?? email).slice(0, 100);
    return adapter.transaction(async (tables) => {
      const user = { email, name, emailVerified: true, ...dates };
      const made = await tables.create<typeof user, { id: string }>({ model: 'user', data: user });
      await tables.create({ model: 'account', data: { userId: made.id, providerId, accountId, ...dates } });
      return made.id;
    });
  }

  return {
    id: 'pilot-oidc',
    endpoints: { pilotOidcBegin: begin, pilotOidcCallback: callback },
  } satisfies BetterAuthPlugin;
};

/** Not the state itself: who reads the table cannot go on with somebody's sign-in. */
const identifierOf = (state: string): string => `oidc-${createHash('sha256').update(state).digest('hex')}`;
