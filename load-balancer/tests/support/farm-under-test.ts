import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { handshake } from '@parallel-pilot/shared/protocol/handshake.ts';
import { readServerConfig, type ServerConfig } from '@parallel-pilot/shared/server/config.ts';
import { connectDatabase, type Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { migrate } from '@parallel-pilot/shared/server/db/migrate.ts';
import { createLog } from '@parallel-pilot/shared/server/log.ts';
import { readSecrets, type Secrets } from '@parallel-pilot/shared/server/secrets.ts';
import { io, type Socket } from 'socket.io-client';
import { type Balancer, startBalancer } from '../../src/balancer.ts';
import { type FakeOptions, FakeWorker } from './fake-worker.ts';
import { type Plan, type Planted, plantJob } from './planted.ts';

export type FarmUnderTest = {
  db: Db;
  /** The balancer's own connection. */
  own: Db;
  url: string;
  secrets: Secrets;
  config: ServerConfig;
  balancer: Balancer;
  /** The backend's end of /control. */
  control: Socket;
  worker(options?: Partial<FakeOptions>): FakeWorker;
  /** Writes a job and says so. */
  plant(plan: Plan): Promise<Planted>;
  stop(): Promise<void>;
};

/** A load balancer in this process on a database of its own, with a second connection for the test to look through. */
export async function startFarm(
  databaseUrl?: string,
  plant: (db: Db) => Promise<void> = async () => {},
): Promise<FarmUnderTest> {
  const folder = await mkdtemp(join(tmpdir(), 'pilot-balancer-'));
  const config = readServerConfig({
    PILOT_DATA: folder,
    DATABASE_URL: databaseUrl,
    PILOT_BALANCER_PORT: '0',
    PILOT_LOG: 'silent',
  });
  const secrets = await readSecrets(config, randomBytes);
  const db = connectDatabase(config.databaseUrl);
  await migrate(db);
  await plant(db);
  const own = connectDatabase(config.databaseUrl);
  const log = createLog('load-balancer', config.logLevel);
  const balancer = await startBalancer({
    config,
    secrets,
    db: own,
    clock: Date.now,
    random: randomBytes,
    log,
  });
  const url = `http://127.0.0.1:${balancer.port}`;
  const workers: FakeWorker[] = [];
  const control = connectControl(url, secrets);
  return {
    db,
    own,
    url,
    secrets,
    config,
    balancer,
    control,
    async plant(plan) {
      const planted = await plantJob(db, plan);
      control.emit('jobs-changed', { jobs: [planted.job] });
      return planted;
    },
    worker(options = {}) {
      const worker = new FakeWorker({ url, token: secrets.workerToken, ...options });
      workers.push(worker);
      return worker;
    },
    async stop() {
      for (const worker of workers) worker.close();
      control.close();
      await balancer.stop();
      await own.destroy();
      await db.destroy();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export const connectControl = (url: string, { controlToken }: Pick<Secrets, 'controlToken'>): Socket =>
  io(`${url}/control`, {
    ...handshake(controlToken),
    reconnectionDelay: 50,
    forceNew: true,
  });
