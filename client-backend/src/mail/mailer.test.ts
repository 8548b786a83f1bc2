import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createLog } from '@parallel-pilot/shared/server/log.ts';
import { SMTPServer } from 'smtp-server';
import { invitationLetter, resetLetter, verificationLetter } from './letters.ts';
import { readMailConfig } from './mail-config.ts';
import { createMailer } from './mailer.ts';

type Received = { from: string; to: string[]; text: string };

/** A real server for mail on a free port, which takes one user alone. */
async function startSmtp(t: TestContext): Promise<{ port: number; received: Received[] }> {
  const received: Received[] = [];
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS'],
    onAuth: ({ username, password }, _, done) =>
      username === 'farm' && password === 'p@ss/word' ? done(null, { user: 'farm' }) : done(new Error('no')),
    onRcptTo: ({ address }, _, done) => done(address.startsWith('nobody@') ? new Error('no such box') : null),
    onData(stream, { envelope }, done) {
      let text = '';
      stream.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
      });
      stream.on('end', () => {
        const { mailFrom, rcptTo } = envelope;
        const from = mailFrom === false ? '' : mailFrom.address;
        received.push({ from, to: rcptTo.map(({ address }) => address), text });
        done();
      });
    },
  });
  const listening = server.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  t.after(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return { port: (listening.address() as AddressInfo).port, received };
}

const mailerAt = (url: string) => {
  const config = readMailConfig({ PILOT_SMTP_URL: url, PILOT_MAIL_FROM: 'The farm <farm@example.org>' });
  assert.ok(config !== null);
  return createMailer(config, createLog('test', 'silent'));
};

const link = { to: 'ada@farm.example', url: 'https://farm.example/invite#abc', expiresAt: 1_800_000_000_000 };

test('a letter arrives with its link, from the sender of the settings', async (t) => {
  const { port, received } = await startSmtp(t);
  const mailer = mailerAt(`smtp://farm:p%40ss%2Fword@127.0.0.1:${port}`);
  t.after(mailer.close);
  const team = 'Renderers\r\nBcc: eve@evil.example';
  assert.equal(await mailer.send(invitationLetter({ ...link, team, by: 'Bob' })), null);
  assert.equal(await mailer.send(resetLetter(link)), null);
  assert.equal(await mailer.send(verificationLetter(link)), null);
  assert.deepEqual(
    received.map(({ from, to }) => ({ from, to })),
    Array(3).fill({ from: 'farm@example.org', to: ['ada@farm.example'] }),
  );
  const [invitation] = received;
  assert.match(invitation?.text ?? '', /^From: The farm <farm@example\.org>\r$/m);
  assert.match(invitation?.text ?? '', /https:\/\/farm\.example\/invite#abc/);
  assert.match(invitation?.text ?? '', /ends on 2027-01-15 08:00 UTC/);
  assert.doesNotMatch(invitation?.text ?? '', /^Bcc:/im);
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
    const said = await mailer.send({ ...resetLetter(link), to });
    assert.match(said ?? '', /^The mail could not be sent by 127\.0\.0\.1:\d+ \(\w+\)/, url);
    assert.doesNotMatch(said ?? '', /word/);
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
