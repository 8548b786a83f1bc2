import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { createFolderStore } from '@parallel-pilot/shared/server/blobs/folder-store.ts';
import type { ServerConfig } from '@parallel-pilot/shared/server/config.ts';
import { deleteOldLinks } from '@parallel-pilot/shared/server/db/links.ts';
import { ensureFirstPerson } from '@parallel-pilot/shared/server/db/people.ts';
import { createApp } from './app.ts';
import { type Access, createAccess, isLocalOnly } from './auth/access.ts';
import type { Identities } from './auth/identities.ts';
import { adoptOwnerKey } from './auth/keys.ts';
import { createConfinement } from './confinement.ts';
import { createExclusive } from './exclusive.ts';
import { createLoadForecast } from './forecast/load-forecast.ts';
import { createHttpServer } from './http-server.ts';
import { createInFlight } from './in-flight.ts';
import { type PartsWithEngine, withEngine } from './jobs/engine.ts';
import { endKeeping } from './jobs/retention.ts';
import { startJobs } from './jobs/start-jobs.ts';
import { connectBalancer } from './live/connect-balancer.ts';
import { createLive } from './live/live-server.ts';
import type { Mail } from './mail/mail.ts';
import { createNoticeSender } from './notices/notice-sender.ts';
import type { Parts } from './parts.ts';
import type { Accounts } from './people/accounts.ts';
import { firstAdminLink } from './people/first-admin.ts';
import { createUploads, type Uploads } from './uploads/uploads.ts';

export type BackendDeps = Pick<Parts, 'config' | 'secrets' | 'db' | 'clock' | 'random' | 'log'> & {
  /** SHA-256 of the key that the owner of an older farm has, which stays good until it is revoked. */
  ownerKeyHash: string | null;
  /** How people sign in beside keys; none where only this machine comes in. */
  identities?: Identities | null;
  accounts?: Accounts | null;
  mail?: Mail | null;
};

export type Backend = {
  port: number;
  url: string;
  /** Where the farm's first admin makes their account; null where nobody signs in, or there is one. */
  adminLink: string | null;
  /** Ends the live connections of pages that may not watch any more. */
  recheck(): void;
  stop(): Promise<void>;
};

/**
 * Wires the client backend on a database that is migrated, and listens. Does
 * not wait for the load balancer: what no message says it reads from the database later. Rejects
 * with an Error whose message is for the user when the address cannot be taken.
 */
export async function startBackend(deps: BackendDeps): Promise<Backend> {
  const { config, secrets, db, clock, log } = deps;
  let app: OpenAPIHono | undefined;
  const server = createHttpServer(config, () => app);
  await listen(server, config);
  const { port } = server.address() as AddressInfo;
  const balancer = connectBalancer({ url: config.balancerUrl, token: secrets.controlToken, log });
  const first = await ensureFirstPerson(db, clock());
  if (deps.ownerKeyHash !== null) await adoptOwnerKey(deps, first, deps.ownerKeyHash);
  const { accounts = null, mail = null } = deps;
  const access = createAccess({ ...deps, first });
  const pages = createLive(server, { db, log, clock, authorizeRequest: access.authorizeRequest });
  const recheck = () => {
    pages.recheck();
    access.underWay.recheck();
  };
  const live = { ...pages, recheck };
  // Of what another process revoked, such as a command line beside the farm, nobody tells.
  const rechecking = setInterval(access.underWay.recheck, RECHECK_MS).unref();
  const blobs = await createFolderStore(join(config.dataFolder, 'blobs'));
  const { close: closeConfinement, ...confinement } = createConfinement(deps);
  // Looked for now, for whoever runs this to see in the log what it lacks, and not waited for.
  void confinement.sandbox();
  const forecast = createLoadForecast({ ...deps, tell: balancer.tellForecast });
  const parts = withEngine({
    ...deps,
    ...confinement,
    blobs,
    blobTurns: createExclusive(),
    derived: createInFlight(),
    first,
    balancer,
    forecast,
    live,
  });
  forecast.start();
  const uploads = await createUploads(parts);
  app = createApp(parts, { access, accounts, mail, uploads, onSignOut: live.recheck });
  startJobs(parts, balancer, live);
  const sweeping = sweepHourly(parts, uploads, access, { mail, accounts });
  const url = urlOf(config, port);
  const notices = createNoticeSender({ ...parts, mail, farm: url });
  notices.start();
  // Where others vouch for people, the shell says who looks after the farm.
  const path = isLocalOnly(config) || access.mode === 'clerk' ? null : await firstAdminLink(deps);
  log.info({ event: 'backend.listening', url, port });
  return {
    port,
    url,
    recheck: live.recheck,
    adminLink: path === null ? null : `${new URL(url).origin}${path}`,
    async stop() {
      clearInterval(sweeping);
      clearInterval(rechecking);
      forecast.close();
      await parts.engine.close();
      await notices.close();
      await closeConfinement();
      balancer.close();
      await live.close();
      await close(server);
    },
  };
}

async function listen(server: Server, config: ServerConfig): Promise<void> {
  server.listen(config.port, config.host.replace(/^\[|\]$/g, ''));
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new Error(whyNotListening(error as NodeJS.ErrnoException, config), { cause: error });
  }
}

function whyNotListening(error: NodeJS.ErrnoException, { host, port }: ServerConfig): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return `Port ${port} on ${host} is taken by another program, perhaps another farm. Stop that one, or set PILOT_PORT to another port (0 takes a free one).`;
    case 'EACCES':
      return `Port ${port} may not be used by this account. Set PILOT_PORT to a port above 1023.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `This machine has no address ${host}. Set PILOT_HOST to one it has: 127.0.0.1 for this machine alone, 0.0.0.0 for all of its addresses.`;
    default:
      return `The backend cannot listen on ${host}, port ${port}: ${error.message}.`;
  }
}

function urlOf(config: ServerConfig, port: number): string {
  if (config.publicUrl !== null) return config.publicUrl;
  const host = { '0.0.0.0': '127.0.0.1', '::': '[::1]', '::1': '[::1]' }[config.host] ?? config.host;
  return `http://${host}:${port}`;
}

const RECHECK_MS = 30_000;
const HOUR_MS = 60 * 60_000;
const LINKS_KEPT_MS = 30 * 24 * HOUR_MS;

function sweepHourly(
  parts: PartsWithEngine,
  uploads: Uploads,
  access: Access,
  { mail, accounts }: Pick<Required<BackendDeps>, 'mail' | 'accounts'>,
): NodeJS.Timeout {
  const { log } = parts;
  const sweep = async () => {
    await uploads.sweep().catch((err) => log.error({ event: 'uploads.sweep-failed', err }));
    await access.sweep().catch((err) => log.error({ event: 'sessions.sweep-failed', err }));
    await accounts?.records
      .sweep(new Date(parts.clock()))
      .catch((err) => log.error({ event: 'accounts.sweep-failed', err }));
    await deleteOldLinks(parts.db, parts.clock() - LINKS_KEPT_MS).catch((err) =>
      log.error({ event: 'links.sweep-failed', err }),
    );
    await endKeeping(parts, mail).catch((err) => log.error({ event: 'retention.sweep-failed', err }));
    await parts.engine.sweepBlobs().catch((err) => log.error({ event: 'blobs.sweep-failed', err }));
  };
  void sweep();
  return setInterval(sweep, HOUR_MS).unref();
}

/** Requests under way get two seconds; a long upload is cut and goes on when we are back. */
async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  const patience = setTimeout(() => server.closeAllConnections(), 2_000);
  await closed;
  clearTimeout(patience);
}
