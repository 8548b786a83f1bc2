import {
  deleteExpiredSessions,
  deleteSession,
  insertSession,
  isSessionOpen,
} from '@parallel-pilot/shared/server/db/sessions.ts';
import { sha256 } from '@parallel-pilot/shared/server/secrets.ts';
import type { Parts } from '../parts.ts';

export const SESSION_MS = 30 * 24 * 60 * 60_000;

export type SessionParts = Pick<Parts, 'db' | 'clock' | 'random' | 'owner'> & { ownerKeyHash: string };

export interface Sessions {
  /** The token of a new session, for its cookie alone. */
  open(): Promise<string>;
  isOpen(token: string): Promise<boolean>;
  close(token: string): Promise<void>;
  sweep(): Promise<void>;
}

/** Sign-ins, kept in the database so that they outlive a restart and end where they are ended. */
export function createSessions({ db, clock, random, owner, ownerKeyHash }: SessionParts): Sessions {
  // With the key's hash in it: a new key ends all sessions of the old one.
  const hashOf = (token: string) => sha256(`session:${token}:${ownerKeyHash}`);
  return {
    async open() {
      const token = Buffer.from(random(32)).toString('base64url');
      const now = clock();
      const row = { token_hash: hashOf(token), owner_id: owner, created_at: now };
      await insertSession(db, { ...row, expires_at: now + SESSION_MS });
      return token;
    },
    isOpen: async (token) => FORM.test(token) && isSessionOpen(db, hashOf(token), clock()),
    close: (token) => deleteSession(db, hashOf(token)),
    sweep: () => deleteExpiredSessions(db, clock()),
  };
}

const FORM = /^[\w-]{43}$/;
