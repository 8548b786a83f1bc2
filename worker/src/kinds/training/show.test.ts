import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { AllShown, type Shown, ShownTable, sizeOf } from '@parallel-pilot/shared/kinds/training/shown.ts';
import { FILES } from '@parallel-pilot/shared/kinds/training/stages.ts';
import sharp from 'sharp';
import { done, type Ran, type Rig } from './fixtures/rig.ts';
import { createRigWithData } from './fixtures/rig-with-data.ts';

let rig: Rig;
let data: string;
before(async () => {
  // Rows of 16 numbers: squares of 4 pixels. The label is told by the first of them.
  ({ rig, data } = await createRigWithData(
    'r = np.random.default_rng(1); X = r.random((30, 16)); np.savez(path, X=X, y=(X[:, 0] > 0.5) * 1)',
  ));
});
after(() => rig.close());

type Part = { what: Shown; bytes: Buffer };

/** What a chunk says to show, and the parts of its file; nothing where it has none. */
async function shownBy(ran: Ran): Promise<Map<string, Part>> {
  const all = AllShown.parse(done(ran).shown);
  const file = ran.outcome.ok ? ran.outcome.files.find(({ name }) => name === FILES.shown) : undefined;
  assert.equal(file === undefined, all.length === 0);
  if (file === undefined) return new Map();
  const bytes = await readFile(file.path);
  assert.equal(bytes.length, sizeOf(all));
  let start = 0;
  return new Map(
    all.map((what) => {
      const part = bytes.subarray(start, start + what.size);
      start += what.size;
      return [what.name, { what, bytes: part }];
    }),
  );
}

const tableOf = (part: Part | undefined): ShownTable =>
  ShownTable.parse(JSON.parse(part?.bytes.toString('utf8') ?? ''));
const pixelsOf = async (part: Part | undefined) =>
  sharp(part?.bytes, { failOn: 'warning' }).raw().toBuffer({ resolveWithObject: true });

const SCRIPT = `import numpy as np
import pilot

class Figure:
    """As matplotlib's, which need not be there."""
    dpi = 1000
    def get_size_inches(self):
        return (4, 2)
    def savefig(self, file, format, dpi):
        file.write(pilot.pilot_show.png(np.zeros((int(2 * dpi), int(4 * dpi)), np.uint8)))

X, y = pilot.data()
w = pilot.weights({"w": np.zeros(16)})
for epoch in pilot.epochs(2):
    pilot.show(np.full((3, 2), epoch, np.uint8), "epoch")
pilot.show(np.arange(50, dtype=np.uint8).reshape(2, 1, 5, 5), "batch")
pilot.show(np.linspace(0, 1, 12).reshape(2, 2, 3))
pilot.show(np.arange(5000.0).reshape(2, 2500), "wide")
pilot.show(np.zeros((3, 8, 9), np.float32), "channels first")
pilot.show(Figure())
pilot.show({"name": ["a", "b"], "loss": [0.5, float("nan")]}, "columns")
pilot.show([{"a": 1}, {"b": True}], "dicts")
pilot.show(np.arange(4000).reshape(2000, 2), "long", columns=["x", "y"])
guess = (X[:, 0] > 0.8) * 1
print(pilot.confusion(y, guess, labels=["low", "high"]))
pilot.wrong(X, y, guess, labels=["low", "high"])
pilot.show(np.zeros((2, 2)), "mine", every_shard=True)
for index in range(20):
    pilot.show(np.zeros((1, 1)), "more %d" % index)
pilot.finish(w)
`;

test('shard 0 shows pictures, figures and tables: each by its name, as small as the farm takes them', async () => {
  const { outputs } = await rig.initialize(SCRIPT, data);
  const weights = join(outputs, 'weights.npz');
  const ran = await rig.train(SCRIPT, { data, weights });
  const shown = await shownBy(ran);
  assert.equal(shown.size, 16);
  const epoch = await pixelsOf(shown.get('epoch'));
  assert.deepEqual([epoch.info.width, epoch.info.height, epoch.data[0]], [2, 3, 1], 'the newest of a name');
  const image = await pixelsOf(shown.get('image'));
  assert.deepEqual([...image.data], [0, 23, 46, 70, 93, 116, 139, 162, 185, 209, 232, 255]);
  const wide = await pixelsOf(shown.get('wide'));
  assert.deepEqual([wide.info.width, wide.info.height, wide.data[0], wide.data.at(-1)], [1250, 1, 0, 255]);
  assert.deepEqual((await pixelsOf(shown.get('channels first'))).info.height, 8);
  const batch = shown.get('batch');
  assert.ok(batch?.what.kind === 'images');
  assert.deepEqual(batch.what.captions, ['1', '2'], 'a batch of torch is that many pictures');
  const { info, data: pixels } = await pixelsOf(batch);
  assert.deepEqual([info.width, info.height, pixels[0], pixels.at(-1)], [5, 10, 0, 49]);
  assert.equal((await pixelsOf(shown.get('figure'))).info.width, 2048);
  assert.deepEqual(tableOf(shown.get('columns')), {
    columns: ['name', 'loss'],
    names: null,
    rows: [
      ['a', 0.5],
      ['b', 'nan'],
    ],
  });
  assert.deepEqual(tableOf(shown.get('dicts')).rows, [
    [1, null],
    [null, true],
  ]);
  assert.equal(tableOf(shown.get('long')).rows.length, 1000);
  const { columns, names, rows } = tableOf(shown.get('confusion'));
  assert.deepEqual(
    [columns, names],
    [
      ['low', 'high'],
      ['low', 'high'],
    ],
  );
  assert.equal(
    rows.flat().reduce<number>((sum, cell) => sum + Number(cell), 0),
    30,
  );
  const wrong = shown.get('wrong')?.what;
  assert.ok(wrong?.kind === 'images' && wrong.captions.every((one) => one === 'high, taken for low'));
  assert.deepEqual([wrong.width, wrong.height], [4, 4 * wrong.captions.length]);
  const log = ran.outcome.ok ? ran.outcome.log : '';
  assert.match(log, /"wide" is shown with each 2\. row and column of 2 x 2500/);
  assert.match(log, /more than 16 pictures and tables; "more 8" is left out/);

  const other = await rig.train(SCRIPT, { data, weights, shard: 1 });
  assert.deepEqual([...(await shownBy(other)).keys()], ['mine'], 'of other shards what asks for it alone');
  const merged = await rig.merge(SCRIPT, {
    weights,
    updates: [{ file: join(other.outputs, 'update.npz'), samples: 1 }],
    holdout: data,
  });
  assert.deepEqual(
    [...(await shownBy(merged)).keys()].slice(0, 2),
    ['batch', 'image'],
    'the merged model, too',
  );
});

test('what is no picture, figure or table is refused in words; a script alone has files of what it shows', async () => {
  const script = (line: string) =>
    `import numpy as np\nimport pilot\nw = pilot.weights({"w": np.zeros(1)})\nfor epoch in pilot.epochs(1):\n    ${line}\npilot.finish(w, samples=1)\n`;
  const { outputs } = await rig.initialize(script('pass'), data);
  const tried = async (line: string) => {
    const { outcome } = await rig.train(script(line), { data, weights: join(outputs, 'weights.npz') });
    return outcome.ok ? 'it went well' : outcome.message;
  };
  assert.match(await tried('pilot.show("a word")'), /takes a picture .*, not str/);
  assert.match(await tried('pilot.show(np.zeros((2, 4, 4, 7)))'), /height x width, or x 3/);
  assert.match(await tried('pilot.confusion([0, 1], [0])'), /2 true labels and 1 predicted/);
  assert.match(
    await tried('pilot.confusion([0, 5], [0, 1], labels=["a", "b"])'),
    /5 is none of the 2 classes/,
  );
  await rig.python(
    `import pilot\npilot.show(np.eye(3), "a/b")\npilot.confusion(np.arange(1000.0), np.arange(1000.0))\npilot.confusion([0, 1], [[0.1, 0.9], [0, 1]])`,
    { PILOT_OUT: rig.root },
  );
  assert.deepEqual((await readdir(join(rig.root, 'shown'))).sort(), ['a_b.png', 'confusion.json']);
});

test('the word of a script about what it shows counts for no more than its form, and its file for no more than 8 MB', async () => {
  const with_ = (line: string) =>
    `import numpy as np\nimport pilot\nw = pilot.weights({"w": np.zeros(1)})\npilot.finish(w, samples=1)\n${line}\n`;
  const { outputs } = await rig.initialize(with_('pass'), data);
  const tried = async (line: string) =>
    (await rig.train(with_(line), { data, weights: join(outputs, 'weights.npz') })).outcome;
  const put = 'pilot._run.exhibits.things["x"] = (%, b"x")';
  for (const about of [
    '{"kind": "image", "name": "x", "width": 2**40, "height": 1}',
    '{"kind": "table", "name": "x" * 100, "shade": False}',
    '{"kind": "page", "name": "x"}',
  ]) {
    const outcome = await tried(put.replace('%', about));
    assert.ok(!outcome.ok && outcome.code === 'unexpected', JSON.stringify(outcome));
  }
  const large = await tried(
    'import os; os.truncate(os.open(os.path.join(pilot._run.task["work"], "shown.bin"), os.O_CREAT | os.O_RDWR), 9 << 20)',
  );
  assert.ok(!large.ok && large.code === 'bad-update', JSON.stringify(large));
});
