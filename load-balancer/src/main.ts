import { randomBytes } from 'node:crypto';
import { makeFilesPrivate } from '@parallel-pilot/shared/files/private-folder.ts';
import type { FromChild } from '@parallel-pilot/shared/protocol/supervision.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { openDatabase } from '@parallel-pilot/shared/server/db/open-database.ts';
import { createLog, type Log } from '@parallel-pilot/shared/server/log.ts';
import { openDataFolder } from '@parallel-pilot/shared/server/open-data-folder.ts';
import { pooledRandom } from '@parallel-pilot/shared/server/pooled-random.ts';
import { readSecrets } from '@parallel-pilot/shared/server/secrets.ts';
import type { z } from 'zod';
import { type Announcing, announce } from './announce/announce.ts';
import { type Balancer, startBalancer } from './balancer.ts';
import { readConfig } from './config.ts';

/** The load balancer as a process: reads the environment, wires the parts, stops on SIGTERM, SIGINT or an orphaned IPC channel. */
makeFilesPrivate();
try {
  await main();
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`${message}\n`);
  await tell({ type: 'start-failed', message });
  process.exit(1);
}

async function main(): Promise<void> {
  const config = readConfig();
  const log = createLog('load-balancer', config.logLevel);
  await openDataFolder(config, log);
  const secrets = await readSecrets(config, randomBytes);
  const db = await openDatabase(config.databaseUrl, { log, patient: process.send === undefined });
  const parts = { config, secrets, db, clock: Date.now, random: pooledRandom(), log };
  const balancer = await startBalancer(parts);
  const announcing = config.announce === true ? announce(config.host, balancer.port, log) : null;
  stopOnRequest({ balancer, announcing, db }, log);
  await tell({ type: 'ready', process: 'load-balancer', port: balancer.port });
}

type Running = { balancer: Balancer; announcing: Announcing | null; db: Db };

function stopOnRequest({ balancer, announcing, db }: Running, log: Log): void {
  let stopping = false;
  const stop = async (why: string) => {
    if (stopping) return;
    stopping = true;
    log.info({ event: 'balancer.stopping', why });
    await Promise.all([balancer.stop(), announcing?.stop()]);
    await db.destroy();
    process.exit(0);
  };
  process.on('SIGTERM', () => void stop('SIGTERM'));
  process.on('SIGINT', () => void stop('SIGINT'));
  process.on('disconnect', () => void stop('the process that started it is gone'));
}

function tell(message: z.input<typeof FromChild>): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) resolve();
    else process.send(message, undefined, undefined, () => resolve());
  });
}
