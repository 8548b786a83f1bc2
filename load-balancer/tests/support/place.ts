import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readServerConfig } from '@parallel-pilot/shared/server/config.ts';
import { connectDatabase } from '@parallel-pilot/shared/server/db/connect.ts';
import { migrate } from '@parallel-pilot/shared/server/db/migrate.ts';
import { readSecrets } from '@parallel-pilot/shared/server/secrets.ts';
import { freePort } from './balancer-process.ts';

/** Folder, port, secrets and database for a balancer that is started, killed and started again. */
export async function findPlace(databaseUrl?: string) {
  const folder = await mkdtemp(join(tmpdir(), 'pilot-balancer-'));
  const port = await freePort();
  const url = databaseUrl ?? `sqlite:${join(folder, 'farm.sqlite')}`;
  const env = { PILOT_DATA: folder, DATABASE_URL: url, PILOT_BALANCER_PORT: String(port) };
  const secrets = await readSecrets(readServerConfig(env), randomBytes);
  const db = connectDatabase(url);
  await migrate(db);
  return {
    db,
    env,
    secrets,
    token: secrets.workerToken,
    url: `http://127.0.0.1:${port}`,
    async remove() {
      await db.destroy();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
