import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { detectSandbox } from '@parallel-pilot/sandbox/detect.ts';
import { createGang } from '../../gang/gang.fixture.ts';
import { createRig, done, failed, type Ran, type Rig } from './fixtures/rig.ts';

/** Steps of all rows, whose order is of no matter: exact gradients come to the same weights on any number of workers. */
const SCRIPT = `import os, time
import torch
import pilot
X, y = pilot.data()
X, y = torch.from_numpy(X).float(), torch.from_numpy(y).float()
model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))
model.load_state_dict(pilot.weights(model.state_dict()))
model = pilot.model(model)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
pilot.keep(optimizer)
for epoch in pilot.epochs(6, keep=model):
    optimizer.zero_grad()
    loss = ((model(X)[:, 0] - y) ** 2).mean()
    loss.backward()
    optimizer.step()
    print("epoch", epoch, "of", pilot.shard, "rows", len(X), flush=True)
    time.sleep(pilot.param("pause", 0.0))
pilot.finish(model.state_dict(), metrics={"loss": loss.item()})
`;
const SIZE = 3;

test('workers that each know a part of the data', async (t) => {
  const sandbox = await detectSandbox();
  if (sandbox.level === 'none') return t.skip('There is no sandbox here, and without one no gang.');
  let rigs: Rig[] = [];
  let [data, weights] = ['', ''];
  before(async () => {
    rigs = await Promise.all(Array.from({ length: SIZE }, () => createRig(sandbox)));
    const [rig] = rigs as [Rig];
    data = join(rig.root, 'data.npz');
    await rig.python(
      `np.savez(${JSON.stringify(data)}, X=np.random.default_rng(1).normal(size=(48, 4)), y=np.arange(48) % 7 / 7)`,
    );
    weights = join((await rig.initialize(SCRIPT, data)).outputs, 'weights.npz');
  });
  after(() => Promise.all(rigs.map((rig) => rig.close())));

  /** Runs the script on `size` of them together; the others than the first are told to end when that one is done. */
  async function together(
    size: number,
    {
      pause = 0,
      checkpoints = [] as (string | undefined)[],
      onEpoch = (_: { rank: number; detail: string }) => {},
    } = {},
    stops = Array.from({ length: size }, () => new AbortController()),
  ): Promise<Ran[]> {
    const gang = await createGang(size);
    const runs = gang.members.map((member, rank) => {
      const checkpoint = checkpoints[rank];
      return (rigs[rank] as Rig).train(
        SCRIPT,
        { data, weights, context: { params: { pause } } },
        {
          gang: member,
          ...(checkpoint === undefined ? {} : { checkpoint }),
          signal: (stops[rank] as AbortController).signal,
          onProgress: ({ detail }) => onEpoch({ rank, detail }),
        },
      );
    });
    const first = await runs[0];
    if (first?.outcome.ok) for (const stop of stops.slice(1)) stop.abort();
    const all = await Promise.all(runs);
    gang.close();
    return all;
  }
  const sameWeights = async (a: Ran, b: Ran) => {
    const [one, other] = [a, b].map((it) => JSON.stringify(join(it.outputs, 'update.npz')));
    await (rigs[0] as Rig).python(
      `a, b = np.load(${one}), np.load(${other})\nfor name in a: assert np.allclose(a[name], b[name], atol=1e-5), name`,
    );
  };

  await t.test('come to the weights of one that knows it all', async () => {
    const alone = await (rigs[0] as Rig).train(SCRIPT, { data, weights });
    const [first, ...others] = await together(SIZE);
    assert.ok(first);
    done(first);
    assert.match(first.outcome.log, /epoch 5 of 0 rows 16/);
    // Whether one was told before or after its own script had ended is a matter of milliseconds.
    for (const other of others) assert.match(failed(other), /^canceled: /);
    await sameWeights(alone, first);
  });

  await t.test('go on from the last checkpoint of any of them after one was lost', async () => {
    const stops = Array.from({ length: SIZE }, () => new AbortController());
    const onEpoch = ({ rank, detail }: { rank: number; detail: string }) => {
      if (rank === 0 && detail.startsWith('Epoch 4')) stops[0]?.abort();
    };
    // A checkpoint comes at the earliest after five seconds.
    const [lost, ...left] = await together(SIZE, { pause: 2, onEpoch }, stops);
    assert.ok(lost && !lost.outcome.ok && lost.outcome.code === 'canceled');
    const checkpoints = left.map(({ outcome }) => {
      assert.ok(!outcome.ok && outcome.code === 'without-peers', `${JSON.stringify(outcome)}`);
      return outcome.checkpoint?.path;
    });
    const [kept] = checkpoints;
    assert.ok(kept !== undefined, 'nothing was kept');
    // Only one of the two that go on has it.
    const [first] = await together(2, { checkpoints: [undefined, kept] });
    assert.ok(first);
    done(first);
    assert.match(first.outcome.log, /goes on after epoch ([1-4]) of 6\nepoch \1 of 0 rows 24/);
    await sameWeights(await (rigs[0] as Rig).train(SCRIPT, { data, weights }), first);
  });
});
