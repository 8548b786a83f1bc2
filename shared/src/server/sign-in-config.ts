import { z } from 'zod';
import { TeamRole } from '../access/principal.ts';
import { secretSetting } from '../files/secret-files.ts';
import { type SettingName, withoutBlanks } from '../model/settings.ts';

/** A service that vouches for people. */
export type ProviderConfig = {
  id: 'oidc' | 'google' | 'github' | 'microsoft';
  /** As it stands on the button. */
  name: string;
  /** Of GitHub the address of the site; of all others the issuer of OpenID Connect. */
  issuer: URL;
  clientId: string;
  /** None for a public client, which PKCE alone protects. */
  clientSecret: string | null;
  /** The claim that lists somebody's groups. */
  groupsClaim: string | null;
};

/** What a group at an issuer is here. */
export type GroupRule = { group: string; team: string; role: TeamRole };

export type SignInConfig = {
  providers: ProviderConfig[];
  /** Of somebody who has no account: make one, make one for who was invited to that e-mail, or make none. */
  firstSignIn: 'create' | 'invite' | 'refuse';
  groups: GroupRule[];
};

const issuer = z.url().transform((text, context) => {
  const url = new URL(text);
  if (url.protocol === 'https:' || ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)) return url;
  context.issues.push({ code: 'custom', input: text, message: 'must begin with https://' });
  return z.NEVER;
});

const Environment = z.object({
  PILOT_OIDC_ISSUER: issuer.optional(),
  PILOT_OIDC_NAME: z.string().max(40).default('OpenID'),
  PILOT_OIDC_CLIENT_ID: z.string().optional(),
  PILOT_OIDC_GROUPS_CLAIM: z.string().optional(),
  PILOT_OIDC_GROUPS: z
    .string()
    .default('')
    .transform((text, context) => {
      const rules = text.split(',').flatMap((entry) => (entry.trim() === '' ? [] : [ruleOf(entry.trim())]));
      if (rules.every((rule) => rule !== null)) return rules;
      context.issues.push({
        code: 'custom',
        input: text,
        message: `must be as in "staff=Studio:manager, students=Lab:member", with ${TeamRole.options.join(', ')} as roles`,
      });
      return z.NEVER;
    }),
  PILOT_OIDC_FIRST_SIGN_IN: z.enum(['create', 'invite', 'refuse']).default('invite'),
  PILOT_GOOGLE_CLIENT_ID: z.string().optional(),
  PILOT_GITHUB_CLIENT_ID: z.string().optional(),
  PILOT_GITHUB_URL: issuer.default(new URL('https://github.com')),
  PILOT_MICROSOFT_CLIENT_ID: z.string().optional(),
  PILOT_MICROSOFT_TENANT: z
    .string()
    .regex(/^[\w.-]+$/, 'must be the id or the domain of one tenant')
    .refine((tenant) => !['common', 'organizations', 'consumers'].includes(tenant), {
      message: 'must be the id or the domain of one tenant',
    })
    .optional(),
});

/** By which services people may sign in. Throws an Error with a sentence for each variable that does not fit. */
export function readSignInConfig(env: NodeJS.ProcessEnv): SignInConfig {
  const parsed = Environment.safeParse(withoutBlanks(env));
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
    throw new Error(`The settings in the environment are not usable:\n${lines.join('\n')}`);
  }
  const e = parsed.data;
  if (e.PILOT_OIDC_ISSUER !== undefined && e.PILOT_OIDC_CLIENT_ID === undefined)
    throw new Error('PILOT_OIDC_ISSUER is set, but not PILOT_OIDC_CLIENT_ID.');
  if (e.PILOT_OIDC_CLIENT_ID !== undefined && e.PILOT_OIDC_ISSUER === undefined)
    throw new Error('PILOT_OIDC_CLIENT_ID is set, but not PILOT_OIDC_ISSUER.');
  if (e.PILOT_MICROSOFT_CLIENT_ID !== undefined && e.PILOT_MICROSOFT_TENANT === undefined)
    throw new Error('PILOT_MICROSOFT_CLIENT_ID is set, but not PILOT_MICROSOFT_TENANT.');
  const groupsClaim = e.PILOT_OIDC_GROUPS_CLAIM ?? null;
  const secret = (name: SettingName, file: SettingName) => secretSetting(env, name, file) ?? null;
  const registered = [
    {
      id: 'oidc',
      name: e.PILOT_OIDC_NAME,
      issuer: e.PILOT_OIDC_ISSUER,
      clientId: e.PILOT_OIDC_CLIENT_ID,
      clientSecret: secret('PILOT_OIDC_CLIENT_SECRET', 'PILOT_OIDC_CLIENT_SECRET_FILE'),
    },
    {
      id: 'google',
      name: 'Google',
      issuer: new URL('https://accounts.google.com'),
      clientId: e.PILOT_GOOGLE_CLIENT_ID,
      clientSecret: secret('PILOT_GOOGLE_CLIENT_SECRET', 'PILOT_GOOGLE_CLIENT_SECRET_FILE'),
    },
    {
      id: 'github',
      name: 'GitHub',
      issuer: e.PILOT_GITHUB_URL,
      clientId: e.PILOT_GITHUB_CLIENT_ID,
      clientSecret: secret('PILOT_GITHUB_CLIENT_SECRET', 'PILOT_GITHUB_CLIENT_SECRET_FILE'),
    },
    {
      id: 'microsoft',
      name: 'Microsoft',
      issuer: new URL(`https://login.microsoftonline.com/${e.PILOT_MICROSOFT_TENANT}/v2.0`),
      clientId: e.PILOT_MICROSOFT_CLIENT_ID,
      clientSecret: secret('PILOT_MICROSOFT_CLIENT_SECRET', 'PILOT_MICROSOFT_CLIENT_SECRET_FILE'),
    },
  ] as const;
  const providers = registered.flatMap(({ issuer, clientId, ...one }) =>
    issuer === undefined || clientId === undefined ? [] : [{ ...one, issuer, clientId, groupsClaim }],
  );
  return { providers, firstSignIn: e.PILOT_OIDC_FIRST_SIGN_IN, groups: e.PILOT_OIDC_GROUPS };
}

/** "staff=Studio:manager"; a group may have any name without a comma, as far as the last "=". */
function ruleOf(entry: string): GroupRule | null {
  const [, group = '', team = '', role] = /^(.+)=([^=]+):(\w+)$/.exec(entry) ?? [];
  const known = TeamRole.safeParse(role);
  return known.success && group.trim() !== '' && team.trim() !== ''
    ? { group: group.trim(), team: team.trim(), role: known.data }
    : null;
}
