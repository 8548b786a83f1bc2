import assert from 'node:assert/strict';
import { createHmac, createPublicKey, verify } from 'node:crypto';
import { after, before, describe, type TestContext, test } from 'node:test';
import type { NewChannel } from '@parallel-pilot/shared/api/notifications.ts';
import { NewChannel as Channel } from '@parallel-pilot/shared/api/notifications.ts';
import type { JobId, NoticeChannelId } from '@parallel-pilot/shared/model/ids.ts';
import { changeFarmSettings } from '@parallel-pilot/shared/server/db/farm-settings.ts';
import { deleteJob, findJob } from '@parallel-pilot/shared/server/db/jobs.ts';
import { claimChannel, noticesOf, removeChannelsOf } from '@parallel-pilot/shared/server/db/notices.ts';
import {
  countUnread,
  markRead,
  noticesChangedSince,
  personNotices,
} from '@parallel-pilot/shared/server/db/person-notices.ts';
import { createLog } from '@parallel-pilot/shared/server/log.ts';
import { startMariaDb } from '../../../tests/support/mariadb.ts';
import { changeJob } from '../change-job.ts';
import { finishChunk, openStage, PROBE, startTestFarm, type TestFarm } from '../jobs/test-farm.fixture.ts';
import { createMailer } from '../mail/mailer.ts';
import { startSmtp } from '../mail/smtp.fixture.ts';
import { makeChannel } from '../people/notice-channels.ts';
import { vapidKeys, webhookSecret } from './notice-keys.ts';
import { createNoticeSender } from './notice-sender.ts';
import { createBrowser, type Got, startReceiver } from './receiver.fixture.ts';
import { tellOwner } from './tell-owner.ts';

const HOUR = 60 * 60_000;
const FARM = 'https://farm.example';
const ALL = ['done', 'failed', 'waiting', 'at-risk'] as const;
const mail = { send: async () => {} };

for (const [column, startDatabase] of [
  ['SQLite', async () => null],
  ['MariaDB', startMariaDb],
] as const) {
  describe(`people are told of their jobs, on ${column}`, () => {
    let farm: TestFarm;
    let database: Awaited<ReturnType<typeof startMariaDb>> | null;
    let now = Date.now();

    before(async () => {
      database = await startDatabase();
      farm = await startTestFarm({ databaseUrl: database?.url });
      farm.parts.clock = () => now;
      await allowPrivate(true);
    });
    after(async () => {
      await farm?.stop();
      await database?.stop();
    });

    const allowPrivate = (allowed: boolean) =>
      changeFarmSettings(farm.parts.db, (row) => ({ ...row, private_addresses: Number(allowed) }));
    /** A new way for the farm's first person, who has no other. */
    async function told(t: TestContext, asked: Record<string, unknown>): Promise<NoticeChannelId> {
      const channel: NewChannel = Channel.parse({ events: ALL, ...asked });
      const made = await makeChannel({ ...farm.parts, mail, accounts: null }, farm.by, channel);
      assert.ok(made.ok, JSON.stringify(made));
      t.after(() => removeChannelsOf(farm.parts.db, farm.by.person));
      return made.channel.id;
    }
    const fail = async (job: JobId, message = 'It broke.') => {
      const row = await findJob(farm.parts.db, job);
      assert.ok(row !== undefined);
      return changeJob(farm.parts.db, row, { type: 'fail', code: 'broken', message }, now);
    };
    const sender = (more: Partial<Parameters<typeof createNoticeSender>[0]> = {}) =>
      createNoticeSender({ ...farm.parts, mail: null, farm: FARM, limitMs: 300, ...more });
    const log = (channel: NoticeChannelId) => noticesOf(farm.parts.db, channel, 1_000);

    test('a webhook gets each once from two backends, signed with the time, and nothing of a change that was undone', async (t) => {
      const receiver = await startReceiver(t);
      const channel = await told(t, { type: 'webhook', url: `${receiver.url}/hook` });
      const job = await farm.addJob({ name: 'Orbit' });
      const row = await findJob(farm.parts.db, job);
      assert.ok(row !== undefined);
      const undone = farm.parts.db.transaction().execute(async (db) => {
        const event = { type: 'fail', code: 'broken', message: 'Never.' } as const;
        assert.ok((await changeJob(db, row, event, now)).ok);
        throw new Error('undone');
      });
      await assert.rejects(undone, /undone/);
      assert.ok((await fail(job)).ok);
      // As it was read before somebody else changed it.
      assert.ok(!(await changeJob(farm.parts.db, row, { type: 'fail', code: 'x', message: 'x' }, now)).ok);
      const senders = [sender(), sender(), sender()];
      for (let count = 0; count < 3; count += 1) await Promise.all(senders.map((one) => one.round()));

      assert.equal(receiver.got.length, 1);
      const [got] = receiver.got as [Got];
      assert.equal(got.path, '/hook');
      const { type, data } = JSON.parse(got.body.toString());
      assert.deepEqual(
        [type, data],
        [
          'job.failed',
          {
            job: { id: job, name: 'Orbit', kind: 'blender', team: farm.by.team },
            message: 'It broke.',
            url: `${FARM}/jobs/${job}`,
          },
        ],
      );
      assertSigned(got, webhookSecret(farm.parts.secrets.signingKey, channel), now);
      assert.deepEqual(
        (await log(channel)).map(({ state, tries }) => [state, tries]),
        [['sent', 1]],
      );
    });

    test('who is told by nothing else has it on the site once, new until they look at the job or mark all read', async () => {
      const { db } = farm.parts;
      const [earlier = null] = await personNotices(db, farm.by, 1);
      const jobs = [await farm.addJob({ name: 'One' }), await farm.addJob({ name: 'Two' })] as const;
      for (const job of jobs) {
        const row = await findJob(db, job);
        assert.ok(row !== undefined);
        const told = { event: 'at-risk', message: 'It is late.' } as const;
        for (const at of [now, now + 1]) await tellOwner(db, row, told, { now: at, cause: 'a deadline' });
        await fail(job);
      }
      const list = async () =>
        (await personNotices(db, farm.by, 10))
          .filter(({ id }) => id > (earlier?.id ?? 0))
          .map(({ job_id, event, is_read }) => [jobs.indexOf(job_id), event, is_read]);
      assert.deepEqual(await list(), [
        [1, 'failed', 0],
        [1, 'at-risk', 0],
        [0, 'failed', 0],
        [0, 'at-risk', 0],
      ]);
      const news = async () => (await noticesChangedSince(db, [farm.by.person], now)).get(farm.by.person);
      const before = await news();
      const unread = await countUnread(db, farm.by);
      const other = { ...farm.by, team: 'tea_00000000' as typeof farm.by.team };
      assert.equal(await markRead(db, other, { job: jobs[0] }, now), false);
      assert.deepEqual([await countUnread(db, other), await news()], [0, before]);
      assert.equal(await markRead(db, farm.by, { job: jobs[0] }, now + 5), true);
      assert.equal(await markRead(db, farm.by, { job: jobs[0] }, now + 6), false);
      assert.equal(await countUnread(db, farm.by), unread - 2);
      assert.notEqual(await news(), before);
      // What came after the page was drawn stays new, also where its transaction had begun before.
      const shown = (await personNotices(db, farm.by, 4))
        .map(({ id }) => id)
        .filter((_, at) => at === 0 || at > 1);
      assert.equal(await markRead(db, farm.by, { shown }, now), true);
      assert.deepEqual(await list(), [
        [1, 'failed', 1],
        [1, 'at-risk', 0],
        [0, 'failed', 1],
        [0, 'at-risk', 1],
      ]);
      assert.equal(await countUnread(db, farm.by), 1);
      await deleteJob(db, jobs[1]);
      assert.equal((await list()).length, 2);
    });

    test('a server that answers 500 for an hour, then not at all, then leads elsewhere, gets it in the end, by the same id', async (t) => {
      const receiver = await startReceiver(t);
      const channel = await told(t, { type: 'webhook', url: receiver.url });
      await fail(await farm.addJob());
      receiver.answer = 500;
      const one = sender();
      for (const end = now + HOUR; now < end; now += 10_000) await one.round();
      const calls = receiver.got.length;
      assert.ok(calls >= 4 && calls <= 8, `${calls} calls in an hour`);
      receiver.answer = null;
      now += 2 * HOUR;
      await one.round();
      receiver.answer = (response) => response.writeHead(302, { location: `${receiver.url}/inside` }).end();
      now += 4 * HOUR;
      await one.round();
      assert.ok(
        receiver.got.every(({ path }) => path === '/'),
        'it went where it was led',
      );
      const [waiting] = await log(channel);
      const problems = (JSON.parse(waiting?.tries_json ?? '[]') as { problem: string }[]).map(
        ({ problem }) => problem,
      );
      assert.match(problems[0] ?? '', /answered with 500 \(Internal Server Error\)/);
      assert.match(problems.at(-2) ?? '', /did not answer within 0\.3 seconds/);
      assert.match(problems.at(-1) ?? '', /302, which leads elsewhere/);
      receiver.answer = 200;
      now += 8 * HOUR;
      await one.round();
      await one.round();
      assert.equal((await log(channel))[0]?.state, 'sent');
      assert.equal(new Set(receiver.got.map(({ headers }) => headers['webhook-id'])).size, 1);
    });

    test('what nobody takes for a day is given up, and told so', async (t) => {
      const receiver = await startReceiver(t);
      const channel = await told(t, { type: 'webhook', url: receiver.url });
      await fail(await farm.addJob());
      receiver.answer = 503;
      const one = sender();
      for (const end = now + 40 * HOUR; now < end; now += HOUR / 4) await one.round();
      const [row] = await log(channel);
      assert.deepEqual([row?.state, row?.tries], ['given-up', receiver.got.length]);
      assert.ok(receiver.got.length <= 11);
      now += HOUR;
      await one.round();
      assert.equal(row?.tries, receiver.got.length);
    });

    test('a process that died while it sent leaves it to another, which repeats it by the same id', async (t) => {
      const receiver = await startReceiver(t);
      const channel = await told(t, { type: 'webhook', url: receiver.url });
      await fail(await farm.addJob());
      assert.ok(await claimChannel(farm.parts.db, channel, { process: 'dead', now, until: now + 60_000 }));
      const one = sender();
      await one.round();
      assert.equal(receiver.got.length, 0);
      now += 60_000;
      await one.round();
      assert.equal(receiver.got.length, 1);
    });

    test('no address of a private network is called, by whatever name, unless an admin allows it', async (t) => {
      const receiver = await startReceiver(t);
      const { port } = new URL(receiver.url);
      const channel = await told(t, { type: 'webhook', url: receiver.url });
      await allowPrivate(false);
      t.after(() => allowPrivate(true));
      const asks = { ...farm.parts, mail, accounts: null };
      for (const url of [
        `http://127.0.0.1:${port}`,
        `http://2130706433:${port}`,
        `http://[::1]:${port}`,
        `http://[::ffff:127.0.0.1]:${port}`,
        'http://10.1.2.3',
        'http://169.254.169.254/latest',
        `http://localhost:${port}`,
      ]) {
        const made = await makeChannel(asks, farm.by, Channel.parse({ type: 'webhook', url, events: ALL }));
        assert.ok(!made.ok && made.code === 'private-address', url);
        // As a name would that leads there by now.
        await farm.parts.db
          .updateTable('notice_channels')
          .set({ address: url })
          .where('id', '=', channel)
          .execute();
        await farm.parts.db.deleteFrom('notices').execute();
        await fail(await farm.addJob());
        now += 60_000;
        if (url.includes('10.1.2.3') || url.includes('169.254')) continue;
        await sender().round();
        const [row] = await log(channel);
        assert.match(row?.tries_json ?? '', /leads to a private network or to the farm's own machine/, url);
      }
      assert.equal(receiver.got.length, 0);
    });

    test('a browser reads what was encrypted for it, by the farm that it subscribed to; one that is gone is forgotten', async (t) => {
      const receiver = await startReceiver(t);
      const browser = await createBrowser();
      const endpoint = `${receiver.url}/push/1`;
      const push = { type: 'push', name: 'Firefox on Linux', endpoint, keys: browser.keys };
      const channel = await told(t, push);
      assert.equal(await told(t, { ...push, events: ['done'] }), channel, 'the same browser, twice');
      await told(t, push);
      const job = await farm.addJob({ name: 'Orbit' });
      await fail(job);
      receiver.answer = 201;
      await sender().round();
      const [got] = receiver.got as [Got];
      const message = { title: 'Orbit failed', body: 'It broke.', tag: job, url: `${FARM}/jobs/${job}` };
      assert.deepEqual(browser.read(got), message);
      assert.equal(got.headers['content-encoding'], 'aes128gcm');
      assertVouchedFor(got, vapidKeys(farm.parts.secrets.signingKey).publicKey, receiver.url);

      // A thousand at once are one.
      for (let count = 0; count < 12; count += 1) await fail(await farm.addJob({ name: `Job ${count}` }));
      now += 60_000;
      await sender().round();
      assert.equal(receiver.got.length, 2);
      const many = browser.read(receiver.got[1] as Got) as { title: string; body: string };
      assert.equal(many.title, '12 jobs: 12 failed');
      assert.match(many.body, /^Job 0 failed\nJob 1 failed/);

      receiver.answer = 410;
      await fail(await farm.addJob());
      now += 60_000;
      await sender().round();
      assert.deepEqual(await log(channel), []);
      now += 60_000;
      await sender().round();
      assert.equal(receiver.got.length, 3);
    });

    test('e-mail is sent to who asked for it, of what they chose, all of a minute in one', async (t) => {
      const { url, received } = await startSmtp(t);
      const mailer = createMailer(
        { url: new URL(url), from: 'The farm <farm@example.org>' },
        createLog('t', 'silent'),
      );
      t.after(mailer.close);
      const one = sender({ mail: mailer });
      await fail(await farm.addJob({ name: 'Before' }));
      await one.round();
      assert.equal(received.length, 0, 'nobody asked for any');
      await told(t, { type: 'email', address: 'ada@example.org', events: ['failed'] });
      await fail(await farm.addJob({ name: 'Röntgen\r\nBcc: eve@evil.example' }));
      await one.round();
      for (const name of ['Second', 'Third']) await fail(await farm.addJob({ name }));
      await one.round();
      assert.equal(received.length, 1);
      now += 60_000;
      await one.round();
      assert.equal(received.length, 2);
      assert.deepEqual(received[0]?.to, ['ada@example.org']);
      assert.doesNotMatch(received[0]?.text ?? '', /^Bcc:/im);
      assert.match(received[0]?.text ?? '', /^Message-ID: <notice_\d+@farm\.example>\r$/m);
      assert.match(received[1]?.text ?? '', /^Subject: 2 jobs: 2 failed\r$/m);
      assert.match(received[1]?.text ?? '', /Second failed\.[\s\S]*Third failed\./);
    });

    test('each thing that somebody has to know is told once: what waits for them, a deadline at risk, what is done', async (t) => {
      const receiver = await startReceiver(t);
      const channel = await told(t, { type: 'webhook', url: receiver.url });
      const { parts } = farm;
      const sweeps = async () => {
        for (let count = 0; count < 2; count += 1) {
          now += 11_000;
          await parts.engine.sweep();
        }
      };
      const reviewed = await farm.addJob({ name: 'Reviewed', review: true });
      await finishChunk(parts, (await openStage(parts, reviewed)).id, 0, { result: PROBE });
      const lonely = await farm.addJob({ name: 'Lonely' });
      await parts.db
        .updateTable('jobs')
        .set({ deadline: now + HOUR })
        .where('id', '=', lonely)
        .execute();
      const late = { code: 'missed', urgency: 'none', workers: 'present', lateMs: HOUR, help: null } as const;
      const { endsOf } = parts.balancer;
      parts.balancer.endsOf = async () =>
        new Map([[lonely, { range: { early: now, expected: now, late: now }, deadline: late }]]) as never;
      await sweeps();
      now += 2 * HOUR;
      await sweeps();
      parts.config.teamLimits.chunksAtOnce = 0;
      await sweeps();
      delete parts.config.teamLimits.chunksAtOnce;
      await parts.db.updateTable('jobs').set({ state: 'assembling' }).where('id', '=', reviewed).execute();
      const assembled = await findJob(parts.db, reviewed);
      assert.ok(assembled && (await changeJob(parts.db, assembled, { type: 'complete' }, now)).ok);
      parts.balancer.endsOf = endsOf;
      const seen = (await log(channel)).map(
        ({ event, subject_json }) =>
          `${event} ${JSON.parse(subject_json).name}: ${JSON.parse(subject_json).message}`,
      );
      assert.deepEqual(
        seen.toSorted().map((line) => line.slice(0, 45)),
        [
          'at-risk Lonely: The deadline cannot be met as',
          'done Reviewed: The result is there.',
          'waiting Lonely: No worker is connected. The j',
          'waiting Lonely: The team "Owner" has 0 chunks',
          'waiting Reviewed: It is ready to begin: look ',
        ],
      );
    });

    test('somebody who left the team is told nothing more of its jobs', async (t) => {
      const receiver = await startReceiver(t);
      const channel = await told(t, { type: 'webhook', url: receiver.url });
      await fail(await farm.addJob());
      const { db } = farm.parts;
      const mine = { team_id: farm.by.team, person_id: farm.by.person };
      await db.deleteFrom('team_members').where('person_id', '=', mine.person_id).execute();
      t.after(() =>
        db
          .insertInto('team_members')
          .values({ ...mine, role: 'owner', joined_at: 1 })
          .execute(),
      );
      await sender().round();
      assert.deepEqual([receiver.got.length, await log(channel)], [0, []]);
    });
  });
}

/** As https://www.standardwebhooks.com says that a receiver looks at it. */
function assertSigned({ headers, body }: Got, secret: string, at: number): void {
  const { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': signature } = headers;
  assert.ok(Math.abs(Number(time) * 1_000 - at) < 60_000);
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const expected = createHmac('sha256', key).update(`${id}.${time}.${body}`).digest('base64');
  assert.equal(signature, `v1,${expected}`);
}

/** RFC 8292: a token of the farm's key, for that push service. */
function assertVouchedFor({ headers }: Got, publicKey: string, audience: string): void {
  const [, token = '', key] = /^vapid t=([^,]+), k=(.+)$/.exec(headers.authorization ?? '') ?? [];
  assert.equal(key, publicKey);
  const point = Buffer.from(publicKey, 'base64url');
  const jwk = {
    kty: 'EC',
    crv: 'P-256',
    x: point.subarray(1, 33).toString('base64url'),
    y: point.subarray(33).toString('base64url'),
  };
  const [head = '', claims = '', signature = ''] = token.split('.');
  const signed = verify(
    'sha256',
    Buffer.from(`${head}.${claims}`),
    { key: createPublicKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  );
  assert.ok(signed);
  assert.equal(JSON.parse(Buffer.from(claims, 'base64url').toString()).aud, audience);
}
