import { createHmac } from 'node:crypto';
import { TeamRole } from '@parallel-pilot/shared/access/principal.ts';
import { connectDatabase } from '@parallel-pilot/shared/server/db/connect.ts';
import type { Secrets } from '@parallel-pilot/shared/server/secrets.ts';
import type { SignInConfig } from '@parallel-pilot/shared/server/sign-in-config.ts';
import { z } from 'zod';
import type { Parts } from '../../parts.ts';
import type { Identities, Identity } from '../identities.ts';
import { type AccessRequest, addressOf } from '../request.ts';
import { createAttempts } from './attempts.ts';
import { type AccountEvent, createHandle } from './handle.ts';
import { createTurns } from './hashing-turns.ts';
import { createKnownDevices } from './known-devices.ts';
import { ADDRESS_HEADER, createLibrary, type Library } from './library.ts';
import { createProvider } from './oidc/create-provider.ts';
import { GROUPS } from './oidc/teams-of-groups.ts';
import { type AccountRecords, createRecords, subjectOf } from './records.ts';

export type AccountsParts = Pick<Parts, 'config' | 'clock' | 'random' | 'log'> & {
  secrets: Pick<Secrets, 'signingKey'>;
  signIn: SignInConfig;
  onEvent?: (event: AccountEvent) => void;
  /** Whether an invitation to this e-mail is open; for who comes by another service for the first time. */
  isInvited?: (email: string) => Promise<boolean>;
};

export interface Accounts extends Identities {
  handle: NonNullable<Identities['handle']>;
  records: AccountRecords;
  /**
   * Signs in who has shown that they may, by a link: the cookies to set. Not for an account that asks for codes, whose
   * owner signs in with one: null, and for one that is gone.
   */
  openSession(subject: string, from: AccessRequest): Promise<string[] | null>;
}

/** Accounts of the farm's own, on a connection of their own to a database that is migrated. */
export async function createAccounts(parts: AccountsParts): Promise<Accounts> {
  const { config, clock, random, log, secrets, signIn, onEvent = () => {} } = parts;
  const secret = createHmac('sha256', secrets.signingKey).update('accounts').digest('base64url');
  const db = connectDatabase(config.databaseUrl);
  const type = config.databaseUrl.startsWith('sqlite:') ? 'sqlite' : 'mysql';
  const library = createLibrary({
    db,
    type,
    log,
    secret,
    origin: new URL(config.publicUrl ?? 'http://localhost').origin,
    oidc: {
      config: signIn,
      providers: signIn.providers.map((provider) => createProvider(provider, { clock, log })),
      isInvited: parts.isInvited ?? (async () => false),
      onSignedIn: (userId, way, address) =>
        onEvent({ action: 'session.open', subject: subjectOf(userId), way, address }),
    },
  });
  const identify = identifyBy(library);
  const handle = createHandle({
    config,
    log,
    library,
    identify,
    attempts: createAttempts(clock),
    devices: createKnownDevices(secret, random),
    // Half of libuv's four threads, so that files are read meanwhile.
    hashing: createTurns({ atOnce: 2, perPeer: 4, inAll: 200 }),
    onEvent,
  });
  return {
    mode: 'accounts',
    ways: {
      password: true,
      oidc: signIn.providers.map(({ id, name }) => ({ id, name })),
      clerk: null,
    },
    identify,
    handle,
    records: await createRecords(library),
    async openSession(subject, from) {
      const context = await library.$context;
      const userId = subject.replace(/^auth:/, '');
      const user = await context.internalAdapter.findUserById(userId);
      if (user === null || (user as { twoFactorEnabled?: boolean }).twoFactorEnabled === true) return null;
      const agent = from.headers['user-agent'] ?? '';
      const asked = new Headers({ 'user-agent': agent, [ADDRESS_HEADER]: addressOf(from, config) });
      const answer = await library.api.pilotOpenSession({
        body: { userId },
        headers: asked,
        returnHeaders: true,
      });
      return answer.headers.getSetCookie();
    },
    close: () => db.destroy(),
  };
}

const identifyBy =
  (library: Library) =>
  async ({ headers }: AccessRequest): Promise<Identity | null> => {
    if (headers.cookie === undefined || !headers.cookie.includes('pilot.session_token=')) return null;
    const found = await library.api.getSession({ headers: new Headers({ cookie: headers.cookie }) });
    if (found === null) return null;
    const { user, session } = found;
    return {
      subject: subjectOf(user.id),
      name: user.name,
      email: user.email,
      emailVerified: user.emailVerified,
      session: session.id,
      ...(session.teamsJson == null
        ? {}
        : { teams: { source: GROUPS, all: true, teams: Teams.parse(JSON.parse(session.teamsJson)) } }),
    };
  };

const Teams = z.array(z.object({ subject: z.string(), name: z.string(), role: TeamRole }));
