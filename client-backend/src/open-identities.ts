import type { ClerkConfig } from '@parallel-pilot/shared/server/clerk-config.ts';
import { hasOpenInvitation } from '@parallel-pilot/shared/server/db/links.ts';
import type { SignInConfig } from '@parallel-pilot/shared/server/sign-in-config.ts';
import { auditAccounts } from './audit/account-events.ts';
import { openAccounts } from './auth/accounts/open-accounts.ts';
import { openClerk } from './auth/clerk/open-clerk.ts';
import type { Identities } from './auth/identities.ts';
import type { Parts } from './parts.ts';
import type { Accounts } from './people/accounts.ts';

type OpenParts = Pick<Parts, 'config' | 'secrets' | 'db' | 'clock' | 'random' | 'log'> & {
  clerk: ClerkConfig | null;
  signIn: SignInConfig;
  /** Told after an account has signed out or changed: pages that are open may not be its any more. */
  onChange(): void;
};

/** How people sign in on a farm that others reach: by Clerk where that is set, else by accounts of its own. Only that library is loaded. */
export async function openIdentities({
  clerk,
  signIn,
  onChange,
  ...parts
}: OpenParts): Promise<{ identities: Identities; accounts: Accounts | null }> {
  const { db, clock, config } = parts;
  if (clerk !== null) {
    return { identities: await openClerk({ clerk, publicUrl: config.publicUrl }), accounts: null };
  }
  const record = auditAccounts(parts);
  const accounts = await openAccounts({
    ...parts,
    signIn,
    onEvent(event) {
      record(event);
      onChange();
    },
    isInvited: (email) => hasOpenInvitation(db, email, clock()),
  });
  return { identities: accounts, accounts };
}
