import type { AccountSessions, AccountWays } from '@parallel-pilot/shared/api/accounts.ts';
import type { BetterAuthPlugin } from 'better-auth';
import { APIError, createAuthEndpoint, sensitiveSessionMiddleware } from 'better-auth/api';
import { setSessionCookie } from 'better-auth/cookies';
import { z } from 'zod';

/**
 * What the library lacks, or says too much in: its own list of sessions hands the browser their tokens. An endpoint
 * without a path is called by the server alone.
 */
export const ownOperations = () =>
  ({
    id: 'pilot',
    endpoints: {
      pilotSessions: createAuthEndpoint(
        '/sessions',
        { method: 'GET', use: [sensitiveSessionMiddleware] },
        async (ctx) => {
          const { user, session: current } = ctx.context.session;
          const all = await ctx.context.internalAdapter.listSessions(user.id);
          const sessions = all
            .filter((session) => session.expiresAt.getTime() > Date.now())
            .sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime())
            .map((session) => ({
              id: session.id,
              createdAt: session.createdAt.getTime(),
              expiresAt: session.expiresAt.getTime(),
              address: session.ipAddress ?? '',
              userAgent: (session.userAgent ?? '').slice(0, 300),
              current: session.id === current.id,
            }));
          return ctx.json({ sessions } satisfies AccountSessions);
        },
      ),

      pilotEndSession: createAuthEndpoint(
        '/sessions/end',
        { method: 'POST', use: [sensitiveSessionMiddleware], body: z.object({ id: z.string() }) },
        async (ctx) => {
          const all = await ctx.context.internalAdapter.listSessions(ctx.context.session.user.id);
          const session = all.find(({ id }) => id === ctx.body.id);
          if (session === undefined) throw new APIError('NOT_FOUND', { code: 'NO_SUCH_SESSION' });
          await ctx.context.internalAdapter.deleteSession(session.token);
          return ctx.json({});
        },
      ),

      pilotEndOtherSessions: createAuthEndpoint(
        '/sessions/end-others',
        { method: 'POST', use: [sensitiveSessionMiddleware] },
        async (ctx) => {
          const { user, session: current } = ctx.context.session;
          const all = await ctx.context.internalAdapter.listSessions(user.id);
          for (const { id, token } of all) {
            if (id !== current.id) await ctx.context.internalAdapter.deleteSession(token);
          }
          return ctx.json({});
        },
      ),

      pilotWays: createAuthEndpoint(
        '/ways',
        { method: 'GET', use: [sensitiveSessionMiddleware] },
        async (ctx) => {
          const { user } = ctx.context.session;
          const accounts = await ctx.context.internalAdapter.findAccounts(user.id);
          const passkeys = await ctx.context.adapter.findMany<{
            id: string;
            name?: string;
            createdAt?: Date;
          }>({
            model: 'passkey',
            where: [{ field: 'userId', value: user.id }],
          });
          return ctx.json({
            email: user.email,
            emailVerified: user.emailVerified,
            password: accounts.some((account) => account.providerId === 'credential'),
            totp: (user as { twoFactorEnabled?: boolean }).twoFactorEnabled === true,
            passkeys: passkeys.map(({ id, name, createdAt }) => ({
              id,
              name: name ?? null,
              createdAt: createdAt?.getTime() ?? null,
            })),
            providers: accounts.map(({ providerId }) => providerId).filter((id) => id !== 'credential'),
          } satisfies AccountWays);
        },
      ),

      pilotOpenSession: createAuthEndpoint.serverOnly(
        { method: 'POST', body: z.object({ userId: z.string() }), requireHeaders: true },
        async (ctx) => {
          const user = await ctx.context.internalAdapter.findUserById(ctx.body.userId);
          if (user === null) throw new APIError('NOT_FOUND', { code: 'USER_NOT_FOUND' });
          const session = await ctx.context.internalAdapter.createSession(user.id, false);
          await setSessionCookie(ctx, { session, user });
          return ctx.json({});
        },
      ),
    },
  }) satisfies BetterAuthPlugin;
