import type { AccessRequest } from '../auth/request.ts';

type Refused = { ok: false; code: string; message: string };

/** What links and pages ask of the accounts of the farm's own, where people sign in with such. A subject is `auth:<id>`. */
export interface Accounts {
  records: {
    findByEmail(email: string): Promise<{ subject: string; emailVerified: boolean } | null>;
    create(account: {
      email: string;
      name: string;
      password: string;
      emailVerified: boolean;
    }): Promise<{ ok: true; subject: string } | Refused>;
    /** Ends all sessions of the account. */
    setPassword(subject: string, password: string): Promise<{ ok: true } | Refused>;
    changeEmail(subject: string, email: string, verified: boolean): Promise<{ ok: true } | Refused>;
    rename(subject: string, name: string): Promise<void>;
    remove(subject: string): Promise<void>;
    /** Forgets what is over. */
    sweep(now: Date): Promise<void>;
  };
  /** The cookies that sign somebody in; null where a code is asked for at sign-in. */
  openSession(subject: string, from: AccessRequest): Promise<string[] | null>;
}
