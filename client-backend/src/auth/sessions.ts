import type { KeyId } from '@parallel-pilot/shared/model/ids.ts';
import { findKeyOfSession } from '@parallel-pilot/shared/server/db/keys.ts';
import {
  deleteExpiredSessions,
  deleteSession,
  insertSession,
} from '@parallel-pilot/shared/server/db/sessions.ts';
import { sha256 } from '@parallel-pilot/shared/server/secrets.ts';
import type { Parts } from '../parts.ts';
import { principalOfKey } from './keys.ts';
import type { Identification } from './request.ts';

export const SESSION_MS = 30 * 24 * 60 * 60_000;

export type SessionParts = Pick<Parts, 'db' | 'clock' | 'random'>;

export interface Sessions {
  /** The token of a new session, for its cookie alone. */
  open(key: KeyId): Promise<string>;
  /** Whose the session is; null where it is unknown, over, or its key is. */
  find(token: string): Promise<Extract<Identification, { ok: true }> | null>;
  close(token: string): Promise<void>;
  sweep(): Promise<void>;
}

/** Sign-ins with a key, kept in the database so that they outlive a restart and end where they are ended, or with the key. */
export function createSessions({ db, clock, random }: SessionParts): Sessions {
  const hashOf = (token: string) => sha256(`session:${token}`);
  return {
    async open(key) {
      const token = Buffer.from(random(32)).toString('base64url');
      const now = clock();
      const row = { token_hash: hashOf(token), key_id: key, created_at: now };
      await insertSession(db, { ...row, expires_at: now + SESSION_MS });
      return token;
    },
    async find(token) {
      const key = FORM.test(token) ? await findKeyOfSession(db, hashOf(token), clock()) : undefined;
      const found = key === undefined ? null : principalOfKey(key, clock());
      return found?.ok === true ? found : null;
    },
    close: (token) => deleteSession(db, hashOf(token)),
    sweep: () => deleteExpiredSessions(db, clock()),
  };
}

const FORM = /^[\w-]{43}$/;
