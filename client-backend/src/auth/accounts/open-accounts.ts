import type { Accounts, AccountsParts } from './accounts.ts';

/** The library takes a second and 70 MB to load: only where accounts are on. */
export async function openAccounts(parts: AccountsParts): Promise<Accounts> {
  const { createAccounts } = await import('./accounts.ts');
  return createAccounts(parts);
}
