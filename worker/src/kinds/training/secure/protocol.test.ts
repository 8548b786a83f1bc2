import assert from 'node:assert/strict';
import { createHash, hkdfSync } from 'node:crypto';
import { test } from 'node:test';
import type { Member, SealedShares } from '@parallel-pilot/shared/kinds/training/secure/messages.ts';
import { recover } from '@parallel-pilot/shared/kinds/training/secure/recover.ts';
import { scaleOf, thresholdOf } from '@parallel-pilot/shared/kinds/training/secure/scale.ts';
import type { RandomBytes } from '@parallel-pilot/shared/model/ids.ts';
import fc from 'fast-check';
import { agreedKey, keyPairOf } from './agreement.ts';
import { masker } from './mask.ts';
import {
  answerUnmask,
  masksOf,
  newSecrets,
  openKeys,
  ProtocolError,
  type Secrets,
  shareSecrets,
  unmaskingMasks,
} from './participant.ts';
import { gaussians, quantiser, restored } from './quantise.ts';

function drawnFrom(seed: string): RandomBytes {
  let drawn = 0;
  return (count) => {
    drawn += 1;
    return createHash('shake256', { outputLength: count }).update(`${seed}:${drawn}`).digest();
  };
}

type Shards = { secrets: Secrets[]; roster: Member[]; sealed: SealedShares[]; threshold: number };

/** Rounds 0 and 1 of the protocol with so many shards, of which those of `sharers` share their secrets. */
function begun(
  count: number,
  sharers: readonly number[],
  seed: string,
  threshold = thresholdOf(count),
): Shards {
  const random = drawnFrom(seed);
  const secrets = Array.from({ length: count }, () => newSecrets(random));
  const roster = secrets.map((one, shard) => ({ shard, ...openKeys(one) }));
  const sealed = sharers.flatMap((shard) =>
    shareSecrets({ shard, secrets: secrets[shard] as Secrets, roster }, threshold, random),
  );
  return { secrets, roster, sealed, threshold };
}

const partOf = ({ secrets, roster }: Shards, shard: number) => ({
  shard,
  secrets: secrets[shard] as Secrets,
  roster,
});

function masked(
  shards: Shards,
  shard: number,
  sharers: readonly number[],
  input: readonly number[],
): Uint32Array {
  const vector = Uint32Array.from(input);
  masker(masksOf(partOf(shards, shard), sharers, shards.threshold))(vector);
  return vector;
}

/** What the farm comes to with what it has: the masked vectors of the survivors, and the answers of some of them. */
function summed(
  shards: Shards,
  { sharers, survivors, answering }: Record<'sharers' | 'survivors' | 'answering', readonly number[]>,
  vectors: ReadonlyMap<number, Uint32Array>,
): Uint32Array | string {
  const asked = { sharers: [...sharers], survivors: [...survivors], threshold: shards.threshold };
  const answers = answering.map((shard) => ({
    shard,
    shares: answerUnmask(partOf(shards, shard), shards.sealed, asked),
  }));
  const recovered = recover(answers, asked);
  if (!recovered.ok) return recovered.message;
  const length = vectors.values().next().value?.length ?? 0;
  const sum = new Uint32Array(length);
  for (const shard of survivors) {
    const vector = vectors.get(shard) as Uint32Array;
    for (let at = 0; at < length; at += 1) sum[at] = (sum[at] as number) + (vector[at] as number);
  }
  masker(unmaskingMasks({ roster: shards.roster, ...asked, ...recovered.secrets }))(sum);
  return sum;
}

const plainSum = (inputs: readonly (readonly number[])[], of: readonly number[]) =>
  Uint32Array.from(inputs[0] ?? [], (_, at) =>
    of.reduce((sum, shard) => sum + (inputs[shard]?.[at] ?? 0), 0),
  );

/** Some of them, at least so many. */
const someOf = (all: readonly number[], least: number) =>
  fc.subarray([...all], { minLength: Math.min(least, all.length) });

const rounds = fc.integer({ min: 2, max: 6 }).chain((count) => {
  const all = Array.from({ length: count }, (_, shard) => shard);
  const least = thresholdOf(count);
  return someOf(all, least).chain((sharers) =>
    someOf(sharers, least).chain((survivors) =>
      fc.record({
        inputs: fc.array(fc.array(fc.integer(), { minLength: 5, maxLength: 5 }), {
          minLength: count,
          maxLength: count,
        }),
        sharers: fc.constant(sharers),
        survivors: fc.constant(survivors),
        answering: someOf(survivors, least),
        seed: fc.string(),
      }),
    ),
  );
});

test('whoever drops out when: the sum of those left is exact, as long as the threshold answers', () => {
  fc.assert(
    fc.property(rounds, ({ inputs, seed, ...of }) => {
      const shards = begun(inputs.length, of.sharers, seed);
      const vectors = new Map(
        of.survivors.map((shard) => [shard, masked(shards, shard, of.sharers, inputs[shard] ?? [])]),
      );
      assert.deepEqual(summed(shards, of, vectors), plainSum(inputs, of.survivors));
    }),
    { numRuns: 40 },
  );
});

test("the paper's figure 2: three shards whose masks cancel, and one of them lost after the masks were agreed", () => {
  const [inputs, all] = [
    [
      [1, 100],
      [2, 200],
      [3, 300],
    ],
    [0, 1, 2],
  ];
  const shards = begun(3, all, 'figure 2');
  assert.equal(shards.threshold, 2);
  const vectors = new Map(all.map((shard) => [shard, masked(shards, shard, all, inputs[shard] ?? [])]));
  for (const [shard, vector] of vectors) assert.notDeepEqual([...vector], inputs[shard]);
  const whole = { sharers: all, survivors: all, answering: all };
  assert.deepEqual(summed(shards, whole, vectors), Uint32Array.of(6, 600));
  // The same masked vectors: the farm asks for one or for the other, and gets one of them alone.
  const lost = { sharers: all, survivors: [0, 2], answering: [0, 2] };
  assert.deepEqual(summed(shards, lost, vectors), Uint32Array.of(4, 400));
});

test('64 shards of which some are lost at each step come to the sum of those left', () => {
  const count = 64;
  const all = Array.from({ length: count }, (_, shard) => shard);
  const sharers = all.filter((shard) => shard % 16 !== 5);
  const survivors = sharers.filter((shard) => shard % 16 !== 9);
  const answering = survivors.slice(-thresholdOf(count));
  const inputs = all.map((shard) => [shard, 2 ** 31 + shard, 7 * shard]);
  const shards = begun(count, sharers, 'many');
  const vectors = new Map(
    survivors.map((shard) => [shard, masked(shards, shard, sharers, inputs[shard] ?? [])]),
  );
  assert.deepEqual(summed(shards, { sharers, survivors, answering }, vectors), plainSum(inputs, survivors));
});

test('below the threshold nothing is told, and what the farm asks beyond the protocol is refused', () => {
  const all = [0, 1, 2, 3];
  const shards = begun(4, all, 'below');
  const vectors = new Map(all.map((shard) => [shard, masked(shards, shard, all, [shard])]));
  assert.equal(
    summed(shards, { sharers: all, survivors: all, answering: [0, 1] }, vectors),
    '2 of 3 shares of shard 1 came',
  );
  const ask = (survivors: number[], received = shards.sealed) =>
    answerUnmask(partOf(shards, 0), received, { sharers: all, survivors, threshold: 3 });
  assert.throws(() => ask([0, 1]), /Only 2 masked updates are there, and 3 are needed/);
  assert.throws(() => ask([1, 2, 3]), ProtocolError);
  assert.throws(() => ask([0, 1, 7]), ProtocolError);
  // Of one shard the one or the other share, never both.
  for (const survivors of [all, [0, 1, 2], [0, 2, 3]]) {
    const told = ask(survivors);
    assert.deepEqual(
      told.map(({ of, secret }) => [of, secret]),
      all.map((shard) => [shard, survivors.includes(shard) ? 'seed' : 'key']),
    );
  }
  assert.throws(() => ask(all, shards.sealed.slice(1)), /Shard 1 shared nothing with this one/);
  const [own] = shards.sealed.filter(({ of, to }) => of === 1 && to === 0);
  const swapped = shards.sealed.map((one) =>
    one.of === 2 && one.to === 0 ? { ...one, sealed: own?.sealed ?? '' } : one,
  );
  assert.throws(() => ask(all, swapped), /What shard 3 shared with this one cannot be opened/);
  const part = partOf(shards, 0);
  assert.throws(() => masksOf(part, [0, 1], 3), /Only 2 shards shared secrets/);
  assert.throws(() => masksOf(part, [1, 2, 3], 3), ProtocolError);
  const random = drawnFrom('refused');
  assert.throws(() => shareSecrets({ ...part, shard: 1 }, 3, random), /not among those of the round/);
  const twice = shards.roster.map((one) => ({ ...one, cipher: shards.roster[0]?.cipher ?? '' }));
  assert.throws(() => shareSecrets({ ...part, roster: twice }, 3, random), /one key/);
  assert.throws(() => shareSecrets(part, 2, random), /no threshold/);
});

test('shares of one that is gone which come to another key are found', () => {
  const all = [0, 1, 2];
  const shards = begun(3, all, 'wrong');
  const asked = { sharers: all, survivors: [0, 1], threshold: 2 };
  const answers = [0, 1].map((shard) => ({
    shard,
    shares: answerUnmask(partOf(shards, shard), shards.sealed, asked),
  }));
  const recovered = recover(answers, asked);
  assert.ok(recovered.ok);
  const [first] = recovered.secrets.keys;
  assert.ok(first);
  const key = Buffer.from(drawnFrom('other')(32)).toString('hex');
  assert.throws(
    () =>
      unmaskingMasks({ roster: shards.roster, ...asked, ...recovered.secrets, keys: [{ ...first, key }] }),
    /told of shard 3 are wrong/,
  );
});

test('a masked vector by itself is uniform, and each round masks anew', () => {
  const all = [0, 1, 2];
  const zeros = new Array<number>(65_536).fill(0);
  const [one, other] = ['first', 'second'].map((seed) => masked(begun(3, all, seed), 0, all, zeros));
  assert.ok(one && other);
  for (const vector of [one, other]) {
    const bytes = new Uint8Array(vector.buffer);
    const seen = new Array<number>(256).fill(0);
    for (const byte of bytes) seen[byte] = (seen[byte] ?? 0) + 1;
    const expected = bytes.length / 256;
    const chiSquare = seen.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    // 255 degrees of freedom: mean 255, deviation 22.6. The seeds are fixed, so it is the same each time.
    assert.ok(chiSquare > 255 - 5 * 22.6 && chiSquare < 255 + 5 * 22.6, `chi-square ${chiSquare}`);
  }
  const same = one.reduce((count, value, at) => count + (value === other[at] ? 1 : 0), 0);
  assert.ok(same < 5, `${same} of ${one.length} numbers are alike`);
});

test('masks do not hang on how a vector is cut into blocks', () => {
  const masks = [{ key: drawnFrom('blocks')(32), sign: -1 as const }];
  const [whole, cut] = [new Uint32Array(1_000), new Uint32Array(1_000)];
  masker(masks)(whole);
  const next = masker(masks);
  for (const [from, to] of [
    [0, 1],
    [1, 700],
    [700, 1_000],
  ])
    next(cut.subarray(from, to));
  assert.deepEqual(cut, whole);
});

test('keys agree as in RFC 7748, section 6.1, and are others for another use', () => {
  const bob = keyPairOf(
    Buffer.from('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb', 'hex'),
  );
  assert.equal(bob.open, 'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f');
  const alice = '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a';
  const agreed = Buffer.from('4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742', 'hex');
  const use = (name: string) =>
    Buffer.from(hkdfSync('sha256', agreed, '', `parallel-pilot secure aggregation: ${name}`, 32));
  assert.deepEqual(agreedKey(bob.secret, alice, 'mask'), use('mask'));
  assert.deepEqual(agreedKey(bob.secret, alice, 'share'), use('share'));
});

test('updates are clipped, rounded and summed without overflow, and a sum beyond what they come to is found', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 256 }),
      fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
      fc.array(fc.double({ min: -1e4, max: 1e4, noNaN: true }), { minLength: 1, maxLength: 20 }),
      (shards, clip, values) => {
        const of = scaleOf({ clip, noise: 0, shards, threshold: thresholdOf(shards) });
        const norm = Math.hypot(...values);
        const quantise = quantiser(of, { norm, clip, count: values.length }, drawnFrom('none'));
        const one = quantise(Float64Array.from(values));
        const sum = one.map((value) => Math.imul(value, shards));
        const back = restored(sum, { ...of, shards });
        assert.ok(back !== null);
        const factor = Math.min(1, clip / norm);
        const unit = (1 + Math.sqrt(values.length)) / of.scale;
        for (const [at, value] of values.entries())
          assert.ok(Math.abs((back[at] ?? 0) / shards - value * factor) <= unit, `${back[at]} of ${value}`);
        assert.ok(Math.hypot(...back) / shards <= clip * (1 + 1e-9));
        assert.equal(restored(Uint32Array.of(of.most * shards + 1), { ...of, shards }), null);
      },
    ),
    { numRuns: 60 },
  );
});

test('the noise of as many shards as the threshold has the deviation that was asked for', () => {
  const [clip, noise, threshold] = [2, 1.5, 3];
  const of = scaleOf({ clip, noise, shards: 4, threshold });
  const count = 20_000;
  const sums = new Float64Array(count);
  for (let shard = 0; shard < threshold; shard += 1) {
    const quantise = quantiser(of, { norm: 0, clip, count }, drawnFrom(`noise ${shard}`));
    for (const [at, value] of (
      restored(quantise(new Float64Array(count)), { ...of, shards: 1 }) ?? []
    ).entries())
      sums[at] = (sums[at] ?? 0) + value;
  }
  const deviation = Math.sqrt(sums.reduce((sum, value) => sum + value * value, 0) / count);
  // Of so many numbers the estimate is good to half a percent; the seeds are fixed.
  assert.ok(Math.abs(deviation / (noise * clip) - 1) < 0.03, `${deviation}`);
  assert.ok(gaussians(3, drawnFrom('odd')).every(Number.isFinite));
});
