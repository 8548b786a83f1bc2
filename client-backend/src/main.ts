import { randomBytes } from 'node:crypto';
import { makeFilesPrivate } from '@parallel-pilot/shared/files/private-folder.ts';
import type { Ready, StartFailed } from '@parallel-pilot/shared/protocol/supervision.ts';
import { openDatabase } from '@parallel-pilot/shared/server/db/open-database.ts';
import { createLog } from '@parallel-pilot/shared/server/log.ts';
import { openDataFolder } from '@parallel-pilot/shared/server/open-data-folder.ts';
import { findOwnerKey, readSecrets } from '@parallel-pilot/shared/server/secrets.ts';
import { isLocalOnly } from './auth/access.ts';
import { startBackend } from './backend.ts';
import { readConfig, readSignIn } from './config.ts';
import { createMailer } from './mail/mailer.ts';
import { openIdentities } from './open-identities.ts';

const random = (count: number) => randomBytes(count);

makeFilesPrivate();
try {
  await main();
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  await sendToParent({ type: 'start-failed', message });
  console.error(message);
  process.exit(1);
}

/** The composition root: reads the environment, wires the parts, and stops them when told. */
async function main(): Promise<void> {
  const config = readConfig();
  const log = createLog('client-backend', config.logLevel);
  await openDataFolder(config, log);
  const secrets = await readSecrets(config, random);
  const db = await openDatabase(config.databaseUrl, { log, patient: process.send === undefined });
  const parts = { config, secrets, db, clock: Date.now, random, log };
  const { mail: mailConfig, ...ways } = readSignIn();
  const mail = mailConfig === null ? null : createMailer(mailConfig, log);
  let recheck = () => {};
  // On this machine alone nobody signs in, and nothing of it is loaded.
  const door = isLocalOnly(config)
    ? { identities: null }
    : await openIdentities({ ...parts, ...ways, onChange: () => recheck() });
  const backend = await startBackend({
    ...parts,
    ...door,
    mail,
    ownerKeyHash: await findOwnerKey(config.dataFolder),
  });
  recheck = backend.recheck;
  stopWhenTold(async () => {
    await backend.stop();
    await door.identities?.close();
    await db.destroy();
  });
  const { adminLink } = backend;
  if (adminLink !== null && process.send === undefined)
    console.log(`The farm's first admin makes their account here, once, within an hour: ${adminLink}`);
  await sendToParent({
    type: 'ready',
    process: 'client-backend',
    port: backend.port,
    url: backend.url,
    workerToken: secrets.workerToken,
    adminLink,
  });
}

/** SIGTERM, Ctrl-C, or the end of the process that started this one; the second time it goes at once. */
function stopWhenTold(stop: () => Promise<void>): void {
  let stopping = false;
  const end = () => {
    if (stopping) process.exit(1);
    stopping = true;
    setTimeout(() => process.exit(1), 15_000).unref();
    stop().then(
      () => process.exit(0),
      (error) => {
        console.error(error);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  if (process.send !== undefined) process.once('disconnect', end);
}

/** To the process that started this one, over Node's IPC channel; nowhere when there is none. */
async function sendToParent(message: Ready | StartFailed): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (process.send === undefined) resolve();
  else process.send(message, () => resolve());
  await promise;
}
