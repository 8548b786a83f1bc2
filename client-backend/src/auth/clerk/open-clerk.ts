import type { Identities } from '../identities.ts';
import type { ClerkParts } from './clerk.ts';

/** The library is loaded only where people sign in by Clerk. */
export async function openClerk(parts: ClerkParts): Promise<Identities> {
  const { createClerk } = await import('./clerk.ts');
  return createClerk(parts);
}
