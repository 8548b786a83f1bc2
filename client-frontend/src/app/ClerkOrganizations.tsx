import { OrganizationSwitcher } from '@clerk/react';

/** Organisations of Clerk are teams here; which of them a token is for is chosen by Clerk's own part. */
export function ClerkOrganizations() {
  return <OrganizationSwitcher />;
}
