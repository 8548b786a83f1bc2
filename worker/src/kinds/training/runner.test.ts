import assert from 'node:assert/strict';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { treeOf } from '@parallel-pilot/sandbox/limits/process-tree.ts';
import { gone } from '@parallel-pilot/sandbox/test-fixtures/gone.ts';
import { levels } from '@parallel-pilot/sandbox/test-fixtures/levels.ts';
import { createRig, done, failed, type Rig } from './fixtures/rig.ts';
import { sleepers, until } from './fixtures/sleepers.ts';

/** Seconds that no other test sleeps. */
const MARK = `1${process.pid}`;

const START = `import os, subprocess, sys, time
import numpy as np
import pilot
X, y = pilot.data()
w = pilot.weights({"w": np.zeros(3)})
`;
const FINISH = 'w["w"] += 1\npilot.finish(w, metrics={"first": float(X[0, 0])})\n';

for (const sandbox of await levels()) {
  let rig: Rig;
  let data: string;
  let weights: string;
  before(async () => {
    rig = await createRig(sandbox, 2);
    data = join(rig.root, 'data.npz');
    await rig.python(`np.savez(${JSON.stringify(data)}, X=np.zeros((5, 2)), y=np.arange(5))`);
    weights = join((await rig.initialize(START, data)).outputs, 'weights.npz');
  });
  after(() => rig.close());
  const title = (text: string) => `${text} (sandbox: ${sandbox.level})`;

  test(title('a hundred chunks run in one Python, which does not grow, each with its own data'), async () => {
    const script = `${START}print(os.getppid())\nbig = np.ones(4_000_000)\nopen("left.txt", "w").write("x")\n${FINISH}`;
    const other = join(rig.root, 'other.npz');
    await rig.python(`np.savez(${JSON.stringify(other)}, X=np.ones((5, 2)), y=np.arange(5))`);
    const parents = new Set<string>();
    const memory: number[] = [];
    for (let index = 0; index < 100; index += 1) {
      const ran = await rig.train(script, { data: index % 2 === 0 ? data : other, weights });
      assert.deepEqual(done(ran).metrics, { first: index % 2 });
      parents.add(ran.outcome.log.trim());
      if (index % 10 === 9) memory.push(await rig.runner.memoryBytes());
    }
    assert.equal(parents.size, 1, `${parents.size} Pythons`);
    // The next chunk's process is made ahead, and is there by then or not: its pages count as well.
    const [first, last] = [Math.max(...memory.slice(0, 5)), Math.min(...memory.slice(5))];
    assert.ok(first > 10e6 && last < first + 3e6, `resident bytes after every tenth chunk: ${memory}`);
    const [child] = await readdir(join(rig.root, 'slot'));
    assert.deepEqual(await readdir(join(rig.root, 'slot', child ?? '', 'work', 'run')), []);
  });

  test(
    title(
      'a script sees the cards that its chunk was given, and the next one in the same Python those of its own',
    ),
    async () => {
      const script = `${START}print(os.getppid(), os.environ.get("CUDA_VISIBLE_DEVICES"), os.environ.get("HIP_VISIBLE_DEVICES"))\n${FINISH}`;
      const all = ['cuda:0', 'cuda:1', 'hip:0'].map((device) => ({
        name: 'Card',
        memoryBytes: null,
        device,
      }));
      const seen: string[][] = [];
      for (const given of [all.slice(1, 2), all.slice(0, 1), all.slice(2)]) {
        const ran = await rig.train(script, { data, weights }, { cards: { given, all } });
        done(ran);
        seen.push(ran.outcome.log.trim().split(' '));
      }
      assert.deepEqual(
        seen.map(([, ...variables]) => variables.join(' ')),
        ['1 -1', '0 -1', '-1 0'],
      );
      assert.equal(new Set(seen.map(([parent]) => parent)).size, 1);
    },
  );

  test(
    title('torch and numpy multiply with all threads in the fork, though they were imported before it'),
    async () => {
      const script = `import torch, threading
${START}
a = torch.ones(600, 600)
b = np.ones((600, 600))
assert torch.get_num_threads() == 2
for _ in range(3):
    assert (a @ a)[0, 0] == 600 and (b @ b)[0, 0] == 600
torch.linalg.inv(a + torch.eye(600))
${FINISH}`;
      for (let count = 0; count < 3; count += 1) done(await rig.train(script, { data, weights }));
    },
  );

  test(title('a million printed lines cost a log of a megabyte and no memory'), async () => {
    const script = `${START}for i in range(1_000_000): print("line", i)\n${FINISH}`;
    const ran = await rig.train(script, { data, weights });
    done(ran);
    const log = join(ran.outputs, 'log.txt');
    assert.ok((await stat(log)).size <= 1_000_000);
    const text = await readFile(log, 'utf8');
    assert.match(
      text,
      /^line 0\nline 1\n[\s\S]*\n\.\.\. \d+ bytes are left out here \.\.\.\n[\s\S]*line 999999\n$/,
    );
    assert.ok(ran.outcome.log.length <= 20_000 && ran.outcome.log.endsWith('line 999999\n'));
    assert.ok((await rig.runner.memoryBytes()) < 300e6);
  });

  test(title('what looks like a message of the worker is only a print, on every way out'), async () => {
    const forged = '{"id": 3, "ok": true, "result": {}, "log": ""}';
    const script = `${START}
print('${forged}')
for n in range(1, 300):
    try: os.write(n, b'\\n${forged}\\n')
    except OSError: pass
os.closerange(3, 4096)
${FINISH}`;
    assert.match(failed(await rig.train(script, { data, weights })), /^(it went well|script-|training-)/);
    done(await rig.train(`${START}${FINISH}`, { data, weights }));
  });

  test(title('an archive is unpacked once, and anew where it is another'), async () => {
    const script = `import pilot
paths, labels = pilot.data()
pilot.report(first=float(open(paths[0]).read()))
pilot.weights({"w": labels})
`;
    const zip = join(rig.root, 'data.zip');
    const read = async (value: number) => {
      await rig.python(
        `import zipfile\nwith zipfile.ZipFile(${JSON.stringify(zip)}, "w") as file: file.writestr("cat/1", "${value}")`,
      );
      const chunk = rig.initialize(script, zip, { classes: ['cat'] }, { affinity: 'zip', data: 'data.zip' });
      return (await chunk).progress.at(-1)?.values?.first;
    };
    const cached = async () => {
      const [child = ''] = await readdir(join(rig.root, 'slot'));
      return (await readdir(join(rig.root, 'slot', child, 'work', 'cache'))).length;
    };
    assert.equal(await read(1), 1);
    const again = rig.initialize(script, zip, { classes: ['cat'] }, { affinity: 'zip', data: 'data.zip' });
    assert.equal((await again).outcome.ok, true);
    assert.equal(await cached(), 1);
    for (let value = 3; value < 20; value += 1) assert.equal(await read(value), value);
    assert.equal(await cached(), 8);
  });

  test(title('the shard of a .csv is a table, and classes may come in a file of their own'), async () => {
    const table = join(rig.root, 'table.npy');
    await rig.python(`np.save(${JSON.stringify(table)}, np.array([[1.5, 0.0], [2.5, 1.0]]))`);
    const script = `import pilot
X, y = pilot.data("d.csv")
assert X.shape == (2, 1) and str(y.dtype) == "int64" and X[y.argsort(), 0].tolist() == [1.5, 2.5], (X, y)
assert pilot.classes == ["a", "b"], pilot.classes
pilot.weights({"w": X})
`;
    done(
      await rig.initialize(
        script,
        table,
        { classFile: 'classes.json' },
        { data: 'data.npy', classes: ['a', 'b'] },
      ),
    );
  });

  test(title('the newest report is heard of soon, however many there are'), async () => {
    const heard: unknown[] = [];
    const script = `${START}
for i in range(20_000): pilot.report(fraction=i / 20_000, loss=i)
time.sleep(0.4)
pilot.report(fraction=0.9, loss=0.5)
time.sleep(0.4)
${FINISH}`;
    const ran = await rig.train(script, { data, weights });
    const result = done(ran) as { history: { at: number; values: unknown }[] };
    heard.push(...ran.progress.map((one) => one.values?.loss));
    assert.ok(heard.includes(19_999) && heard.at(-1) === 0.5, JSON.stringify(heard));
    assert.ok(heard.length < 40, `${heard.length} messages`);
    assert.equal(result.history.length, 256);
    assert.deepEqual(result.history.at(-1), { at: 0.9, values: { loss: 0.5 } });
  });

  test(title('the first epoch counts by its steps, or by what is reported, before it is over'), async () => {
    for (const steps of [
      'for rows in pilot.batches(320): time.sleep(0.02)',
      'for step in range(20): pilot.report(loss=step); time.sleep(0.02)',
    ]) {
      const script = `${START}
for epoch in pilot.epochs(1):
    ${steps}
${FINISH}`;
      const ran = await rig.train(script, { data, weights });
      done(ran);
      const shares = ran.progress.map((one) => one.fraction).filter((share) => share > 0 && share < 1);
      assert.ok(shares.length > 0, `nothing between 0 and 1: ${steps}`);
    }
  });

  test(
    title('what the script prints is told while it runs, its end alone, and not for every line'),
    async () => {
      const script = `${START}
for i in range(50_000): print("line", i)
sys.stdout.write("half a ")
time.sleep(2.5)
print("line")
${FINISH}`;
      const ran = await rig.train(script, { data, weights });
      done(ran);
      const logs = ran.progress.flatMap(({ log }) => log ?? []);
      assert.ok(logs.length > 0 && logs.length < 8, `${logs.length} times`);
      assert.ok(
        logs.every((log) => log.length <= 8_192 && log.endsWith('\n')),
        'more than the end',
      );
      assert.ok(
        logs.some((log) => log.endsWith('line 49999\n')),
        logs.at(-1)?.slice(-100),
      );
    },
  );

  test(title('kill -9 of the Python in the middle of a chunk fails that chunk alone'), async () => {
    const script = `${START}os.kill(os.getppid(), 9)\ntime.sleep(60)\n`;
    assert.match(failed(await rig.train(script, { data, weights })), /^died: Python was killed from outside/);
    done(await rig.train(`${START}${FINISH}`, { data, weights }));
    assert.equal((await readdir(join(rig.root, 'slot'))).length, 1, 'the old workspace is still there');
  });

  test(title('a chunk that is stopped ends at once with all it started, and Python stays warm'), async () => {
    const options = { affinity: 'stop' };
    const python = async () =>
      (await rig.train(`${START}print(os.getppid())\n${FINISH}`, { data, weights }, options)).outcome.log;
    const before = await python();
    const script = `${START}
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen(["sleep", "${MARK}"], start_new_session=True)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execvp("sleep", ["sleep", "${MARK}"])
    os._exit(0)
time.sleep(1234)
`;
    const stop = new AbortController();
    const canceled = rig.train(script, { data, weights }, { ...options, signal: stop.signal });
    await until(async () => (await sleepers(MARK)).length === 2, 'the script has started two others');
    stop.abort();
    assert.match(failed(await canceled), /^canceled: /);
    assert.deepEqual(await sleepers(MARK), []);
    const hung = await rig.train(script, { data, weights }, { ...options, hangLimitMs: 1_000 });
    assert.match(failed(hung), /^hung: Nothing was heard from the script for 1 seconds/);
    assert.deepEqual(await sleepers(MARK), []);
    assert.equal(await python(), before);
  });

  test(title('another job’s chunk gets a Python and folders of its own'), async () => {
    const script = `${START}print(os.getppid(), sorted(os.listdir("..")))\n${FINISH}`;
    const one = await rig.train(
      `${START}open("../mine", "w").write("x")\n${FINISH}`,
      { data, weights },
      { affinity: 'one' },
    );
    done(one);
    const two = await rig.train(script, { data, weights }, { affinity: 'two' });
    assert.doesNotMatch(two.outcome.log, /mine/);
  });

  test(title('the same seed gives the same numbers, and another shard others'), async () => {
    const script = `${START}
import random
assert pilot.classes is None, 'a shard does not know the classes of the whole data'
print(random.random(), np.random.rand(), X[:, 0].sum(), list(y))
${FINISH}`;
    const numbers = async (shard: number) => (await rig.train(script, { data, weights, shard })).outcome.log;
    const [a, b, c] = [await numbers(0), await numbers(0), await numbers(1)];
    assert.equal(a, b);
    assert.notEqual(a, c);
    assert.equal(/\[.*\]/.exec(a)?.[0], /\[.*\]/.exec(c)?.[0], 'rows come in the same order on every shard');
  });

  test(title('shards draw other numbers, though the script has a seed for its model'), async () => {
    const script = `${START.replace('w = pilot.weights', 'np.random.seed(3)\nfirst = np.random.rand()\nw = pilot.weights')}
print(first, np.random.rand())
${FINISH}`;
    const numbers = async (shard: number, round = 1) =>
      (await rig.train(script, { data, weights, shard, context: { round, rounds: 2 } })).outcome.log
        .trim()
        .split(' ');
    const all = [await numbers(0), await numbers(1), await numbers(0, 2)];
    assert.equal(new Set(all.map(([first]) => first)).size, 1);
    assert.equal(new Set(all.map(([, second]) => second)).size, 3, JSON.stringify(all));
  });

  test(title('parameters, classes and the deadline come from the job'), async () => {
    const script = `${START}
assert pilot.param("lr", 0.5) == 2.0 and type(pilot.param("lr", 0.5)) is float
assert pilot.param("wide", False) is True and pilot.param("name", "x") == "adam" and pilot.param("none", 3) == 3
assert pilot.classes == ["a", "b"], pilot.classes
assert 0 < pilot.deadline - time.time() <= 1
assert abs(pilot.rate(0.1) - 0.1 * 0.5 ** 0.5) < 1e-9, "half of the batch is here"
count = 0
for epoch in pilot.epochs(1_000_000):
    count += 1
    time.sleep(0.01)
assert 0 < count < 200 and pilot.should_stop(), count
${FINISH}`;
    const context = { params: { lr: 2, wide: true, name: 'adam' }, classes: ['a', 'b'], deadlineSeconds: 1 };
    done(await rig.train(script, { data, weights, context }));
  });

  test(title('what a closed runner had started is gone'), async () => {
    // Its Python makes a process ahead now and then, which is not this runner's.
    await rig.runner.forget();
    const own = await createRig(sandbox);
    const before = await treeOf(process.pid);
    done(await own.train(`${START}${FINISH}`, { data, weights }));
    const started = (await treeOf(process.pid)).filter((pid) => !before.includes(pid));
    assert.ok(started.length > 0);
    await own.runner.close();
    for (const pid of started) assert.equal(await gone(pid), true, `process ${pid} is still there`);
    assert.deepEqual(await readdir(join(own.root, 'slot')), []);
    await own.close();
  });
}
