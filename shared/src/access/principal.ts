import { z } from 'zod';
import { KeyId, type PersonId, type TeamId } from '../model/ids.ts';

/** What a person is on the whole farm. An admin looks after people, teams, limits and machines, and sees no team's jobs but their own. */
export const FarmRole = z.enum(['admin', 'person']);
export type FarmRole = z.infer<typeof FarmRole>;

/** What a person is in a team, from the most to the least. */
export const TEAM_ROLES = ['owner', 'manager', 'member', 'viewer'] as const;
export const TeamRole = z.enum(TEAM_ROLES);
export type TeamRole = z.infer<typeof TeamRole>;

/** What a key may be used for; whoever signed in has all of them. */
export const SCOPES = ['read', 'submit', 'manage', 'lend'] as const;
export const Scope = z.enum(SCOPES);
export type Scope = z.infer<typeof Scope>;

/** As they are stored, separated by commas; what this version does not know is left out. */
export const scopesOf = (stored: string): Scope[] =>
  stored.split(',').flatMap((scope) => Scope.safeParse(scope).data ?? []);

/** How somebody showed who they are. */
export const Proof = z.discriminatedUnion('type', [
  z.object({ type: z.literal('local') }),
  z.object({ type: z.literal('session'), id: z.string() }),
  z.object({ type: z.literal('key'), id: KeyId }),
]);
export type Proof = z.infer<typeof Proof>;

/** Who a request comes from: a person, in one of their teams. All that a request may do follows from this. */
export type Principal = {
  person: PersonId;
  team: TeamId;
  teamRole: TeamRole;
  farmRole: FarmRole;
  scopes: readonly Scope[];
  proof: Proof;
  /** The admin who acts as this person, and is named with all that is done. */
  impersonator: PersonId | null;
};
