import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../../../tests/support/until.ts';
import { DAY_MS, makeLink } from '../people/links.ts';
import {
  idOf,
  makeTeam,
  PASSWORD,
  type PeopleFarm,
  startPeopleFarm,
  tokenIn,
} from '../people/people-farm.fixture.ts';

const newcomer = (name: string) => ({ name, email: `${name.toLowerCase()}@example.org`, password: PASSWORD });

test('an invitation says what it is for, makes an account and a member, and is good once', async (t) => {
  const farm = await startPeopleFarm(t);
  const ann = await farm.join('Ann');
  const team = await makeTeam(ann);
  const link = await ann.send('POST', `/teams/${team}/invitations`, { role: 'manager' });
  assert.match(String(link.body.url), /^https:\/\/farm\.example\/invite#[\w-]{43}$/);
  const token = tokenIn(link);
  const bob = farm.browser();
  const seen = await bob.send('POST', '/links/look', { token });
  assert.deepEqual(
    [seen.body.purpose, seen.body.team, seen.body.by, seen.body.you],
    ['invitation', { name: 'Lab', role: 'manager' }, 'Ann', null],
  );
  const weak = await bob.send('POST', '/links/accept', { token, ...newcomer('Bob'), password: 'short' });
  assert.deepEqual([weak.status, weak.body.code], [422, 'weak-password']);
  const taken = await bob.send('POST', '/links/accept', {
    token,
    ...newcomer('Bob'),
    email: 'ann@example.org',
  });
  assert.deepEqual([taken.status, taken.body.code], [409, 'email-taken']);
  assert.equal((await bob.send('POST', '/links/accept', { token })).body.code, 'incomplete');
  const accepted = await bob.send('POST', '/links/accept', { token, ...newcomer('Bob') });
  assert.deepEqual(
    [accepted.status, accepted.body.signedIn, (accepted.body.team as { role: string }).role],
    [200, true, 'manager'],
  );
  assert.equal((await bob.send('GET', `/teams/${team}`)).status, 200);

  for (const path of ['/links/look', '/links/accept']) {
    const used = await farm
      .browser()
      .send('POST', path, { token, ...(path === '/links/look' ? {} : newcomer('Cid')) });
    assert.deepEqual([used.status, used.body.code], [410, 'link-used']);
    assert.match(
      String(used.body.detail),
      /This link was used already: it is good once\. Ask for a new one\./,
    );
  }
});

test('an invitation that is over says so, and one that was taken back was never there', async (t) => {
  const farm = await startPeopleFarm(t);
  const [ann, bob] = [await farm.join('Ann'), await farm.join('Bob')];
  const team = await makeTeam(ann, [[bob, 'manager']]);
  const invitations = `/teams/${team}/invitations`;
  const [late, back] = [
    await ann.send('POST', invitations, { days: 1 }),
    await ann.send('POST', invitations, { days: 30 }),
  ];
  const byBob = await bob.send('POST', invitations, { days: 30 });
  const open = await ann.send('GET', invitations);
  assert.equal((open.body.invitations as unknown[]).length, 3);
  assert.ok(!JSON.stringify(open.body).includes(tokenIn(late)));
  assert.equal((await ann.send('DELETE', `${invitations}/${back.body.id}`)).status, 204);
  const accept = (token: string) =>
    farm.browser().send('POST', '/links/accept', { token, ...newcomer('Cid') });
  const unknown = await accept(tokenIn(back));
  assert.deepEqual([unknown.status, unknown.body.code], [404, 'link-unknown']);
  assert.deepEqual(unknown, await accept('never-was'));
  farm.pass(DAY_MS + 1);
  const over = await accept(tokenIn(late));
  assert.deepEqual([over.status, over.body.code], [410, 'link-expired']);
  assert.match(
    String(over.body.detail),
    /The time of this link is over\. Ask whoever sent it for a new one\./,
  );
  assert.equal(farm.accounts.passwordOf('cid@example.org'), undefined);

  // Who may not invite any more has no invitations out.
  await ann.send('PATCH', `/teams/${team}/members/${await idOf(bob)}`, { role: 'member' });
  assert.equal((await accept(tokenIn(byBob))).body.code, 'link-unknown');
});

test('an invitation for one address is for nobody else, and goes there by mail', async (t) => {
  const farm = await startPeopleFarm(t);
  const [ann, eve, bob] = [await farm.join('Ann'), await farm.join('Eve'), await farm.join('Bob')];
  const team = await makeTeam(ann);
  const link = await ann.send('POST', `/teams/${team}/invitations`, { email: 'Bob@example.org' });
  assert.equal(link.body.mailed, true);
  assert.deepEqual(
    farm.mails.map(({ to }) => to),
    ['bob@example.org'],
  );
  assert.ok(farm.mails[0]?.text.includes(String(link.body.url)));
  const token = tokenIn(link);
  assert.equal((await eve.send('POST', '/links/accept', { token })).body.code, 'other-email');
  const asEve = await farm.browser().send('POST', '/links/accept', { token, ...newcomer('Eva') });
  assert.equal(asEve.body.code, 'other-email');
  assert.equal((await bob.send('POST', '/links/accept', { token })).status, 200);
  assert.equal((await bob.send('POST', '/links/accept', { token })).body.code, 'link-used');
});

test('a new password: by mail for whoever asks, by a link from an admin, and the same answer for everybody', async (t) => {
  const farm = await startPeopleFarm(t);
  const ann = await farm.join('Ann');
  const asked = await farm.browser().send('POST', '/password-resets', { email: 'ann@example.org' });
  const nobody = await farm.browser().send('POST', '/password-resets', { email: 'nobody@example.org' });
  assert.deepEqual(asked, nobody);
  await until(
    () => farm.mails.length > 0,
    () => 'no mail came',
  );
  const [mail] = farm.mails;
  assert.match(String(mail?.text), /https:\/\/farm\.example\/reset#/);
  const token = /#([\w-]{43})/.exec(String(mail?.text))?.[1] ?? '';
  const browser = farm.browser();
  const weak = await browser.send('POST', '/links/accept', { token, password: 'short' });
  assert.equal(weak.body.code, 'weak-password');
  const done = await browser.send('POST', '/links/accept', { token, password: 'another long one' });
  assert.deepEqual([done.status, done.body.signedIn], [200, true]);
  assert.equal(farm.accounts.passwordOf('ann@example.org'), 'another long one');
  assert.equal((await farm.accounts.records.findByEmail('ann@example.org'))?.emailVerified, true);
  assert.equal(
    (await browser.send('POST', '/links/accept', { token, password: PASSWORD })).body.code,
    'link-used',
  );

  const admin = await firstAdmin(farm);
  assert.equal((await ann.send('POST', `/people/${await idOf(ann)}/reset-link`)).status, 403);
  const first = await admin.send('POST', `/people/${await idOf(ann)}/reset-link`);
  const second = await admin.send('POST', `/people/${await idOf(ann)}/reset-link`);
  const accept = (link: typeof first) =>
    farm.browser().send('POST', '/links/accept', { token: tokenIn(link), password: 'a third long one' });
  assert.equal((await accept(first)).body.code, 'link-unknown');
  farm.pass(60 * 60_000);
  assert.equal((await accept(second)).body.code, 'link-expired');
});

test('the first admin is whoever used the farm alone before: what they made is theirs', async (t) => {
  const farm = await startPeopleFarm(t);
  const admin = await firstAdmin(farm);
  const account = (await admin.send('GET', '/account')).body;
  assert.deepEqual([account.id, account.role, account.name], [farm.parts.first.person, 'admin', 'Root']);
  const invited = await admin.send('POST', '/people/invitations', { email: 'cid@example.org' });
  assert.equal(invited.status, 201);
  const cid = farm.browser();
  const accepted = await cid.send('POST', '/links/accept', { token: tokenIn(invited), ...newcomer('Cid') });
  assert.equal(accepted.status, 200);
  assert.equal((await cid.send('POST', '/people/invitations', {})).status, 403);
});

test('too many codes and resets from one place are refused for the minute', async (t) => {
  const farm = await startPeopleFarm(t);
  const ask = () => farm.browser().send('POST', '/password-resets', { email: 'ann@example.org' });
  for (let i = 0; i < 10; i += 1) assert.equal((await ask()).status, 202);
  assert.equal((await ask()).status, 429);
  farm.pass(60_001);
  assert.equal((await ask()).status, 202);
});

async function firstAdmin(farm: PeopleFarm) {
  const { path } = await makeLink(farm.parts, { purpose: 'first-admin', ms: DAY_MS });
  const admin = farm.browser();
  const made = await admin.send('POST', '/links/accept', { token: path.split('#')[1], ...newcomer('Root') });
  assert.equal(made.status, 200, JSON.stringify(made.body));
  return admin;
}
