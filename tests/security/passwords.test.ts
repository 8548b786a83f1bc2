import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import crypto from 'node:crypto';
import { once } from 'node:events';
import { syncBuiltinESMExports } from 'node:module';
import { type TestContext, test } from 'node:test';
import { Problem } from '@parallel-pilot/shared/api/problem.ts';
import {
  type Browser,
  PASSWORD,
  startAccounts,
} from '../../client-backend/src/auth/accounts/accounts.fixture.ts';

const ADA = 'ada@farm.example';
const BOB = 'bob@farm.example';

/** How often a password was hashed since, by the library's own call. */
function countHashes(t: TestContext): () => number {
  const spy = t.mock.method(crypto, 'scrypt');
  syncBuiltinESMExports();
  t.after(() => {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  });
  return () => spy.mock.callCount();
}

/** 200 wrong passwords a second, from one address, by a process of its own. */
function startFlood(url: string): { first: Promise<unknown>; stop(): Promise<number> } {
  const headers = { 'x-forwarded-for': '198.51.100.7', origin: url, 'content-type': 'application/json' };
  const body = JSON.stringify({ email: ADA, password: 'a wrong guess' });
  const program = `
    const { Agent, request } = await import('node:http');
    const agent = new Agent({ keepAlive: true });
    let sent = 0;
    setInterval(() => {
      for (let n = 0; n < 10; n++) {
        const asking = request(${JSON.stringify(`${url}/api/auth/sign-in/email`)},
          { agent, method: 'POST', headers: ${JSON.stringify(headers)} },
          (response) => response.resume().on('end', () => process.send(++sent)));
        asking.on('error', () => {});
        asking.end(${JSON.stringify(body)});
      }
    }, 50);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  let sent = 0;
  child.on('message', (count: number) => {
    sent = count;
  });
  return {
    first: once(child, 'message'),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return sent;
      child.kill('SIGKILL');
      await once(child, 'exit');
      return sent;
    },
  };
}

const codeOf = (reply: { status: number; body: unknown }) =>
  reply.status === 200 ? 'in' : Problem.parse(reply.body).code;

test('many wrong passwords at once from one address cost ten hashes, and hold nobody else up', async (t) => {
  const hashes = countHashes(t);
  const { browser, join } = await startAccounts(t);
  await join(ADA);
  await join(BOB, 'Bob');
  const bobs = browser('198.51.100.7');
  await bobs.signIn(BOB);
  const before = hashes();
  const replies = await Promise.all(
    Array.from({ length: 200 }, (_, n) => browser('198.51.100.7').signIn(ADA, `a wrong guess ${n}`)),
  );
  const codes = replies.map(codeOf);
  assert.ok(hashes() - before <= 10, `${hashes() - before} hashes`);
  assert.ok(codes.every((code) => ['wrong-password', 'too-many-attempts', 'busy'].includes(code)));

  // Those that found the line full were computed nothing for, and do not count: how many do depends on the machine.
  const wrongly = (n: number) => browser('198.51.100.7').signIn(ADA, `one more guess ${n}`);
  let refused = await wrongly(0);
  for (let n = 1; n <= 10 && codeOf(refused) !== 'too-many-attempts'; n += 1) refused = await wrongly(n);
  assert.deepEqual([codeOf(refused), refused.headers.get('retry-after')], ['too-many-attempts', '60']);
  assert.equal(codeOf(await browser('198.51.100.7').signIn(BOB)), 'too-many-attempts');
  assert.equal(
    codeOf(await bobs.signIn(BOB)),
    'in',
    'a browser that Bob has signed in with, at the same address',
  );
  assert.equal(codeOf(await browser('203.0.113.1').signIn(ADA)), 'in', 'Ada, from elsewhere');
  assert.equal(codeOf(await browser('203.0.113.1').signIn(BOB)), 'in', 'Bob, from elsewhere');
});

test('who guesses at an account from a hundred addresses does not lock its owner out', async (t) => {
  const { browser, join } = await startAccounts(t);
  await join(ADA);
  await join(BOB, 'Bob');
  const laptop = browser('203.0.113.1');
  await laptop.signIn(ADA);
  const guesses = Array.from({ length: 100 }, (_, n) => browser(`192.0.2.${n}`).signIn(ADA, 'a wrong guess'));
  assert.equal(codeOf(await laptop.signIn(ADA)), 'in');
  assert.equal(codeOf(await browser('203.0.113.2').signIn(BOB)), 'in');
  const codes = (await Promise.all(guesses)).map(codeOf);
  assert.ok(codes.filter((code) => code === 'wrong-password').length <= 30);
  assert.ok(codes.includes('account-guessed-at') || codes.includes('busy'));
});

test('200 wrong passwords a second from one address do not slow others down', async (t) => {
  const { url, browser, join } = await startAccounts(t);
  await join(ADA);
  await join(BOB, 'Bob');
  const timed = async (address: string) => {
    const started = performance.now();
    assert.equal(codeOf(await browser(address).signIn(BOB)), 'in');
    return performance.now() - started;
  };
  const several = async (network: string) => {
    const times: number[] = [];
    for (let n = 0; n < 9; n++) times.push(await timed(`${network}.${n}`));
    return times.toSorted((a, b) => a - b)[4] ?? 0;
  };
  await timed('203.0.113.200');
  const alone = await several('203.0.113');
  const flood = startFlood(url);
  t.after(flood.stop);
  await flood.first;
  const during = await several('203.0.114');
  const sent = await flood.stop();
  t.diagnostic(
    `sign-in: ${alone.toFixed(0)} ms alone, ${during.toFixed(0)} ms while ${sent} wrong ones came`,
  );
  assert.ok(during < alone * 3, `${during} ms instead of ${alone}`);
});

test('an e-mail that is not known, an account without a password and a wrong password look alike, in time too', async (t) => {
  const hashes = countHashes(t);
  const { browser, join } = await startAccounts(t);
  await join(ADA);
  const ask = async (email: string, n: number) => {
    const before = hashes();
    const started = performance.now();
    const { status, body, headers } = await browser(`192.0.2.${n}`).signIn(email, 'a wrong guess');
    const ms = performance.now() - started;
    const { date, ...others } = Object.fromEntries(headers);
    return { said: { status, body, others, hashes: hashes() - before }, ms };
  };
  const times: Record<string, number[]> = { known: [], unknown: [] };
  await ask('warm@farm.example', 200);
  for (let n = 0; n < 15; n++) {
    const known = await ask(ADA, n);
    const unknown = await ask(`nobody${n}@farm.example`, 100 + n);
    assert.deepEqual(known.said, unknown.said);
    assert.equal(known.said.hashes, 1);
    times.known?.push(known.ms);
    times.unknown?.push(unknown.ms);
  }
  const median = (all: number[] = []) => all.toSorted((a, b) => a - b)[7] ?? 0;
  const ratio = median(times.known) / median(times.unknown);
  t.diagnostic(`${median(times.known).toFixed(1)} ms and ${median(times.unknown).toFixed(1)} ms`);
  assert.ok(ratio > 0.6 && ratio < 1.7, `a wrong password takes ${ratio} times as long`);
});

test('a cookie that was made up or tampered with is nobody', async (t) => {
  const { browser, join } = await startAccounts(t);
  await join(ADA);
  const ada: Browser = browser();
  await ada.signIn(ADA, PASSWORD);
  const [name = '', value = ''] = [...ada.cookies].find(([one]) => one.endsWith('session_token')) ?? [];
  const [token = '', signature = ''] = decodeURIComponent(value).split('.');
  const made = [
    token,
    `${token}.`,
    `${token}x.${signature}`,
    `.${signature}`,
    `x.${signature}`,
    '%00',
    'a'.repeat(9_000),
  ];
  for (const one of [...made, `${token}.${'A'.repeat(43)}=`]) {
    const eve = browser();
    eve.cookies.set(name, encodeURIComponent(one));
    assert.equal(await eve.who(), null, one);
    assert.equal((await eve.get('/sessions')).status, 401, one);
  }
  assert.notEqual(await ada.who(), null);
});
