import { whyNotPassword } from '@parallel-pilot/shared/access/password-rules.ts';
import type { Library } from './library.ts';

export type Account = { subject: string; name: string; email: string; emailVerified: boolean };

export type NewAccount = { email: string; name: string; password: string; emailVerified: boolean };

export type Refused = { ok: false; code: 'email-taken' | 'weak-password' | 'not-found'; message: string };

/** What the farm does to accounts by itself: for links, for admins, and when a person is deleted. Every subject is `auth:<id>`. */
export interface AccountRecords {
  find(subject: string): Promise<Account | null>;
  findByEmail(email: string): Promise<Account | null>;
  create(account: NewAccount): Promise<{ ok: true; subject: string } | Refused>;
  /** Also where there was none before. Ends all sessions of the account. */
  setPassword(subject: string, password: string): Promise<{ ok: true } | Refused>;
  changeEmail(subject: string, email: string, verified: boolean): Promise<{ ok: true } | Refused>;
  rename(subject: string, name: string): Promise<void>;
  /** Codes and passkeys are gone, for somebody who lost their devices, and all sessions are over. */
  removeSecondFactors(subject: string): Promise<void>;
  endSessions(subject: string): Promise<void>;
  /** With its passwords, passkeys, sessions and links to other services. */
  remove(subject: string): Promise<void>;
  /** Forgets sessions and challenges whose time is over. */
  sweep(now: Date): Promise<void>;
}

type Adapter = Awaited<Library['$context']>['adapter'];
type Where = Parameters<Adapter['deleteMany']>[0]['where'];
/** The adapter, or a transaction of it. */
type Tables = Pick<Adapter, 'findOne' | 'create' | 'update' | 'deleteMany'>;
type User = { id: string; name: string; email: string; emailVerified: boolean };

export const subjectOf = (userId: string): string => `${PREFIX}${userId}`;
const PREFIX = 'auth:';
const idOf = (subject: string): string => (subject.startsWith(PREFIX) ? subject.slice(PREFIX.length) : '');

export async function createRecords(library: Library): Promise<AccountRecords> {
  const { adapter, password: hashing } = await library.$context;

  const userOf = (subject: string) =>
    adapter.findOne<User>({ model: 'user', where: by('id', idOf(subject)) });
  const userBy = (email: string) =>
    adapter.findOne<User>({ model: 'user', where: by('email', plain(email)) });

  return {
    find: async (subject) => accountOf(await userOf(subject)),
    findByEmail: async (email) => accountOf(await userBy(email)),

    async create({ email, name, password, emailVerified }) {
      const weak = whyNotPassword(password, { email, name });
      if (weak !== null) return { ok: false, code: 'weak-password', message: weak };
      if ((await userBy(email)) !== null) return EMAIL_TAKEN;
      const hash = await hashing.hash(password);
      const now = new Date();
      const dates = { createdAt: now, updatedAt: now };
      try {
        const user = await adapter.transaction(async (tables) => {
          const data = { email: plain(email), name, emailVerified, ...dates };
          const made = await tables.create<typeof data, User>({ model: 'user', data });
          await addPassword(tables, made.id, hash);
          return made;
        });
        return { ok: true, subject: subjectOf(user.id) };
      } catch (error) {
        // Two accepted links with one address at the same moment.
        if ((await userBy(email)) !== null) return EMAIL_TAKEN;
        throw error;
      }
    },

    async setPassword(subject, password) {
      const user = await userOf(subject);
      if (user === null) return NOT_FOUND;
      const weak = whyNotPassword(password, user);
      if (weak !== null) return { ok: false, code: 'weak-password', message: weak };
      const hash = await hashing.hash(password);
      await adapter.transaction(async (tables) => {
        await tables.deleteMany({ model: 'session', where: by('userId', user.id) });
        const where = [...by('userId', user.id), ...by('providerId', 'credential')];
        const update = { password: hash, updatedAt: new Date() };
        if ((await tables.findOne({ model: 'account', where })) === null) {
          await addPassword(tables, user.id, hash);
        } else await tables.update({ model: 'account', where, update });
      });
      return { ok: true };
    },

    async changeEmail(subject, email, verified) {
      const user = await userOf(subject);
      if (user === null) return NOT_FOUND;
      const other = await userBy(email);
      if (other !== null && other.id !== user.id) return EMAIL_TAKEN;
      const update = { email: plain(email), emailVerified: verified, updatedAt: new Date() };
      await adapter.update({ model: 'user', where: by('id', user.id), update });
      return { ok: true };
    },

    async rename(subject, name) {
      const update = { name, updatedAt: new Date() };
      await adapter.update({ model: 'user', where: by('id', idOf(subject)), update });
    },

    async removeSecondFactors(subject) {
      const id = idOf(subject);
      await adapter.transaction(async (tables) => {
        await forget(tables, id, ['twoFactor', 'passkey', 'session']);
        await tables.update({ model: 'user', where: by('id', id), update: { twoFactorEnabled: false } });
      });
    },

    endSessions: (subject) => forget(adapter, idOf(subject), ['session']),

    async remove(subject) {
      const id = idOf(subject);
      await adapter.transaction(async (tables) => {
        await forget(tables, id, ['twoFactor', 'passkey', 'session', 'account']);
        await tables.deleteMany({ model: 'user', where: by('id', id) });
      });
    },

    async sweep(now) {
      for (const model of ['session', 'verification']) {
        await adapter.deleteMany({ model, where: [{ field: 'expiresAt', operator: 'lt', value: now }] });
      }
    },
  };
}

const plain = (email: string): string => email.trim().toLowerCase();

const by = (field: string, value: string): NonNullable<Where> => [{ field, value }];

const accountOf = (user: User | null): Account | null =>
  user === null
    ? null
    : { subject: subjectOf(user.id), name: user.name, email: user.email, emailVerified: user.emailVerified };

async function addPassword(tables: Tables, userId: string, password: string): Promise<void> {
  const now = new Date();
  const data = {
    userId,
    accountId: userId,
    providerId: 'credential',
    password,
    createdAt: now,
    updatedAt: now,
  };
  await tables.create({ model: 'account', data });
}

async function forget(tables: Tables, userId: string, models: readonly string[]): Promise<void> {
  for (const model of models) await tables.deleteMany({ model, where: by('userId', userId) });
  // Browsers that need no code, and sign-ins that wait for one.
  if (models.includes('twoFactor')) {
    await tables.deleteMany({ model: 'verification', where: by('value', userId) });
  }
}

const EMAIL_TAKEN: Refused = {
  ok: false,
  code: 'email-taken',
  message: 'There is an account with this e-mail already. Sign in with it, or use another e-mail.',
};
const NOT_FOUND: Refused = { ok: false, code: 'not-found', message: 'There is no such account.' };
