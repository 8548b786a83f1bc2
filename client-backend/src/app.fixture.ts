import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { callFailed } from '@parallel-pilot/shared/protocol/calls.ts';
import { createFolderStore } from '@parallel-pilot/shared/server/blobs/folder-store.ts';
import type { Clock } from '@parallel-pilot/shared/server/clock.ts';
import { readServerConfig, type ServerConfig } from '@parallel-pilot/shared/server/config.ts';
import { connectDatabase } from '@parallel-pilot/shared/server/db/connect.ts';
import { migrate } from '@parallel-pilot/shared/server/db/migrate.ts';
import { ensureFirstPerson } from '@parallel-pilot/shared/server/db/people.ts';
import { createLog } from '@parallel-pilot/shared/server/log.ts';
import { sha256 } from '@parallel-pilot/shared/server/secrets.ts';
import { createApp } from './app.ts';
import { createAccess } from './auth/access.ts';
import type { Identities } from './auth/identities.ts';
import { adoptOwnerKey } from './auth/keys.ts';
import { createConfinement } from './confinement.ts';
import { createExclusive } from './exclusive.ts';
import { createLoadForecast } from './forecast/load-forecast.ts';
import { createHttpServer } from './http-server.ts';
import { createInFlight } from './in-flight.ts';
import { type PartsWithEngine, withEngine } from './jobs/engine.ts';
import type { Mail } from './mail/mail.ts';
import type { BalancerLink, Live } from './parts.ts';
import type { Accounts } from './people/accounts.ts';
import { createUploads, type Uploads } from './uploads/uploads.ts';

export const OWNER_KEY = 'the-owners-key';

export type TestBackend = {
  url: string;
  parts: PartsWithEngine;
  uploads: Uploads;
  /** All that is mounted, middleware too. */
  routes: readonly { method: string; path: string }[];
  stop(): Promise<void>;
};

/** A backend on a free port with a real database, blob folder and HTTP server, without a balancer. */
export async function startTestBackend(
  given: {
    dataFolder: string;
    databaseUrl?: string;
    clock?: Clock;
    workers?: ReturnType<BalancerLink['workers']>;
    siteFolder?: string;
    accounts?: Accounts & Identities;
    mail?: Mail;
    onRecheck?: () => void;
  } & Partial<
    Pick<ServerConfig, 'publicUrl' | 'host' | 'maxUploadBytes' | 'maxOpenUploadBytes' | 'trustedProxies'>
  >,
): Promise<TestBackend> {
  const { dataFolder, host = '127.0.0.1', clock = Date.now } = given;
  const config: ServerConfig = {
    ...readServerConfig({ PILOT_DATA: dataFolder, PILOT_LOG: 'silent' }),
    host,
    ...(given.databaseUrl === undefined ? {} : { databaseUrl: given.databaseUrl }),
    ...(given.maxUploadBytes === undefined ? {} : { maxUploadBytes: given.maxUploadBytes }),
    ...(given.maxOpenUploadBytes === undefined ? {} : { maxOpenUploadBytes: given.maxOpenUploadBytes }),
    ...(given.publicUrl === undefined ? {} : { publicUrl: given.publicUrl }),
    ...(given.trustedProxies === undefined ? {} : { trustedProxies: given.trustedProxies }),
  };
  const db = connectDatabase(config.databaseUrl);
  await migrate(db);
  const secrets = {
    workerToken: 'worker-token-0123',
    controlToken: 'control-token',
    signingKey: 'signing-key',
  };
  const log = createLog('test', 'silent');
  const confinement = createConfinement({ config, log });
  const parts = withEngine({
    ...confinement,
    config,
    secrets,
    db,
    clock,
    blobs: await createFolderStore(join(dataFolder, 'blobs')),
    blobTurns: createExclusive(),
    derived: createInFlight(),
    random: (count) => randomBytes(count),
    log,
    forecast: createLoadForecast({ db, clock, log }),
    first: await ensureFirstPerson(db, clock()),
    balancer: absentBalancer(given.workers ?? new Map()),
    live: {
      jobChanged() {},
      jobDeleted() {},
      workersChanged() {},
      noticesChanged() {},
      backgroundProgressed() {},
      backgroundFractionOf: () => null,
      recheck: () => given.onRecheck?.(),
    } satisfies Live,
  });
  await adoptOwnerKey(parts, parts.first, sha256(OWNER_KEY));
  const { accounts = null, mail = null } = given;
  const access = createAccess({ ...parts, ...(accounts === null ? {} : { identities: accounts }) });
  const uploads = await createUploads(parts);
  const { siteFolder } = given;
  const more = { accounts, mail, ...(siteFolder === undefined ? {} : { siteFolder }) };
  const app = createApp(parts, { access, uploads, ...more });
  const server = createHttpServer(config, () => app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    parts,
    uploads,
    routes: app.routes,
    async stop() {
      server.close();
      server.closeAllConnections();
      await parts.engine.close();
      await confinement.close();
      await db.destroy();
    },
  };
}

export async function temporaryFolder(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'pilot-backend-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

function absentBalancer(workers: ReturnType<BalancerLink['workers']>): BalancerLink {
  const away = async () => ({ ok: false, code: 'not-ready', message: 'away' }) as const;
  return {
    connected: () => false,
    jobsChanged() {},
    workersChanged() {},
    drainWorker: away,
    whyWaiting: async () => null,
    endsOf: async () => null,
    supposeJob: async () => null,
    tellForecast() {},
    blobsFreed() {},
    retryChunks: away,
    rejectChunks: away,
    call: async () => callFailed('no-instance', 'away'),
    retire() {},
    instances: () => new Map(),
    onInstances() {},
    workers: () => workers,
    progress: () => [],
    close() {},
  };
}
