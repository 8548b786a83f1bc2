import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog } from '@parallel-pilot/shared/server/log.ts';
import { readMailConfig } from './mail-config.ts';
import { createMailer } from './mailer.ts';
import { startSmtp } from './smtp.fixture.ts';

const mailerAt = (url: string) => {
  const config = readMailConfig({ PILOT_SMTP_URL: url, PILOT_MAIL_FROM: 'The farm <farm@example.org>' });
  assert.ok(config !== null);
  return createMailer(config, createLog('test', 'silent'));
};

const mail = {
  to: 'ada@farm.example',
  subject: 'Bob invites you to the team Röntgen',
  text: 'Bob invites you.\n\nThis link accepts it, once:\nhttps://farm.example/invite#abc\n',
};

test('a mail arrives with its link, from the sender of the settings', async (t) => {
  const { port, received } = await startSmtp(t);
  const mailer = mailerAt(`smtp://farm:p%40ss%2Fword@127.0.0.1:${port}`);
  t.after(mailer.close);
  await mailer.send(mail);
  await mailer.send({ ...mail, subject: 'Hello\r\nBcc: eve@evil.example' });
  const [first, second] = received;
  assert.deepEqual([first?.from, first?.to], ['farm@example.org', ['ada@farm.example']]);
  assert.match(first?.text ?? '', /^From: The farm <farm@example\.org>\r$/m);
  assert.match(first?.text ?? '', /^https:\/\/farm\.example\/invite#abc\r$/m);
  assert.match(first?.text ?? '', /^Subject: =\?UTF-8\?/m);
  assert.deepEqual(second?.to, ['ada@farm.example']);
  assert.doesNotMatch(second?.text ?? '', /^Bcc:/im);
});

test('an address with others hidden in it is one that does not exist', async (t) => {
  const { port, received } = await startSmtp(t);
  const mailer = mailerAt(`smtp://farm:p%40ss%2Fword@127.0.0.1:${port}`);
  t.after(mailer.close);
  for (const to of ['ada@farm.example, eve@evil.example', 'ada@farm.example\r\nRCPT TO:<eve@evil.example>']) {
    await mailer.send({ ...mail, to }).catch(() => {});
  }
  assert.ok(
    received.every((one) => !one.to.includes('eve@evil.example')),
    JSON.stringify(received),
  );
});

test('what cannot be sent is a sentence, without the password', async (t) => {
  const { port } = await startSmtp(t);
  for (const [url, to] of [
    [`smtp://farm:wrong-word@127.0.0.1:${port}`, 'ada@farm.example'],
    [`smtp://farm:p%40ss%2Fword@127.0.0.1:${port}`, 'nobody@farm.example'],
    ['smtp://127.0.0.1:9', 'ada@farm.example'],
  ] as const) {
    const mailer = mailerAt(url);
    t.after(mailer.close);
    await assert.rejects(mailer.send({ ...mail, to }), (error: Error) => {
      assert.match(error.message, /^The mail could not be sent by 127\.0\.0\.1:\d+ \(\w+\)\.$/, url);
      return !error.message.includes('word');
    });
  }
});

test('settings for mail that do not fit are refused by a sentence that keeps the password', () => {
  assert.equal(readMailConfig({}), null);
  assert.equal(readMailConfig({ PILOT_SMTP_URL: ' ' }), null);
  for (const env of [
    { PILOT_SMTP_URL: 'mail.example secret' },
    { PILOT_SMTP_URL: 'http://user:secret@mail.example' },
    { PILOT_SMTP_URL: 'smtp://user:secret@mail.example' },
    { PILOT_SMTP_URL: 'smtp://user:secret@mail.example', PILOT_MAIL_FROM: 'nobody' },
    { PILOT_SMTP_URL: 'smtp://user:secret@mail.example', PILOT_MAIL_FROM: 'a@b\r\nBcc: c@d' },
    { PILOT_SMTP_URL_FILE: '/nowhere/at/all' },
  ]) {
    assert.throws(
      () => readMailConfig(env),
      (error: Error) => /^PILOT_/.test(error.message) && !error.message.includes('secret'),
      JSON.stringify(env),
    );
  }
});
