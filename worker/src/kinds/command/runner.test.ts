import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { defaultLimits } from '@parallel-pilot/sandbox/limits/limits.ts';
import type { Limits } from '@parallel-pilot/sandbox/sandbox.ts';
import { levels } from '@parallel-pilot/sandbox/test-fixtures/levels.ts';
import { PACKED, RunsResult, type RunsStage } from '@parallel-pilot/shared/kinds/command/stages.ts';
import type { ChunkProgress, RunOutcome } from '../kind.ts';
import { leftFiles } from './data-file.ts';
import { commandWorker } from './index.ts';

const root = await mkdtemp(join(tmpdir(), 'pilot-command-'));
after(() => rm(root, { recursive: true, force: true }));

const STAGE: RunsStage = {
  words: [],
  parameters: { from: 'array', range: { first: 1, last: 1_000, step: 1 } },
  iteration: 1,
  total: 1_000,
  runs: 1_000,
  bundle: 1,
  withinMs: null,
  executables: [],
  timeSeconds: null,
  retries: 0,
  noRetry: [],
};

let made = 0;
type Asked = {
  words: string[];
  stage?: object;
  chunk?: object;
  files?: Record<string, string>;
  signal?: AbortSignal;
  limits?: Partial<Limits>;
  notice?: AbortSignal;
  checkpoint?: string;
  onProgress?: (progress: ChunkProgress) => void;
};

/** Runs one chunk of run 7 on this machine, in the sandbox that it has. */
async function run({
  words,
  stage = {},
  chunk = {},
  files = {},
  signal,
  limits = {},
  onProgress = () => {},
  notice,
  checkpoint,
}: Asked) {
  const [sandbox] = (await levels()).slice(-1);
  assert.ok(sandbox?.level === 'bubblewrap', 'this machine has no sandbox');
  made += 1;
  const [inputs, outputs, folder] = ['in', 'out', 'slot'].map((name) => join(root, String(made), name));
  for (const path of [inputs, outputs, folder]) await mkdir(path as string, { recursive: true });
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(inputs as string, path)), { recursive: true });
    await writeFile(join(inputs as string, path), text);
  }
  const runner = commandWorker().createRunner({
    threads: 1,
    folder: folder as string,
    sandbox,
    limits: { ...defaultLimits(), ...limits },
    onLog: () => {},
  });
  const outcome = await runner.run(
    {
      stage: 'runs',
      stageSpec: { ...STAGE, words, ...stage },
      chunkSpec: { first: 6, count: 1, ...chunk },
      inputs: inputs as string,
      outputs: outputs as string,
      affinity: '',
      hangLimitMs: 1_000,
      ...(notice === undefined ? {} : { notice }),
      ...(checkpoint === undefined ? {} : { checkpoint }),
    },
    onProgress,
    signal ?? new AbortController().signal,
  );
  return outcome;
}

const sh = (script: string, more: Omit<Asked, 'words'> = {}) => run({ ...more, words: ['sh', '-c', script] });

/** What a run printed and left, by name. */
async function left(
  outcome: RunOutcome,
): Promise<{ runs: RunsResult['runs']; texts: Record<string, string>[]; result: RunsResult }> {
  assert.ok(outcome.ok, JSON.stringify(outcome));
  const result = RunsResult.parse(outcome.result);
  const [file] = outcome.files;
  const bytes = file === undefined ? Buffer.alloc(0) : (file.bytes ?? (await readFile(file.path)));
  let at = 0;
  const next = (size: number): string => {
    at += size;
    return bytes.subarray(at - size, at).toString();
  };
  const texts = result.runs.map(({ out, err, files }) => {
    const printed = { out: next(out), err: next(err) };
    return { ...printed, ...Object.fromEntries(files.map(([path, size]) => [path, next(size)])) };
  });
  assert.equal(at, bytes.length, 'the data holds what no run left');
  return { runs: result.runs, texts, result };
}

const failed = (outcome: RunOutcome) => {
  assert.ok(!outcome.ok, 'it did not fail');
  return outcome;
};

test('its words come as they are, its parameters in braces and in the environment', async () => {
  const printed = [
    'import os, sys',
    'print(sys.argv[1:], os.environ["PILOT_INDEX"], os.environ["PILOT_RUN"], os.environ["PILOT_RUNS"])',
  ];
  const words = ['python3', '-c', printed.join('\n'), '{index}', '$HOME;*', "a 'b'", '{{index}}', ''];
  const { texts } = await left(await run({ words }));
  assert.deepEqual(texts, [{ out: `['7', '$HOME;*', "a 'b'", '{index}', ''] 7 7 1000\n`, err: '' }]);
});

test('it finds its files where it starts, and what it leaves there comes back, but no link', async () => {
  const files = { 'sim/model.py': 'print("from the model")', 'sim/util.py': 'x = 1', 'data.txt': 'input' };
  const script =
    'python3 sim/model.py; cat data.txt; mkdir -p a/b; echo one > a/b/1.txt; printf two > 2.txt; : > empty; ln -s /etc/passwd stolen; ls -l stolen >&2';
  const { texts, runs } = await left(await sh(script, { files }));
  const { err, ...rest } = texts[0] ?? {};
  assert.deepEqual(rest, { out: 'from the model\ninput', 'a/b/1.txt': 'one\n', '2.txt': 'two', empty: '' });
  assert.match(err ?? '', /passwd/);
  assert.deepEqual(
    runs[0]?.files.map(([path]) => path),
    ['2.txt', 'empty', 'a/b/1.txt'],
  );
});

test('its own files are read-only, it has no network, and its input is at its end', async () => {
  const script =
    'echo x >> data.txt || echo kept; cat; ls /sys/class/net; test -e /root/.ssh || echo no home';
  const { texts } = await left(await sh(script, { files: { 'data.txt': 'input' } }));
  assert.match(texts[0]?.out ?? '', /^kept\n(lo\n)?no home\n$/);
});

test('a script of the job is called by its path, where it may be run', async () => {
  const files = { 'bin/go.sh': '#!/bin/sh\necho ran $1\n' };
  const stage = { executables: ['bin/go.sh'] };
  const { texts } = await left(await run({ words: ['./bin/go.sh', '{index}'], files, stage }));
  assert.equal(texts[0]?.out, 'ran 7\n');
  const none = failed(await run({ words: ['./bin/none'], files }));
  assert.deepEqual(
    [none.code, none.message.split('.')[1]],
    ['not-found', '/bin/none is not there or cannot be run'],
  );
});

test('how it ended says why it failed, with its last lines', async () => {
  const stage = { noRetry: [3], timeSeconds: 0.5 };
  const cases: [string, string, RegExp][] = [
    ['echo first; echo "no such column" >&2; exit 2', 'exit-code', /exit code 2\.$/],
    ['exit 3', 'no-retry', /exit code 3, after which it is not to be retried/],
    ['kill -SEGV $$', 'signal', /signal SIGSEGV/],
    ['sleep 60', 'time-limit', /within the 0\.5 seconds of --time/],
  ];
  for (const [script, code, message] of cases) {
    const outcome = failed(await sh(script, { stage }));
    assert.equal(outcome.code, code, outcome.message);
    assert.match(outcome.message, message);
    if (code === 'exit-code') assert.equal(outcome.log, 'first\nno such column');
  }
  const missing = failed(await run({ words: ['no-such-program'] }));
  assert.deepEqual(
    [missing.code, missing.message],
    ['not-found', 'There is no command "no-such-program" on this worker.'],
  );
});

test('what it prints is told while it runs, and kept as far as it is no flood', async () => {
  const told: string[] = [];
  const stop = new AbortController();
  const outcome = await sh('echo begun; sleep 60', {
    signal: stop.signal,
    onProgress({ log }) {
      told.push(log ?? '');
      if (log === 'begun\n') stop.abort();
    },
  });
  assert.deepEqual([failed(outcome).code, told.at(-1)], ['canceled', 'begun\n']);
  const { runs } = await left(await sh('head -c 3000000 /dev/zero | tr "\\0" x'));
  assert.equal(runs[0]?.out, 1024 ** 2);
});

test('a bundle does what it comes to, each run in a folder of its own, and tells which failed', async () => {
  const stage = { bundle: 5, withinMs: 60_000 };
  const script = 'ls; test $PILOT_INDEX != 8 || exit 9; echo $PILOT_INDEX > r.txt';
  const { texts, result } = await left(await sh(script, { stage, chunk: { count: 5 } }));
  assert.deepEqual(
    texts.map((text) => [text.out, text['r.txt']]),
    ['7', '9', '10', '11'].map((it) => ['', `${it}\n`]),
  );
  assert.deepEqual(result.failed, [{ run: 7, code: 'exit-code', message: 'It ended with exit code 9.' }]);
  const short = await left(
    await sh('sleep 0.2', { stage: { bundle: 5, withinMs: 100 }, chunk: { count: 5 } }),
  );
  assert.deepEqual(
    short.runs.map(({ run: number }) => number),
    [6],
    'one is always done',
  );
});

const BUNDLE = { bundle: 4, withinMs: 60_000 };

test('runs of a bundle share a box, and nothing that one left running sees the next', async () => {
  const script =
    'ls; test $PILOT_INDEX != 7 || { (trap "" TERM HUP; while :; do echo late; sleep 0.01; done) & }; cat /proc/[0-9]*/comm 2>/dev/null | grep -c sleep >&2; sleep 0.05';
  const { texts } = await left(await sh(script, { stage: BUNDLE, chunk: { count: 4 } }));
  assert.deepEqual(
    texts.slice(1).map(({ out, err }) => [out, err]),
    [1, 2, 3].map(() => ['', '0\n']),
  );
});

test('a run that ends its box, or is too long, is told by itself, and the others are done', async () => {
  const cases: [string, object, string][] = [
    ['kill -9 $PPID', {}, 'signal'],
    ['sleep 60', { timeSeconds: 2 }, 'time-limit'],
  ];
  for (const [bad, stage, code] of cases) {
    const script = `test $PILOT_INDEX != 8 || ${bad}; echo $PILOT_INDEX > r.txt; echo out`;
    const { texts, result } = await left(
      await sh(script, { stage: { ...BUNDLE, ...stage }, chunk: { count: 4 } }),
    );
    assert.deepEqual(
      texts.map((text) => [text.out, text['r.txt']]),
      ['7', '9', '10'].map((it) => ['out\n', `${it}\n`]),
    );
    assert.deepEqual(
      result.failed.map(({ run: number, code: why }) => [number, why]),
      [[7, code]],
    );
  }
});

test('a limit holds for each run: what two leave together is no fault of the second', async () => {
  const script = 'head -c 3000000 /dev/zero > big; sleep 0.7';
  const limits = { diskBytes: 5_000_000 };
  const stage = { bundle: 2, withinMs: 60_000 };
  const { runs, result } = await left(await sh(script, { stage, limits, chunk: { count: 2 } }));
  assert.deepEqual([runs.map(({ files }) => files[0]?.[1]), result.failed], [[3_000_000, 3_000_000], []]);
  const alone = failed(await sh('head -c 6000000 /dev/zero > big; sleep 5', { limits }));
  assert.equal(alone.code, 'over-limit');
});

test('a run that puts a link in the place of a folder brings nothing of this machine back', async () => {
  const script =
    'echo x > own; cd ..; rm -rf 6; ln -s /etc 6; ln -s /etc 7; ls -d 8 2>&1; echo beside > file';
  const { texts, result } = await left(
    await sh(script, { stage: { bundle: 2, withinMs: 60_000 }, chunk: { count: 2 } }),
  );
  assert.deepEqual(result.failed.length + texts.length, 2);
  for (const { out, err, ...files } of texts)
    assert.ok(
      Object.keys(files).every((name) => name === 'own'),
      Object.keys(files).join(),
    );
  await symlink('/etc', join(root, 'link'));
  assert.deepEqual(await leftFiles(join(root, 'link'), 1_000_000), { ok: true, files: [] });
});

test('more files than can be listed fail it, in a sentence', async () => {
  const outcome = failed(await sh('for i in $(seq 1 9000); do : > file-with-a-name-$i; done'));
  assert.equal(outcome.code, 'too-many-files');
  assert.match(outcome.message, /Have it put them into an archive/);
});

test('a run that is told to end leaves its checkpoint, from which it goes on elsewhere; it is no result', async () => {
  const script = `mkdir -p state/deep; n=$(cat state/deep/n 2>/dev/null || echo 0); echo "from $n"
trap 'echo $n > state/last; exit 7' TERM
while [ $n -lt 40 ]; do n=$((n + 1)); echo $n > state/deep/n.new; mv state/deep/n.new state/deep/n; sleep 0.05; done
echo $n > result`;
  const stage = { checkpoint: 'state' };
  const notice = new AbortController();
  let kept = 0;
  const first = await sh(script, {
    stage,
    notice: notice.signal,
    onProgress(progress) {
      kept = Math.max(kept, progress.kept ?? 0);
      if (kept > 0) notice.abort();
    },
  });
  assert.ok(!first.ok && first.code === 'preempted', JSON.stringify(first));
  assert.ok(first.checkpoint !== undefined);
  const packed = join(root, 'packed');
  await writeFile(packed, await readFile(first.checkpoint.path));
  const { texts } = await left(await sh(script, { stage, checkpoint: packed }));
  const from = Number(/^from (\d+)$/m.exec(texts[0]?.out ?? '')?.[1]);
  assert.ok(from > 3 && from < 40, `it went on from ${from}`);
  assert.deepEqual(Object.keys(texts[0] ?? {}).toSorted(), ['err', 'out', 'result']);
  assert.equal(texts[0]?.result, '40\n');

  // What comes to its end in time is done.
  const ended = new AbortController();
  const done = await sh('trap "echo late > late; exit 0" TERM; echo up; while :; do sleep 0.05; done', {
    stage,
    notice: ended.signal,
    onProgress: ({ log }) => void (log === 'up\n' && ended.abort()),
  });
  assert.equal((await left(done)).texts[0]?.late, 'late\n');
  for (const wrong of ['', 'no checkpoint at all', `${JSON.stringify([['../up', 1]])}000000000013`]) {
    await writeFile(packed, wrong);
    assert.match(failed(await sh(script, { stage, checkpoint: packed })).message, /checkpoint that came/);
  }
});

test('a command that puts results together finds them by run, with a list of the runs, and leaves its own', async () => {
  const list = '{"run":1,"folder":"1","values":{"seed":"4"}}\n';
  const packed: [string, string][] = [
    ['1/pilot.out', 'one\n'],
    ['1/deep/er.csv', 'a\n1\n'],
    ['2/empty', ''],
    ['runs.jsonl', list],
  ];
  const files = {
    'own.txt': 'mine\n',
    [PACKED.data]: packed.map(([, text]) => text).join(''),
    [PACKED.index]: packed.map(([path, text]) => `${JSON.stringify([path, text.length])}\n`).join(''),
  };
  const script =
    'find results/ .pilot* -type f | sort; cat results/1/deep/er.csv results/runs.jsonl own.txt > all; id -u';
  const stage = { gathers: true, parameters: null };
  const { texts } = await left(await sh(script, { files, stage, chunk: { first: 0, count: 1 } }));
  const [text] = texts;
  assert.match(
    text?.out ?? '',
    /^results\/1\/deep\/er\.csv\nresults\/1\/pilot\.out\nresults\/2\/empty\nresults\/runs\.jsonl\n\d+\n$/,
  );
  assert.equal(text?.all, `a\n1\n${list}mine\n`);
});

test('a worker without a sandbox runs no commands', async () => {
  assert.deepEqual(await commandWorker().detect({ level: 'none', reason: 'none' }), {});
});
