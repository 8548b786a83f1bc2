import type { PartsWithEngine } from '../jobs/engine.ts';
import type { Mail } from '../mail/mail.ts';
import type { Accounts } from './accounts.ts';

/** What people, teams and links need beside the parts of all. */
export type PeopleParts = PartsWithEngine & {
  /** Null where people sign in elsewhere, or nobody does. */
  accounts: Accounts | null;
  /** Null where no server for e-mail was set. */
  mail: Mail | null;
};
