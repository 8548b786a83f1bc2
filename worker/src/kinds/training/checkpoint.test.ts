import assert from 'node:assert/strict';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { levels } from '@parallel-pilot/sandbox/test-fixtures/levels.ts';
import { createRig, done, failed, type Ran, type Rig } from './fixtures/rig.ts';

/** Random order, dropout and Adam's moments: all of it has to go on as it would have. `/run/…` waits outside of it. */
const TORCH = `import os, time
import numpy as np
import torch
import pilot
X, y = pilot.data()
X = torch.from_numpy(X).float()
y = torch.from_numpy(np.asarray(y)).float()
torch.manual_seed(1)
model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Dropout(0.3), torch.nn.Linear(8, 1))
model.load_state_dict(pilot.weights(model.state_dict()))
optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
pilot.keep(optimizer)
seen = {"epochs": 0, "sum": np.zeros(2)}
for epoch in pilot.epochs(6, keep=[model, optimizer, seen]):
    for rows in pilot.batches():
        optimizer.zero_grad()
        loss = ((model(X[rows])[:, 0] - y[rows]) ** 2).mean()
        loss.backward()
        optimizer.step()
    seen["epochs"] += 1
    seen["sum"] += np.random.rand(2)
    pilot.report(loss=loss.item())
    print("epoch", epoch)
    time.sleep(pilot.param("pause", 0.0))
pilot.finish(model.state_dict(), metrics={"epochs": seen["epochs"], "sum": float(seen["sum"].sum())})
`;
const SLOW = { params: { pause: 0.4 } };

for (const sandbox of await levels()) {
  let rig: Rig;
  let data: string;
  let weights: string;
  before(async () => {
    rig = await createRig(sandbox, 1);
    data = join(rig.root, 'data.npz');
    await rig.python(
      `np.savez(${JSON.stringify(data)}, X=np.random.default_rng(1).normal(size=(50, 4)), y=np.arange(50) % 7 / 7)`,
    );
    weights = join((await rig.initialize(TORCH, data)).outputs, 'weights.npz');
  });
  after(() => rig.close());
  const title = (text: string) => `${text} (sandbox: ${sandbox.level})`;

  /** Takes the script back in its second epoch. */
  async function takenBack(script: string): Promise<Ran> {
    const notice = new AbortController();
    const onProgress = ({ detail }: { detail: string }) => {
      if (detail.startsWith('Epoch 2')) notice.abort();
    };
    return await rig.train(script, { data, weights, context: SLOW }, { notice: notice.signal, onProgress });
  }
  const checkpointOf = ({ outcome }: Ran): string => {
    assert.ok(!outcome.ok && outcome.code === 'preempted', failed({ outcome } as Ran));
    assert.ok(outcome.checkpoint !== undefined);
    return outcome.checkpoint.path;
  };

  test(
    title('a shard that is taken back goes on after its last epoch, and comes to the very same weights'),
    async () => {
      const whole = await rig.train(TORCH, { data, weights });
      const { metrics, history } = done(whole);
      const first = await takenBack(TORCH);
      const checkpoint = checkpointOf(first);
      const ran = (first.outcome.log.match(/epoch \d/g) ?? []).length;
      assert.ok(ran >= 1 && ran < 6, first.outcome.log);
      const rest = await rig.train(TORCH, { data, weights }, { checkpoint });
      const result = done(rest);
      assert.deepEqual([result.metrics, result.history], [metrics, history]);
      assert.match(rest.outcome.log, new RegExp(`goes on after epoch ${ran} of 6\nepoch ${ran}\n`));
      const [before, after] = [whole, rest].map((it) => JSON.stringify(join(it.outputs, 'update.npz')));
      await rig.python(
        `a, b = np.load(${before}), np.load(${after})\nassert a.files == b.files and all((a[n] == b[n]).all() for n in a.files)`,
      );
    },
  );

  test(
    title('one that is asked to end and does not come to the end of an epoch leaves what it kept last'),
    async () => {
      // The third epoch never ends.
      const script = TORCH.replace(
        '    print("epoch", epoch)',
        '    time.sleep(6 if epoch == 0 else 0)\n    while epoch == 2 and pilot.param("pause", 0.0): time.sleep(0.1)\n    print("epoch", epoch)',
      );
      const stop = new AbortController();
      const notice = new AbortController();
      let kept = 0;
      const onProgress = (progress: { detail: string; kept?: number }) => {
        kept = Math.max(kept, progress.kept ?? 0);
        if (!progress.detail.startsWith('Epoch 3')) return;
        notice.abort();
        stop.abort();
      };
      const context = { params: { pause: 0.001 } };
      const ran = await rig.train(
        script,
        { data, weights, context },
        { signal: stop.signal, notice: notice.signal, onProgress },
      );
      const { outcome } = ran;
      assert.ok(!outcome.ok && outcome.code === 'canceled' && outcome.checkpoint !== undefined, failed(ran));
      assert.equal(kept, 1 / 6);
      const rest = await rig.train(script, { data, weights }, { checkpoint: outcome.checkpoint.path });
      assert.match(rest.outcome.log, /goes on after epoch 1 of 6/);
      assert.deepEqual(done(rest).metrics, done(await rig.train(TORCH, { data, weights })).metrics);
    },
  );

  test(
    title('without keep a script leaves nothing, and what cannot be kept is said before it trains'),
    async () => {
      const nothing = TORCH.replace(', keep=[model, optimizer, seen]', '');
      const stop = new AbortController();
      const notice = new AbortController();
      const onProgress = ({ detail }: { detail: string }) => {
        if (detail.startsWith('Epoch 2')) notice.abort();
        if (detail.startsWith('Epoch 4')) stop.abort();
      };
      const options = { signal: stop.signal, notice: notice.signal, onProgress };
      const ran = await rig.train(nothing, { data, weights, context: SLOW }, options);
      assert.ok(!ran.outcome.ok && ran.outcome.checkpoint === undefined, failed(ran));
      await assert.rejects(access(join(ran.outputs, 'checkpoint.npz')));
      const odd = TORCH.replace('keep=[model, optimizer, seen]', 'keep={"file": open(__file__)}');
      assert.match(
        failed(await rig.train(odd, { data, weights })),
        /script-error: .*pilot\.epochs: TextIOWrapper cannot be kept\. What can:/,
      );
    },
  );

  test(
    title('a checkpoint that is damaged, or holds a pickle, fails the shard and runs nothing'),
    async () => {
      const pickled = join(rig.root, 'pickle.npz');
      const mark = join(rig.root, 'mark');
      await rig.python(
        `class Evil:\n    def __reduce__(self): return (open, (${JSON.stringify(mark)}, "w"))\nnp.savez(${JSON.stringify(pickled)}, text=np.array([Evil()], dtype=object))`,
      );
      const ran = await rig.train(TORCH, { data, weights }, { checkpoint: pickled });
      assert.ok(!ran.outcome.ok, 'it went well');
      await assert.rejects(access(mark));
    },
  );
}
