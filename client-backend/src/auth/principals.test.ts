import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startMariaDb } from '../../../tests/support/mariadb.ts';
import { startTestFarm } from '../jobs/test-farm.fixture.ts';
import type { Identity, VouchedTeams } from './identities.ts';
import { createPrincipals } from './principals.ts';

const ADA: Identity = {
  subject: 'auth:ada',
  name: 'Ada',
  email: 'Ada@Farm.Example',
  emailVerified: true,
  session: 's1',
};
const groups = (...names: string[]): VouchedTeams => ({
  source: 'group',
  all: true,
  teams: names.map((name) => ({ subject: `group:${name}`, name, role: 'member' })),
});

for (const place of ['SQLite', 'MariaDB']) {
  describe(`who somebody is, on ${place}`, () => {
    const start = async (t: { after(end: () => Promise<void>): void }) => {
      const server = place === 'MariaDB' ? await startMariaDb() : null;
      const farm = await startTestFarm(server === null ? {} : { databaseUrl: server.url });
      t.after(async () => {
        await farm.stop();
        await server?.stop();
      });
      return { db: farm.parts.db, principals: createPrincipals(farm.parts), first: farm.parts.first };
    };

    test('the first proof makes the person and their own team, once, however many come at a time', async (t) => {
      const { db, principals } = await start(t);
      const all = await Promise.all(Array.from({ length: 5 }, () => principals.ofIdentity(ADA, undefined)));
      const [one] = all;
      assert.ok(one?.ok && one.principal.teamRole === 'owner' && one.principal.farmRole === 'person');
      assert.equal(new Set(all.map((it) => it.ok && `${it.principal.person} ${it.principal.team}`)).size, 1);
      const people = await db
        .selectFrom('people')
        .select(['subject', 'email'])
        .where('subject', '=', 'auth:ada')
        .execute();
      assert.deepEqual(
        people.map((row) => ({ ...row })),
        [{ subject: 'auth:ada', email: 'ada@farm.example' }],
      );
      assert.equal((await db.selectFrom('teams').select('id').execute()).length, 2);
    });

    test('a team that is asked for is taken where they are in it, and their own otherwise', async (t) => {
      const { db, principals, first } = await start(t);
      const own = await principals.ofIdentity(ADA, undefined);
      assert.ok(own.ok);
      const asked = await principals.ofIdentity(ADA, first.team);
      assert.ok(asked.ok && asked.principal.team === own.principal.team);
      await db
        .insertInto('team_members')
        .values({ team_id: first.team, person_id: own.principal.person, role: 'viewer', joined_at: 1 })
        .execute();
      const now = await principals.ofIdentity(ADA, first.team);
      assert.ok(now.ok && now.principal.team === first.team && now.principal.teamRole === 'viewer');
      await db.updateTable('people').set({ banned_at: 1 }).where('subject', '=', 'auth:ada').execute();
      const banned = await principals.ofIdentity(ADA, undefined);
      assert.ok(!banned.ok && banned.code === 'banned');
    });

    test('teams that somebody vouches for are joined, changed and left as it is said', async (t) => {
      const { db, principals } = await start(t);
      const teamsBy = async (teams?: VouchedTeams) => {
        const found = await principals.ofIdentity(
          { ...ADA, ...(teams === undefined ? {} : { teams }) },
          undefined,
        );
        assert.ok(found.ok);
        const rows = await db
          .selectFrom('team_members')
          .innerJoin('teams', 'teams.id', 'team_members.team_id')
          .select(['teams.subject', 'team_members.role'])
          .where('team_members.person_id', '=', found.principal.person)
          .where('teams.subject', 'is not', null)
          .execute();
        return rows.map(({ subject, role }) => `${subject} ${role}`).toSorted();
      };
      assert.deepEqual(await teamsBy(groups('lab', 'film')), ['group:film member', 'group:lab member']);
      assert.deepEqual(await teamsBy(groups('lab')), ['group:lab member']);
      const asOwner: VouchedTeams = {
        ...groups(),
        teams: [{ subject: 'group:lab', name: 'lab', role: 'owner' }],
      };
      assert.deepEqual(await teamsBy(asOwner), ['group:lab owner']);
      // Somebody who names one team at a time takes no other away; but while they do, no other is acted in.
      const clerk = (name: string): VouchedTeams => ({
        source: 'clerk',
        all: false,
        teams: [{ subject: `clerk:${name}`, name, role: 'member' }],
      });
      await teamsBy(clerk('one'));
      assert.deepEqual(await teamsBy(clerk('two')), [
        'clerk:one member',
        'clerk:two member',
        'group:lab owner',
      ]);
      const one = await db
        .selectFrom('teams')
        .select('id')
        .where('subject', '=', 'clerk:one')
        .executeTakeFirstOrThrow();
      const elsewhere = await principals.ofIdentity({ ...ADA, teams: clerk('two') }, one.id);
      assert.ok(elsewhere.ok && elsewhere.principal.team !== one.id);
      const there = await principals.ofIdentity({ ...ADA, teams: clerk('one') }, one.id);
      assert.ok(there.ok && there.principal.team === one.id);
    });
  });
}
