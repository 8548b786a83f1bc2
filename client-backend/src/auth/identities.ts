import type { TeamRole } from '@parallel-pilot/shared/access/principal.ts';
import type { Session } from '@parallel-pilot/shared/api/farm.ts';
import type { AccessRequest, Refusal } from './request.ts';

/** Whom a cookie or token was shown to belong to by a library; what they may is looked up elsewhere. */
export type Identity = {
  /** `auth:<id>` or `clerk:<id>`; what `people.subject` says. */
  subject: string;
  name: string;
  email: string | null;
  emailVerified: boolean;
  /** Names the session, and opens nothing. */
  session: string;
  /** Teams that are kept by whoever vouches for the person, where it says so. */
  teams?: VouchedTeams;
  /** The subject of the admin who acts as them. */
  impersonatedBy?: string;
};

/**
 * Teams of one source, such as `clerk` or `group`, by `teams.subject`: `<source>:<name>`. Of that source, the person acts
 * in these alone while this identity stands. `all`: they are in no other, and no longer in those that are not named.
 */
export type VouchedTeams = {
  source: string;
  all: boolean;
  teams: { subject: string; name: string; role: TeamRole }[];
};

/** The ways to sign in beside keys: one of these where the farm is open to more than this machine. */
export interface Identities {
  readonly mode: 'accounts' | 'clerk';
  /** What the sign-in page offers. */
  readonly ways: Session['ways'];
  /** Null where nothing was shown, and a refusal where what was shown does not do and can be said why. */
  identify(request: AccessRequest): Promise<Identity | Refusal | null>;
  /** Requests below /api/auth, where the library has its own. */
  handle?(request: Request, from: AccessRequest): Promise<Response>;
  close(): Promise<void>;
}
