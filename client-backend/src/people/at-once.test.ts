import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startMariaDb } from '../../../tests/support/mariadb.ts';
import { idOf, makeTeam, PASSWORD, startPeopleFarm, tokenIn } from './people-farm.fixture.ts';

// What two do at the same moment, on both databases: one of them is first.

for (const place of ['SQLite', 'MariaDB']) {
  test(`on ${place} a link, a code and the place of the last owner are each given to one`, async (t) => {
    const server = place === 'MariaDB' ? await startMariaDb() : null;
    const farm = await startPeopleFarm(t, server === null ? {} : { databaseUrl: server.url });
    t.after(() => server?.stop());
    const [ann, bob] = [await farm.join('Ann'), await farm.join('Bob')];

    const team = await makeTeam(ann, [[bob, 'manager']]);
    const link = await ann.send('POST', `/teams/${team}/invitations`, {});
    const accepted = await Promise.all(
      ['Cid', 'Dee', 'Eli', 'Fay'].map((name) =>
        farm.browser().send('POST', '/links/accept', {
          token: tokenIn(link),
          name,
          email: `${name}@example.org`,
          password: PASSWORD,
        }),
      ),
    );
    assert.deepEqual(accepted.map(({ status }) => status).toSorted(), [200, 410, 410, 410]);
    const people = await farm.parts.db.selectFrom('people').select('name').execute();
    assert.equal(people.length, 4, 'who came too late has no account');

    // Both own it, and both go.
    await ann.send('PATCH', `/teams/${team}/members/${await idOf(bob)}`, { role: 'owner' });
    const left = await Promise.all([ann, bob].map((one) => one.send('POST', `/teams/${team}/leave`)));
    assert.deepEqual(left.map(({ status }) => status).toSorted(), [204, 409]);
    const owners = await farm.parts.db
      .selectFrom('team_members')
      .select('person_id')
      .where('team_id', '=', team as never)
      .where('role', '=', 'owner')
      .execute();
    assert.equal(owners.length, 1);

    const cid = farm.browser();
    const code = await cid.send('POST', '/device-codes', { name: 'pilot', scopes: ['read'] });
    const { deviceCode, userCode } = code.body;
    const poll = () => cid.send('POST', '/device-codes/poll', { deviceCode });
    assert.equal((await poll()).body.state, 'waiting');
    const decided = await Promise.all([
      ann.send('POST', `/device-codes/${userCode}/approve`),
      bob.send('POST', `/device-codes/${userCode}/refuse`),
    ]);
    assert.deepEqual(decided.map(({ status }) => status).toSorted(), [200, 404]);

    const again = await cid.send('POST', '/device-codes', { name: 'pilot', scopes: ['read'] });
    await ann.send('POST', `/device-codes/${again.body.userCode}/approve`);
    const polls = await Promise.all(
      [1, 2, 3].map(() => cid.send('POST', '/device-codes/poll', { deviceCode: again.body.deviceCode })),
    );
    assert.deepEqual(polls.map(({ status }) => status).toSorted(), [200, 404, 404]);
  });
}
