import { randomUUID } from 'node:crypto';
import { MadeLink } from '@parallel-pilot/shared/api/people.ts';
import { parse } from 'hono/utils/cookie';
import { startTestBackend, type TestBackend, temporaryFolder } from '../app.fixture.ts';
import type { Identities } from '../auth/identities.ts';
import type { Accounts } from './accounts.ts';
import { DAY_MS, makeLink } from './links.ts';

const SESSION = 'fake_session';

/** Accounts in memory that sign in by a cookie with their subject: what the library does is tested with it. */
export function fakeAccounts(): Accounts &
  Identities & {
    passwordOf(email: string): string | undefined;
    /** Everybody is signed in anew, as far as others can tell. */
    newSessions(): void;
  } {
  type Account = { subject: string; email: string; name: string; password: string; emailVerified: boolean };
  const all = new Map<string, Account>();
  let sessions = 1;
  const byEmail = (email: string) => [...all.values()].find((one) => one.email === email) ?? null;
  const weak = { ok: false, code: 'weak-password', message: 'The password is too short.' } as const;
  const known = (subject: string) => {
    const account = all.get(subject);
    if (account === undefined) throw new Error(`there is no account ${subject}`);
    return account;
  };
  return {
    mode: 'accounts',
    ways: { password: true, oidc: [], clerk: null },
    newSessions() {
      sessions += 1;
    },
    passwordOf: (email) => byEmail(email)?.password,
    records: {
      findByEmail: async (email) => byEmail(email),
      async create(account) {
        if (account.password.length < 10) return weak;
        if (byEmail(account.email) !== null)
          return { ok: false, code: 'email-taken', message: 'It is taken.' };
        const subject = `auth:${randomUUID()}`;
        all.set(subject, { ...account, subject });
        return { ok: true, subject };
      },
      async setPassword(subject, password) {
        if (password.length < 10) return weak;
        known(subject).password = password;
        return { ok: true };
      },
      async changeEmail(subject, email, verified) {
        Object.assign(known(subject), { email, emailVerified: verified });
        return { ok: true };
      },
      async rename(subject, name) {
        known(subject).name = name;
      },
      async remove(subject) {
        all.delete(subject);
      },
      sweep: async () => {},
    },
    openSession: async (subject) => [`${SESSION}=${subject}; Path=/`],
    async identify({ headers }) {
      const subject = parse(headers.cookie ?? '', SESSION)[SESSION];
      const account = subject === undefined ? undefined : all.get(subject);
      if (account === undefined) return null;
      const { name, email, emailVerified } = account;
      return { subject: account.subject, name, email, emailVerified, session: `session ${sessions}` };
    },
    async close() {},
  };
}

export type PeopleFarm = TestBackend & {
  accounts: ReturnType<typeof fakeAccounts>;
  mails: { to: string; text: string }[];
  rechecks(): number;
  /** Somebody who asks, with cookies of their own. */
  browser(): Browser;
  /** Somebody with an account, signed in, who was invited to the farm. */
  join(name: string): Promise<Browser>;
  /** Moves the clock. */
  pass(ms: number): void;
};

export async function startPeopleFarm(
  t: { after(end: () => Promise<void>): void },
  given: { databaseUrl?: string } = {},
): Promise<PeopleFarm> {
  const folder = await temporaryFolder();
  const accounts = fakeAccounts();
  const mails: { to: string; text: string }[] = [];
  let now = Date.now();
  let rechecks = 0;
  const farm = await startTestBackend({
    ...given,
    dataFolder: folder.path,
    host: '0.0.0.0',
    publicUrl: 'https://farm.example',
    clock: () => now,
    accounts,
    mail: { send: async (mail) => void mails.push(mail) },
    onRecheck: () => {
      rechecks += 1;
    },
  });
  t.after(async () => {
    await farm.stop();
    await folder.remove();
  });
  const browser = () => createBrowser(farm.url);
  return {
    ...farm,
    accounts,
    mails,
    rechecks: () => rechecks,
    browser,
    pass: (ms) => {
      now += ms;
    },
    async join(name) {
      const { path } = await makeLink(farm.parts, { purpose: 'invitation', ms: DAY_MS });
      const someone = browser();
      const email = `${name.toLowerCase()}@example.org`;
      const body = { token: path.split('#')[1], name, email, password: PASSWORD };
      const reply = await someone.send('POST', '/links/accept', body);
      if (reply.status !== 200) throw new Error(JSON.stringify(reply.body));
      return someone;
    },
  };
}

export const PASSWORD = 'correct horse battery';

export type Reply = { status: number; body: Record<string, unknown> & { code?: string; detail?: string } };
export type Browser = ReturnType<typeof createBrowser>;

function createBrowser(url: string) {
  const cookies = new Map<string, string>();
  const send = async (
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Reply> => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: {
        ...(cookie === '' ? {} : { cookie }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    for (const line of response.headers.getSetCookie())
      for (const [name, value] of Object.entries(parse(line.split(';')[0] ?? ''))) cookies.set(name, value);
    const text = await response.text();
    return { status: response.status, body: text === '' ? {} : JSON.parse(text) };
  };
  return { cookies, send };
}

/** What stands behind the `#`. */
export const tokenIn = ({ body }: Reply): string => MadeLink.parse(body).url.split('#')[1] ?? '';

export const idOf = async (browser: Browser): Promise<string> =>
  String((await browser.send('GET', '/account')).body.id);

/** A team of that person, in which they act from now on; with others in it, in these roles. */
export async function makeTeam(
  owner: Browser,
  others: readonly (readonly [Browser, 'manager' | 'member' | 'viewer'])[] = [],
): Promise<string> {
  const made = await owner.send('POST', '/teams', { name: 'Lab' });
  const team = String(made.body.id);
  await owner.send('PUT', '/account/team', { team });
  for (const [other, role] of others) {
    const link = await owner.send('POST', `/teams/${team}/invitations`, { role });
    const accepted = await other.send('POST', '/links/accept', { token: tokenIn(link) });
    if (accepted.status !== 200) throw new Error(JSON.stringify(accepted.body));
  }
  return team;
}
