import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Attempt, createAttempts } from './attempts.ts';

const start = () => {
  const time = { now: 1_000_000 };
  const attempts = createAttempts(() => time.now);
  const from = (peer: string, account: string | null = 'ada', device: string | null = null) =>
    attempts.begin({ peer, account, device });
  return { time, from };
};
const saysOf = (attempt: Attempt) => (attempt.ok ? attempt.delayMs : attempt.why);

test('after ten wrong guesses an address is refused for the rest of its minute; others do not notice', () => {
  const { time, from } = start();
  const guesses = Array.from({ length: 30 }, (_, n) => saysOf(from('1.1.1.1', `account ${n}`)));
  assert.deepEqual(guesses.slice(0, 10), Array(10).fill(0));
  assert.deepEqual(guesses.slice(10), Array(20).fill('address'));
  assert.equal(saysOf(from('2.2.2.2')), 0);
  time.now += 60_001;
  assert.equal(saysOf(from('1.1.1.1')), 0);
});

test('guesses that are under way count, and one that was right does not', () => {
  const { from } = start();
  const many = Array.from({ length: 10 }, () => from('1.1.1.1'));
  assert.equal(saysOf(from('1.1.1.1')), 'address');
  const [first] = many;
  if (first?.ok) first.right();
  assert.equal(saysOf(from('1.1.1.1')), 0);
  assert.equal(saysOf(from('1.1.1.1')), 'address');
});

test('an account that is guessed at from many addresses takes one a second, but a known browser at once', () => {
  const { time, from } = start();
  for (let n = 0; n < 20; n++) assert.equal(saysOf(from(`10.0.0.${n}`)), 0);
  assert.equal(saysOf(from('10.0.1.1')), 0, 'the first has no one before it');
  const waits = Array.from({ length: 8 }, (_, n) => saysOf(from(`10.0.2.${n}`)));
  assert.deepEqual(waits, [1_000, 2_000, 3_000, 4_000, 5_000, 'account', 'account', 'account']);
  assert.equal(saysOf(from('10.0.2.1', 'bob')), 0, 'another account is not held up');
  assert.equal(saysOf(from('10.0.0.1', 'ada', 'her laptop')), 0);
  time.now += 30_000;
  assert.equal(saysOf(from('10.0.3.1')), 0);
});

test('a known browser has ten guesses a minute of its own, and then counts as any other', () => {
  const { from } = start();
  for (let n = 0; n < 10; n++) from('1.1.1.1', 'eve');
  for (let n = 0; n < 10; n++) assert.equal(saysOf(from('1.1.1.1', 'ada', 'laptop')), 0);
  assert.equal(saysOf(from('1.1.1.1', 'ada', 'laptop')), 'address');
});
