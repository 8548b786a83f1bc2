import { closeAll, exposedSentence, keepPrivate } from '../files/private-folder.ts';
import type { ServerConfig } from './config.ts';
import type { Log } from './log.ts';

/** What the farm keeps there, beside the database. */
const FOLDERS = ['blobs', 'uploads', 'secrets', 'logs', 'workers', 'worker'];

/**
 * Makes the farm's data folder, or closes it to others where it was open, and
 * the files of a SQLite database wherever they are. Throws an Error with a
 * sentence when it cannot be made.
 */
export async function openDataFolder(
  { dataFolder, databaseUrl }: Pick<ServerConfig, 'dataFolder' | 'databaseUrl'>,
  log: Log,
): Promise<void> {
  const exposed = await keepPrivate(dataFolder, FOLDERS).catch((error: Error) => {
    throw new Error(
      `The data folder ${dataFolder} cannot be made (${error.message}). Set PILOT_DATA to another folder.`,
      { cause: error },
    );
  });
  if (databaseUrl.startsWith('sqlite:')) {
    const path = databaseUrl.slice('sqlite:'.length);
    exposed.push(...(await closeAll([path, `${path}-wal`, `${path}-shm`])));
  }
  for (const it of exposed) log.warn({ event: 'data-folder.exposed', ...it }, exposedSentence(it));
}
