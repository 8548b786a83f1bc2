import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { levels } from '@parallel-pilot/sandbox/test-fixtures/levels.ts';
import {
  MaskedResult,
  type Member,
  OpenKeys,
  SharesResult,
  UnmaskResult,
} from '@parallel-pilot/shared/kinds/training/secure/messages.ts';
import { recover } from '@parallel-pilot/shared/kinds/training/secure/recover.ts';
import { scaleOf } from '@parallel-pilot/shared/kinds/training/secure/scale.ts';
import { FILES, KEPT, MergeSpec, TrainSpec } from '@parallel-pilot/shared/kinds/training/stages.ts';
import { contextOf, createRig, done, failed, INPUT, type Ran, type Rig, STATE } from '../fixtures/rig.ts';

/* Three workers with folders of their own, and this test in the farm's place. */

const SHARDS = [0, 1, 2];
const PLACE = { series: 'stg_aaaaaaaa', round: 1 };
const SECURE = { ...PLACE, shards: 3, threshold: 2, clip: 1, noise: 0 };
const script = (steps: string) => `import numpy as np
import pilot
w = pilot.weights({"w": np.zeros((2, 2), np.float32), "count": np.int64(0)})
state = {"seen": 0}
pilot.keep(state)
for epoch in pilot.epochs(1):
    ${steps}
    state["seen"] += 1
pilot.finish(w, samples=5, metrics={"seen": state["seen"]})
`;
const SCRIPT = script(
  'w = {"w": w["w"] + np.float32(0.25) * (pilot.shard + 1) * np.eye(2, dtype=np.float32), "count": w["count"] + 1}',
);

const rigs: Rig[] = [];
const at = (shard: number): Rig => rigs[shard] as Rig;
before(async () => {
  const [sandbox] = (await levels()).slice(-1);
  assert.ok(sandbox !== undefined);
  for (const _ of SHARDS) rigs.push(await createRig(sandbox));
  for (const rig of rigs)
    await rig.python(`np.savez("w.npz", w=np.zeros((2, 2), np.float32), count=np.int64(0))`);
});
after(async () => {
  for (const rig of rigs) await rig.close();
});

const weights = (shard: number) => ({ 'weights.npz': { copy: join(at(shard).root, 'w.npz') } });
const files = (shard: number, text = SCRIPT) => ({ 'script.py': { text }, ...weights(shard) });

function train(shard: number, { round = 1, text = SCRIPT, kept = '' } = {}): Promise<Ran> {
  const stageSpec = TrainSpec.parse({
    context: contextOf({ ownData: true, secure: true, round }),
    secure: { ...SECURE, round },
    state: STATE,
    weights: INPUT('weights.npz'),
  });
  const chunkSpec = { round, shard, data: null, kept: kept === '' ? null : INPUT(KEPT) };
  const inputs = { ...files(shard, text), ...(kept === '' ? {} : { [KEPT]: { copy: kept } }) };
  return at(shard).run('train', { stageSpec, chunkSpec }, inputs);
}

const keysOf = (ran: Ran): OpenKeys => OpenKeys.parse(done(ran).keys);
const run = (shard: number, stage: string, stageSpec: object, chunkSpec: object = {}) =>
  at(shard).run(stage, { stageSpec, chunkSpec: { round: 1, shard, ...chunkSpec } }, {});
const fileOf = ({ outcome }: Ran, name: string): string => {
  assert.ok(outcome.ok);
  return outcome.files.find((file) => file.name === name)?.path ?? '';
};

test('a round of three of which one is lost before it masks: the sum of the other two, and to nobody any of them', async () => {
  const trained = await Promise.all(SHARDS.map((shard) => train(shard)));
  for (const [shard, ran] of trained.entries()) {
    assert.ok(ran.outcome.ok);
    assert.deepEqual(
      ran.outcome.files.map(({ name }) => name),
      [FILES.kept(shard)],
    );
    assert.equal(done(ran).samples, 5);
  }
  const roster: Member[] = trained.map((ran, shard) => ({ shard, ...keysOf(ran) }));
  const round = { ...PLACE, threshold: 2, roster };

  // Asked twice, as after a lost lease, a worker says the same; asked for something else, nothing.
  const shared = await Promise.all(SHARDS.map((shard) => run(shard, 'shares', round)));
  assert.deepEqual(done(await run(0, 'shares', round)), done(shared[0] as Ran));
  assert.match(failed(await run(0, 'shares', { ...round, roster: roster.slice(0, 2) })), OTHERWISE);
  const again = keysOf(await train(0));
  const withOther = roster.map((one) => (one.shard === 0 ? { ...one, ...again } : one));
  assert.match(failed(await run(0, 'shares', { ...round, roster: withOther })), OTHERWISE);

  const sealed = shared.flatMap((ran) => SharesResult.parse(done(ran)).sealed);
  const masking = { ...round, sharers: SHARDS };
  const received = (shard: number) => ({ received: sealed.filter(({ to }) => to === shard) });
  const masked = await Promise.all([0, 1].map((shard) => run(shard, 'masked', masking, received(shard))));
  for (const ran of masked) assert.equal(MaskedResult.parse(done(ran)).numbers, 4);
  const vectors = await Promise.all(masked.map((ran) => readFile(fileOf(ran, FILES.masked))));
  const twice = await run(0, 'masked', masking, received(0));
  assert.deepEqual(await readFile(fileOf(twice, FILES.masked)), vectors[0]);
  assert.match(failed(await run(0, 'masked', { ...masking, sharers: [0, 1] }, received(0))), OTHERWISE);

  // Shard 3 is gone. Of each other one the seed is told, of it the key; and afterwards never the other.
  const asked = { ...masking, survivors: [0, 1] };
  assert.match(failed(await run(2, 'unmask', asked)), /^secure-round: This shard handed in no masked/);
  assert.match(failed(await run(0, 'unmask', { ...masking, survivors: [0] })), /Only 1 masked updates/);
  const answers = await Promise.all(
    [0, 1].map(async (shard) => ({ shard, ran: await run(shard, 'unmask', asked) })),
  );
  const told = answers.map(({ shard, ran }) => ({ shard, ...UnmaskResult.parse(done(ran)) }));
  for (const { shares } of told)
    assert.deepEqual(
      shares.map(({ secret }) => secret),
      ['seed', 'seed', 'key'],
    );
  assert.deepEqual(UnmaskResult.parse(done(await run(0, 'unmask', asked))).shares, told[0]?.shares);
  assert.match(failed(await run(0, 'unmask', { ...masking, survivors: SHARDS })), OTHERWISE);
  assert.match(
    failed(await run(0, 'masked', masking, received(0))),
    /does not have its part of the round any more/,
  );

  const of = { sharers: SHARDS, survivors: [0, 1], threshold: 2 };
  const recovered = recover(told, of);
  assert.ok(recovered.ok);
  const { scale, most } = scaleOf(SECURE);
  const unmasking = { roster, ...of, ...recovered.secrets, scale, most };
  const merged = await merge(unmasking, masked);
  const model = await at(0).python(
    `w = np.load(${JSON.stringify(fileOf(merged, FILES.weights))}); print(json.dumps([w["w"].tolist(), int(w["count"])]))`,
  );
  const [w, count] = JSON.parse(model.stdout);
  // Changes of 0.25 and 0.5 on the diagonal, over three shards; counters stay as they were.
  assert.equal(count, 0);
  for (const [row, column, value] of [
    [0, 0, 0.25],
    [0, 1, 0],
    [1, 0, 0],
    [1, 1, 0.25],
  ] as const)
    assert.ok(Math.abs(w[row][column] - value) < 1e-6, JSON.stringify(w));
  const wrong = { ...unmasking, seeds: unmasking.seeds.map((one) => ({ ...one, seed: '7'.repeat(64) })) };
  assert.match(failed(await merge(wrong, masked)), /^secure-round: The sum of the updates is beyond/);
});

const OTHERWISE = /^secure-round: The farm asks for the round once more and otherwise than before/;

const merge = (unmasking: object, masked: readonly Ran[]): Promise<Ran> => {
  const updates = masked.map((_, shard) => ({ shard, path: `updates/${shard}.bin`, samples: 5 }));
  const stageSpec = MergeSpec.parse({
    context: contextOf(),
    state: STATE,
    merge: {
      merge: 'average',
      outerLr: 1,
      outerMomentum: 0,
      trim: 0,
      compress: 'none',
      clip: 1,
      noise: 0,
      of: 3,
    },
    unmasking,
    updates,
    missing: [2],
    holdout: null,
  });
  const inputs = masked.map((ran, shard) => [`updates/${shard}.bin`, { copy: fileOf(ran, FILES.masked) }]);
  return at(0).run(
    'merge',
    { stageSpec, chunkSpec: { round: 1 } },
    { ...files(0), ...Object.fromEntries(inputs) },
  );
};

test('what a shard keeps is its own: sealed on the way, brought back, and of the round before nothing is left', async () => {
  const first = await train(1, { round: 2 });
  const kept = fileOf(first, FILES.kept(1));
  // A name of it, and how a file of a .zip begins: two bytes alone come by chance.
  const bytes = await readFile(kept);
  for (const plain of ['seen', 'PK\x03\x04']) assert.equal(bytes.includes(plain, 0, 'latin1'), false, plain);
  assert.deepEqual(done(first).metrics, { seen: 1 });
  const second = await train(1, { round: 3, kept });
  assert.deepEqual(done(second).metrics, { seen: 2 });
  assert.deepEqual(await readdir(join(at(1).root, 'kept', PLACE.series)), ['3']);
  const stranger = await train(2, { round: 3, kept });
  assert.match(failed(stranger), /^secure-round: What the shard kept from the round before cannot be opened/);
});

test('state to be merged, which the farm would see of each shard, is refused in a sentence', async () => {
  const shared = SCRIPT.replace('pilot.keep(state)', 'pilot.keep(state, merge="mean")');
  assert.match(
    failed(await train(1, { round: 4, text: shared })),
    /^script-error: The script keeps state to be merged/,
  );
});
