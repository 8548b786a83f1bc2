import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { FILES } from '@parallel-pilot/shared/kinds/training/stages.ts';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import type { Assign } from '@parallel-pilot/shared/protocol/workers.ts';
import { listArtifacts } from '@parallel-pilot/shared/server/db/artifacts.ts';
import {
  behind,
  type FixtureArray,
  floats,
  npyBytes,
  npzBytes,
  zipBytes,
} from '../../client-backend/src/kinds/training/data/npz.fixture.ts';
import { api } from '../support/api.ts';
import { type Farm, startFarm } from '../support/farm.ts';
import { HostileWorker, hashOf } from '../support/hostile-worker.ts';

const TRAINER = { kinds: ['training'], 'training.modules': ['numpy', 'pilot'] };
const PYTHON = process.env.PILOT_PYTHON ?? '/usr/bin/python3';
const SEEN = 'the code of a worker ran';

let farm: Farm;
let folder: string;
let worker: HostileWorker;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pilot-hostile-model-'));
  farm = await startFarm({ workers: 0 });
  worker = await HostileWorker.join(farm, { capabilities: TRAINER, slots: 4 });
});
after(async () => {
  worker?.close();
  await farm?.stop();
  await rm(folder, { recursive: true, force: true });
});

const python = (lines: string, ...args: string[]) =>
  promisify(execFile)(
    PYTHON,
    ['-B', '-c', `import sys, json, struct, pickle, numpy as np\n${lines}`, ...args],
    {
      cwd: folder,
    },
  );

/** A pickle that leaves a file behind wherever it is loaded. */
const pickle = (): Buffer => Buffer.from(`cposix\nsystem\n(S'touch "${SEEN}"'\ntR.`);

/** Weights that look well to one program, while NumPy finds an array of objects in them, which are a pickle. */
async function twoFaced(values: number[]): Promise<Buffer> {
  const shown = npyBytes(floats(values));
  const array = { descr: '|O', shape: [1], bytes: pickle() };
  const room = Buffer.alloc(Math.max(0, shown.length - npyBytes(array).length));
  const hidden = npyBytes({ ...array, bytes: Buffer.concat([array.bytes, room]) });
  assert.equal(hidden.length, shown.length);
  const [one, other] = [await zipBytes([['w.npy', shown]]), await zipBytes([['w.npy', hidden]])];
  return Buffer.concat([one.subarray(0, -22), other.subarray(0, -22), one.subarray(-22)]);
}

/** An array of numbers for whoever takes the first of two types in its header; Python takes the last: a pickle. */
function twoTyped(): FixtureArray {
  const bytes = Buffer.alloc(values.length * 4);
  pickle().copy(bytes);
  return { descr: "<f4', 'descr': '|O", shape: [values.length], bytes };
}

const values = Array.from({ length: 200 }, (_, place) => place);
const weights = () => npzBytes({ w: floats(values) });

async function train(): Promise<JobId> {
  const give = async (name: string, text: string) => {
    await writeFile(join(folder, name), text);
    return api(farm.url).upload(join(folder, name));
  };
  const rows = Array.from({ length: 20 }, (_, row) => `${row},${row % 2}\n`).join('');
  return api(farm.url).create({
    kind: 'training',
    script: { blob: await give('train.py', 'import numpy\nimport pilot\n'), fileName: 'train.py' },
    data: { blob: await give('data.csv', `a,label\n${rows}`), fileName: 'data.csv' },
    settings: { shards: 1, rounds: 1, patience: null },
  });
}

async function deliver(to: Assign, result: object, files: Record<string, Buffer>): Promise<void> {
  const uploaded = [];
  for (const [name, bytes] of Object.entries(files)) uploaded.push(await worker.upload(to, name, bytes));
  assert.deepEqual(await worker.done(to.lease, { result: { seconds: 1, ...result }, files: uploaded }), {
    ok: true,
  });
}

test('what a user downloads of a training was written by the farm, and runs nothing wherever it is opened', async () => {
  const attack = await twoFaced(values);
  await writeFile(join(folder, 'attack.npz'), attack);
  await python('np.load("attack.npz", allow_pickle=True)["w"]');
  assert.ok((await readdir(folder)).includes(SEEN), 'the attack itself does not work');
  await rm(join(folder, SEEN));
  const typed = await npzBytes({ w: twoTyped() });
  await writeFile(join(folder, 'typed.npz'), typed);
  await python('np.load("typed.npz", allow_pickle=True)["w"]');
  assert.ok((await readdir(folder)).includes(SEEN), 'the second attack itself does not work');
  await rm(join(folder, SEEN));
  const begun = behind(pickle(), await weights());
  await writeFile(join(folder, 'begun.npz'), begun);
  await python('np.load("begun.npz", allow_pickle=True)');
  assert.ok((await readdir(folder)).includes(SEEN), 'the third attack itself does not work');
  await rm(join(folder, SEEN));

  const job = await train();
  const trained = { samples: 5, metrics: {}, history: [] };
  await deliver(await worker.lease('initialize'), { parameters: 200 }, { [FILES.weights]: await weights() });
  await deliver(await worker.lease('train'), trained, { [FILES.update]: attack });
  // Refused by the check, and made again.
  await deliver(await worker.lease('train'), trained, { [FILES.update]: typed });
  await deliver(await worker.lease('train'), trained, { [FILES.update]: await weights() });
  const merged = { metrics: null, parameters: 200 };
  await deliver(await worker.lease('merge'), merged, { [FILES.weights]: attack });
  await deliver(await worker.lease('merge'), merged, { [FILES.weights]: begun });
  await deliver(await worker.lease('merge'), merged, { [FILES.weights]: await weights() });
  await deliver(
    await worker.lease('evaluate'),
    { metrics: { '=cmd': 1, accuracy: 0.5 } },
    {
      'model.pt': pickle(),
      'model.npz': attack,
      'model.safetensors': pickle(),
      'script.py': Buffer.from('import os'),
      '../../escaped': pickle(),
    },
  );
  const { notes } = await api(farm.url).reaches(job, 'completed');
  const told = notes.filter((note) => note.code === 'results-redone').map((note) => note.message);
  assert.equal(told.length, 4);
  for (const message of told) assert.match(message, /is no plain \.npz|header that cannot be read/);

  const artifacts = await listArtifacts(farm.db, job);
  assert.deepEqual(artifacts.map(({ name, media_type }) => [name, media_type]).sort(), [
    ['history.csv', 'text/csv'],
    ['logs.txt', 'text/plain; charset=utf-8'],
    ['metrics.json', 'application/json'],
    ['model.npz', 'application/zip'],
    ['model.safetensors', 'application/octet-stream'],
    ['script.py', 'text/x-python'],
    ['tensorboard.zip', 'application/zip'],
    ['values.csv', 'text/csv'],
  ]);
  const theirs = [attack, pickle(), Buffer.from('import os'), await weights()].map(hashOf);
  for (const { name, hash } of artifacts) {
    assert.ok(!theirs.includes(hash), `${name} is what a worker sent`);
    const response = await api(farm.url).request('GET', `/jobs/${job}/artifacts/${name}`);
    assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
    await writeFile(join(folder, name), Buffer.from(await response.arrayBuffer()));
  }
  const ofRound = await api(farm.url).request('GET', `/jobs/${job}/rounds/1/model`);
  await writeFile(join(folder, 'round.npz'), Buffer.from(await ofRound.arrayBuffer()));
  await python(`
for name in ("model.npz", "round.npz"):
    found = np.load(name, allow_pickle=True)
    assert found.files == ["w"] and found["w"].tolist() == list(range(200))
data = open("model.safetensors", "rb").read()
length = struct.unpack("<Q", data[:8])[0]
assert json.loads(data[8:8 + length]) == {"w": {"dtype": "F32", "shape": [200], "data_offsets": [0, 800]}}
assert np.frombuffer(data[8 + length:], "<f4").tolist() == list(range(200))
for name in ("model.npz", "round.npz", "model.safetensors"):
    try:
        pickle.load(open(name, "rb"))
        raise SystemExit(name + " is a pickle")
    except Exception:
        pass`);
  assert.ok(!(await readdir(folder)).includes(SEEN), 'a file of the result ran the code of a worker');
});
