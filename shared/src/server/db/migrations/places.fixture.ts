import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startMariaDb } from '../../../../../tests/support/mariadb.ts';

/** An empty database of each sort, and how it is removed. */
export const PLACES = {
  async SQLite() {
    const folder = await mkdtemp(join(tmpdir(), 'pilot-migrate-'));
    return { url: `sqlite:${join(folder, 'farm.sqlite')}`, remove: () => rm(folder, { recursive: true }) };
  },
  async MariaDB() {
    const server = await startMariaDb();
    return { url: server.url, remove: server.stop };
  },
};
