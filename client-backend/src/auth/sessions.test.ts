import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import { newId } from '@parallel-pilot/shared/model/ids.ts';
import { connectDatabase } from '@parallel-pilot/shared/server/db/connect.ts';
import { insertKey } from '@parallel-pilot/shared/server/db/keys.ts';
import { migrate } from '@parallel-pilot/shared/server/db/migrate.ts';
import { ensureFirstPerson } from '@parallel-pilot/shared/server/db/people.ts';
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
    const random = (count: number) => randomBytes(count);
    const sessions = createSessions({ db, clock: () => now, random });
    const { person, team } = await ensureFirstPerson(db, now);
    const key = newId('key', random);
    const row = { id: key, hash: 'x', person_id: person, team_id: team, name: 'Mine', scopes: 'read,submit' };
    await insertKey(db, { ...row, created_at: now, expires_at: null });
    const isOpen = async (token: string) => (await sessions.find(token)) !== null;
    const [first, second, third] = [
      await sessions.open(key),
      await sessions.open(key),
      await sessions.open(key),
    ];
    assert.ok(first !== second && (await isOpen(first)) && (await isOpen(second)));
    const principal = (await sessions.find(first))?.principal;
    assert.deepEqual(
      [principal?.person, principal?.team, principal?.scopes],
      [person, team, ['read', 'submit']],
    );
    assert.ok(!JSON.stringify(await db.selectFrom('sessions').selectAll().execute()).includes(first));

    await sessions.close(first);
    assert.deepEqual([await isOpen(first), await isOpen(second)], [false, true]);
    await db.updateTable('keys').set({ revoked_at: now }).execute();
    assert.equal(await isOpen(second), false);
    await db.updateTable('keys').set({ revoked_at: null }).execute();
    await db.updateTable('people').set({ banned_at: now }).execute();
    assert.equal(await isOpen(second), false);
    await db.updateTable('people').set({ banned_at: null }).execute();
    for (const made of ['', 'a'.repeat(43), `${second}x`, second.toLowerCase(), "' or 1=1 --"]) {
      assert.equal(await isOpen(made), false, made);
    }
    now += SESSION_MS;
    const fresh = await sessions.open(key);
    assert.deepEqual([await isOpen(third), await isOpen(fresh)], [false, true]);
    await sessions.sweep();
    assert.equal((await db.selectFrom('sessions').selectAll().execute()).length, 1);
  });
}
