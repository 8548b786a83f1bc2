import { z } from 'zod';
import { secretSetting } from '../files/secret-files.ts';
import { withoutBlanks } from '../model/settings.ts';

/** What is needed to prove session tokens of a Clerk application without asking Clerk. */
export type ClerkConfig = {
  publishableKey: string;
  /** Clerk's host for this application, which the publishable key names: it issues the tokens and serves the scripts. */
  host: string;
  /** The public key that the tokens are signed with, as PEM. */
  jwtKey: string;
  /** Origins of the pages that may have asked for a token: its claim `azp`. None: the farm's public address. */
  authorizedParties: string[];
  /** Whether somebody who has chosen no organisation may come in, to their own team alone. */
  organization: 'optional' | 'required';
};

const Environment = z.object({
  PILOT_CLERK_PUBLISHABLE_KEY: z.string().optional(),
  PILOT_CLERK_AUTHORIZED_PARTIES: z
    .string()
    .default('')
    .transform((text) => text.split(',').flatMap((part) => (part.trim() === '' ? [] : [part.trim()])))
    .pipe(
      z.array(z.url('must be origins, such as https://farm.example').transform((url) => new URL(url).origin)),
    ),
  PILOT_CLERK_ORGANIZATION: z.enum(['optional', 'required']).default('optional'),
});

/** Null where people do not sign in by Clerk. Throws an Error with a sentence for each variable that does not fit. */
export function readClerkConfig(env: NodeJS.ProcessEnv): ClerkConfig | null {
  const parsed = Environment.safeParse(withoutBlanks(env));
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
    throw new Error(`The settings in the environment are not usable:\n${lines.join('\n')}`);
  }
  const e = parsed.data;
  const publishableKey = e.PILOT_CLERK_PUBLISHABLE_KEY;
  const jwtKey = secretSetting(env, 'PILOT_CLERK_JWT_KEY', 'PILOT_CLERK_JWT_KEY_FILE');
  if (publishableKey === undefined && jwtKey === undefined) return null;
  if (publishableKey === undefined)
    throw new Error('PILOT_CLERK_JWT_KEY is set, but not PILOT_CLERK_PUBLISHABLE_KEY.');
  if (jwtKey === undefined)
    throw new Error(
      'PILOT_CLERK_PUBLISHABLE_KEY is set, but not PILOT_CLERK_JWT_KEY, the public key in PEM form from the API keys of your Clerk application.',
    );
  const host = hostOfKey(publishableKey);
  if (host === null)
    throw new Error('PILOT_CLERK_PUBLISHABLE_KEY is no key of Clerk: it begins with pk_test_ or pk_live_.');
  return {
    publishableKey,
    host,
    // In a variable of one line its ends of lines are often written out.
    jwtKey: jwtKey.replaceAll('\\n', '\n'),
    authorizedParties: e.PILOT_CLERK_AUTHORIZED_PARTIES,
    organization: e.PILOT_CLERK_ORGANIZATION,
  };
}

/** Clerk's host for an application: a publishable key is "pk_test_" or "pk_live_", then the host and a "$" in base64. */
export function hostOfKey(publishableKey: string): string | null {
  const [, encoded = ''] = /^pk_(?:test|live)_([A-Za-z0-9+/=]+)$/.exec(publishableKey) ?? [];
  const [, host = null] = /^([a-z0-9.-]+(?::\d+)?)\$$/.exec(Buffer.from(encoded, 'base64').toString()) ?? [];
  return host;
}
