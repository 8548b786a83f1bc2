import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import type { OwnerId } from '@parallel-pilot/shared/model/ids.ts';
import { connectDatabase, migrate } from '@parallel-pilot/shared/server/db/connect.ts';
import { startMariaDb } from '../../../tests/support/mariadb.ts';
import { temporaryFolder } from '../app.fixture.ts';
import { createSessions, SESSION_MS } from './sessions.ts';

type Place = { url: string; remove(): Promise<void> };
const places: Record<string, () => Promise<Place>> = {
  async SQLite() {
    const folder = await temporaryFolder();
    return { url: `sqlite:${join(folder.path, 'farm.sqlite')}`, remove: folder.remove };
  },
  async MariaDB() {
    const server = await startMariaDb();
    return { url: server.url, remove: server.stop };
  },
};

for (const [name, place] of Object.entries(places)) {
  test(`on ${name} a session ends by sign-out, by its date and with the key, and its token is not stored`, async (t) => {
    const { url, remove } = await place();
    const db = connectDatabase(url);
    t.after(async () => {
      await db.destroy();
      await remove();
    });
    await migrate(db);
    let now = 1_000_000;
    const owner = 'own_local00000000000000' as OwnerId;
    const parts = { db, clock: () => now, random: (count: number) => randomBytes(count), owner };
    const sessions = createSessions({ ...parts, ownerKeyHash: 'one' });
    const [first, second, third] = [await sessions.open(), await sessions.open(), await sessions.open()];
    assert.ok(first !== second && (await sessions.isOpen(first)) && (await sessions.isOpen(second)));
    assert.ok(!JSON.stringify(await db.selectFrom('sessions').selectAll().execute()).includes(first));

    await sessions.close(first);
    assert.deepEqual([await sessions.isOpen(first), await sessions.isOpen(second)], [false, true]);
    assert.equal(await createSessions({ ...parts, ownerKeyHash: 'two' }).isOpen(second), false);
    for (const made of ['', 'a'.repeat(43), `${second}x`, second.toLowerCase(), "' or 1=1 --"]) {
      assert.equal(await sessions.isOpen(made), false, made);
    }
    now += SESSION_MS;
    const fresh = await sessions.open();
    assert.deepEqual([await sessions.isOpen(third), await sessions.isOpen(fresh)], [false, true]);
    await sessions.sweep();
    assert.equal((await db.selectFrom('sessions').selectAll().execute()).length, 1);
  });
}
