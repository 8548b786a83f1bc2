import assert from 'node:assert/strict';
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { levels } from '@parallel-pilot/sandbox/test-fixtures/levels.ts';
import { contextOf, createRig, done, failed, PYTHON, type Rig } from './fixtures/rig.ts';
import { createTrainingRunner } from './runner.ts';

const START = `import numpy as np
import pilot
X, y = pilot.data()
w = pilot.weights({"w": np.zeros(3), "n": np.array(1)})
`;
const FINISH = 'pilot.finish(w, samples=3)\n';

/** What a script does wrong, and what its owner reads. */
const MISTAKES: [name: string, script: string, told: RegExp][] = [
  [
    'does not parse',
    `${START}if True print(1)\n`,
    /^script-error: script\.py line 5: SyntaxError: .*if True print\(1\)$/,
  ],
  [
    'nests deeper than Python can read',
    `${START}x = ${'-'.repeat(50_000)}1\n`,
    /^script-error: .*(RecursionError|MemoryError|SyntaxError)|^out-of-memory: /,
  ],
  [
    'raises',
    `${START}def f():\n    raise ValueError("no such thing")\nf()\n`,
    /^script-error: script\.py line 6: ValueError: no such thing$/,
  ],
  [
    'misuses numpy',
    `${START}np.zeros(3) @ np.zeros(4)\n`,
    /^script-error: script\.py line 5: ValueError: matmul/,
  ],
  [
    'lacks a module',
    'import pilot\nimport nosuchmodule.sub\n',
    /^module-missing: script\.py line 2: the worker's Python has no module "nosuchmodule"\. If it is a file of yours, send its folder along with --code\.$/,
  ],
  [
    'never finishes',
    START,
    /^script-unfinished: The script ended without calling pilot\.finish\(\.\.\.\)\.$/,
  ],
  [
    'leaves early',
    `${START}import sys; sys.exit(0)\n`,
    /^script-unfinished: The script ended without calling/,
  ],
  [
    'leaves with a word',
    `${START}import sys; sys.exit("not today")\n`,
    /^script-error: The script ended itself: not today$/,
  ],
  [
    'leaves with a code',
    `${START}import sys; sys.exit(4)\n`,
    /^script-error: The script ended itself with exit code 4\.$/,
  ],
  [
    'finishes without weights',
    'import pilot\npilot.finish({})\n',
    /^script-error: script\.py line 2: RuntimeError: .*each round would start from nothing/,
  ],
  [
    'finishes twice',
    START + FINISH + FINISH,
    /^script-error: script\.py line 6: RuntimeError: pilot\.finish was called a second time$/,
  ],
  ['loses an array', `${START}del w["n"]\n${FINISH}`, /ValueError: pilot\.finish: the array "n" is missing$/],
  [
    'adds an array',
    `${START}w["extra"] = np.zeros(1)\n${FINISH}`,
    /"extra" was not among the weights at the start$/,
  ],
  ['changes a shape', `${START}w["w"] = np.zeros(4)\n${FINISH}`, /"w" has the shape \(4,\), not \(3,\)$/],
  ['changes a type', `${START}w["n"] = np.array(1.5)\n${FINISH}`, /"n" has the type float64, not int64$/],
  ['diverges', `${START}w["w"][1] = np.nan\n${FINISH}`, /"w" holds NaN\. The training has diverged/],
  [
    'hands over no weights',
    `${START}pilot.finish("w")\n`,
    /TypeError: pilot\.finish takes a torch state dict/,
  ],
  [
    'hands over objects',
    `${START}w["w"] = "text"\n${FINISH}`,
    /TypeError: pilot\.finish: 'w' is no array of numbers but str$/,
  ],
  ['has no samples', `${START}pilot.finish(w, samples=0)\n`, /samples has to say how many rows/],
  [
    'reports text',
    `${START}pilot.report(loss="low")\n`,
    /TypeError: pilot\.report: loss is not a number but str$/,
  ],
  [
    'ends Python',
    `${START}import os; os._exit(3)\n`,
    /^script-unfinished: The script ended Python by itself \(exit code 3\)/,
  ],
  [
    'becomes another program',
    `${START}import os; os.execv("/bin/true", ["true"])\n`,
    /^script-unfinished: The script ended Python by itself/,
  ],
  [
    'crashes',
    `${START}import ctypes\nctypes.string_at(0)\n`,
    /^died: script\.py line 6: Python crashed \(SIGSEGV\)\.$/,
  ],
  ['kills itself', `${START}import os; os.kill(os.getpid(), 9)\n`, /^died: Python was killed from outside/],
  [
    'needs too much memory',
    `${START}np.zeros(1 << 50)\n`,
    /^out-of-memory: script\.py line 5: the worker ran out of memory/,
  ],
  [
    'fills the disk',
    `${START}import errno; raise OSError(errno.ENOSPC, "No space left")\n`,
    /^disk-full: script\.py line 5: the disk of the worker is full\.$/,
  ],
  [
    'chokes in data of its own',
    `${START}raise StopIteration\n`,
    /^script-error: script\.py line 5: StopIteration$/,
  ],
];

const [sandbox] = (await levels()).slice(-1);
assert.ok(sandbox);
let rig: Rig;
let data: string;
let weights: string;
before(async () => {
  rig = await createRig(sandbox);
  data = join(rig.root, 'data.npz');
  await rig.python(`np.savez(${JSON.stringify(data)}, X=np.zeros((5, 2)), y=np.arange(5))`);
  weights = join((await rig.initialize(START, data)).outputs, 'weights.npz');
});
after(() => rig.close());

for (const [name, script, told] of MISTAKES)
  test(`a script that ${name}: its owner is told`, async () => {
    const ran = await rig.train(script, { data, weights }, { affinity: 'all mistakes in one Python' });
    assert.match(failed(ran), told);
    // Of a crash the whole stack is told.
    const [own = ''] = ran.outcome.log.split('Fatal Python error');
    assert.doesNotMatch(own, /pilot_worker/, 'the log shows frames that are not the script’s own');
  });

test('all those mistakes leave the Python they were made in as it was', async () => {
  const script = `${START}w["w"] += 1\n${FINISH}`;
  const ran = await rig.train(script, { data, weights }, { affinity: 'all mistakes in one Python' });
  assert.equal(done(ran).samples, 3);
  assert.deepEqual(rig.logged, []);
});

test('the log of a script that raised has its own frames, and its prints before that', async () => {
  const script = `${START}print("here")\ndef f(x):\n    return np.stack(x)\ntry:\n    f([])\nexcept ValueError as e:\n    raise KeyError(1) from e\n`;
  const { outcome } = await rig.train(script, { data, weights });
  assert.match(
    outcome.log,
    /^here\n[\s\S]*script.py", line 7, in f\n[\s\S]*direct cause[\s\S]*script.py", line 11[\s\S]*KeyError: 1/,
  );
  assert.doesNotMatch(outcome.log, /numpy/);
});

test('a script that only starts from nothing is found at once', async () => {
  assert.match(failed(await rig.initialize('import pilot\n', data)), /^script-unfinished: .*pilot\.weights/);
});

test('a model that is not the one of the first weights is named by its difference', async () => {
  const script = 'import numpy as np\nimport pilot\npilot.weights({"w": np.zeros(4), "n": np.array(1)})\n';
  assert.match(
    failed(await rig.train(script, { data, weights })),
    /does not fit the weights of this round: "w" has the shape \(4,\)/,
  );
});

test('a script that trains while the merged model is measured is found', async () => {
  const script = `${START}w["w"] += 1\n${FINISH}`;
  const ran = await rig.merge(script, { weights, updates: [{ file: weights, samples: 1 }], holdout: data });
  assert.match(
    failed(ran),
    /^script-error: .*The script changed the weights while the merged model was only being measured/,
  );
});

test('an update of another form, or with numbers that are none, is not merged', async () => {
  const bad = join(rig.root, 'bad.npz');
  const merge = () =>
    rig.merge('', {
      weights,
      updates: [
        { file: weights, samples: 1 },
        { file: bad, samples: 1 },
      ],
    });
  await rig.python(`np.savez(${JSON.stringify(bad)}, w=np.zeros(3))`);
  assert.match(failed(await merge()), /^bad-update: .*does not have the arrays/);
  await rig.python(`np.savez(${JSON.stringify(bad)}, w=np.zeros(2), n=np.array(1))`);
  assert.match(failed(await merge()), /^bad-update: .*"w" in another shape/);
  await rig.python(`np.savez(${JSON.stringify(bad)}, w=np.array([1, np.inf, 1]), n=np.array(1))`);
  assert.match(failed(await merge()), /^bad-update: .*"w" that are not finite/);
  await rig.python(`open(${JSON.stringify(bad)}, "w").write("no archive at all")`);
  assert.match(failed(await merge()), /^bad-update: An update cannot be read/);
  await rig.python(
    `b = open(${JSON.stringify(weights)}, "rb").read(); open(${JSON.stringify(bad)}, "wb").write(b[:-30])`,
  );
  assert.match(failed(await merge()), /^bad-update: An update cannot be read/);
});

test('a file that is not there is the worker’s failure, not the script’s', async () => {
  assert.match(failed(await rig.initialize('', null)), /^input-missing: The file "data.npz" of the job/);
});

test('a disk that is full while a session is made gives the chunk back, and the next one works', async () => {
  const folder = await rig.folder();
  let full = true;
  const runner = createTrainingRunner({
    threads: 1,
    folder,
    sandbox: { level: 'none', reason: 'The test wants none.' },
    onLog: () => undefined,
    async python() {
      if (full) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
      return { command: PYTHON, read: [] };
    },
    index: null,
    unpacked: () => assert.fail('the job brings no packages'),
  });
  const inputs = await rig.folder();
  await writeFile(join(inputs, 'script.py'), START);
  await copyFile(data, join(inputs, 'data.npz'));
  const chunk = {
    stage: 'initialize',
    stageSpec: { context: contextOf({ round: 0 }) },
    chunkSpec: { round: 0, shard: 0, data: { path: 'data.npz', hash: 'a'.repeat(64), size: 1 } },
    inputs,
    outputs: await rig.folder(),
    affinity: 'a',
    hangLimitMs: 30_000,
  };
  const run = () => runner.run(chunk, () => undefined, new AbortController().signal);
  const first = await run();
  assert.equal(first.ok ? 'it went well' : first.code, 'disk-full');
  full = false;
  const second = await run();
  assert.ok(second.ok, JSON.stringify(second));
  await runner.close();
});
