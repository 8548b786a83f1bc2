import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { defaultLimits } from '@parallel-pilot/sandbox/limits/limits.ts';
import type { Limits } from '@parallel-pilot/sandbox/sandbox.ts';
import { levels } from '@parallel-pilot/sandbox/test-fixtures/levels.ts';
import { partsOfImage, type SmallImage, sha256 } from '@parallel-pilot/sandbox/test-fixtures/small-image.ts';
import { RunsResult } from '@parallel-pilot/shared/kinds/command/stages.ts';
import { CONFIG_INPUT, layerInput } from '@parallel-pilot/shared/kinds/container/stages.ts';
import { execa } from 'execa';
import { removeFolder } from '../../../../tests/support/remove-folder.ts';
import type { ChunkProgress, Runner, WorkerKind } from '../kind.ts';
import { engineEnvironment } from './config.ts';
import { findEngine } from './engine.ts';
import { containerWorker } from './index.ts';

let root: string;
let kind: WorkerKind;
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'pilot-container-'));
  kind = containerWorker({}, join(root, 'host'));
});
after(() => removeFolder(root));

const STAGE = {
  parameters: { from: 'array', range: { first: 1, last: 100, step: 1 } },
  ...{ iteration: 1, total: 100, runs: 100, bundle: 100, withinMs: null },
  ...{ executables: [], timeSeconds: null, retries: 0, noRetry: [], name: 'small', network: false },
};

let made = 0;
type Asked = {
  words: string[];
  count?: number;
  stage?: object;
  image?: SmallImage;
  limits?: Partial<Limits>;
  signal?: AbortSignal;
  notice?: AbortSignal;
  onProgress?(progress: ChunkProgress): void;
};

/** Runs one chunk on this machine, in the engine that it has. */
async function run(asked: Asked) {
  const { words, count = 1, stage = {}, image = {}, limits = {}, signal, notice, onProgress } = asked;
  const [sandbox] = (await levels()).slice(-1);
  assert.ok(sandbox?.level === 'bubblewrap', 'this machine has no sandbox');
  made += 1;
  const at = (name: string): string => join(root, String(made), name);
  for (const path of ['in/image', 'in/files', 'out', 'slot']) await mkdir(at(path), { recursive: true });
  const { layer, config, id } = await partsOfImage(image);
  await writeFile(join(at('in'), layerInput(0)), layer);
  await writeFile(join(at('in'), CONFIG_INPUT), config);
  await writeFile(at('in/files/script.sh'), '#!/bin/sh\necho from a script\n', { mode: 0o755 });
  const blob = (bytes: Buffer) => ({ hash: sha256(bytes), size: bytes.length });
  const taken = { id, platform: 'linux/amd64', config: blob(config), layers: [blob(layer)] };
  const runner: Runner = kind.createRunner({
    ...{ threads: 1, folder: at('slot'), sandbox, limits: { ...defaultLimits(), ...limits } },
    onLog: () => {},
  });
  const outcome = await runner.run(
    {
      ...{ stage: 'runs', inputs: at('in'), outputs: at('out'), affinity: '', hangLimitMs: 1_000 },
      stageSpec: { ...STAGE, words, image: taken, ...stage },
      chunkSpec: { first: 0, count },
      ...(notice === undefined ? {} : { notice }),
    },
    onProgress ?? (() => {}),
    signal ?? new AbortController().signal,
  );
  if (!outcome.ok) return { ...outcome, out: [], files: [] };
  const { runs } = RunsResult.parse(outcome.result);
  const [file] = outcome.files;
  const data = file === undefined ? Buffer.alloc(0) : (file.bytes ?? (await readFile(file.path)));
  let start = 0;
  const out = runs.map((one) => {
    const text = data.subarray(start, start + one.out).toString();
    start += one.out + one.err + one.files.reduce((sum, [, size]) => sum + size, 0);
    return text;
  });
  return { ...outcome, out, files: runs.map(({ files }) => files) };
}

/** An image of one program: `/look` is busybox, and there is no shell. */
const bare = (): SmallImage => ({
  entries: [
    ...['tmp', 'dev', 'proc', 'sys'].map((name) => ({ name, type: 'directory' as const, mode: 0o755 })),
    { name: 'busybox', mode: 0o755, content: readFileSync('/bin/busybox') },
  ],
});

test('in an image without a shell each run has a container of its own, behind the entrypoint', async () => {
  const stage = { entrypoint: ['/busybox', 'echo', 'said:'] };
  const done = await run({ words: ['run', '{index}'], count: 2, image: bare(), stage });
  assert.ok(done.ok, JSON.stringify(done));
  assert.deepEqual(done.out, ['said: run 1\n', 'said: run 2\n']);
  const left = await run({ words: ['/busybox', 'touch', 'left'], image: bare() });
  assert.deepEqual(left.files, [[['left', 0]]], JSON.stringify(left));
  const failed = await run({ words: ['/busybox', 'cat', '/nothing'], image: bare() });
  assert.ok(!failed.ok && failed.code === 'exit-code', JSON.stringify(failed));
  const greedy = await run({
    ...{ words: ['/busybox', 'tail', '-c', '500000000', '/dev/zero'], image: bare() },
    limits: { memoryBytes: 32e6 },
  });
  assert.ok(!greedy.ok && greedy.code === 'out-of-memory', JSON.stringify(greedy));
  assert.deepEqual(await containers(), []);
});

test('told to end, a run of hours hands in what it keeps, with a shell in its image and without', async () => {
  const script = 'echo state > kept/state; trap "exit 3" TERM; echo ready; while :; do sleep 0.1; done';
  for (const [words, image] of [
    [['sh', '-c', script], {}],
    [['/busybox', 'sh', '-c', script], bare()],
  ] as const) {
    const notice = new AbortController();
    const outcome = await run({
      ...{ words: [...words], image, stage: { checkpoint: 'kept', bundle: 1 }, notice: notice.signal },
      onProgress: ({ log = '' }) => log.includes('ready') && notice.abort(),
    });
    assert.ok(!outcome.ok && outcome.code === 'preempted', JSON.stringify(outcome));
    assert.ok(outcome.checkpoint !== undefined, 'it kept nothing');
    assert.match(await readFile(outcome.checkpoint.path, 'utf8'), /^state\n/);
  }
});

/** Names of the containers that the farm has here now. */
async function containers(): Promise<string[]> {
  const engine = await findEngine(join(root, 'host', 'containers'));
  assert.ok(engine !== null, 'this machine has neither podman nor docker');
  const { stdout } = await execa(engine.command, ['ps', '--all', '--format', '{{.Names}}'], {
    env: engine.env,
    extendEnv: false,
  });
  return stdout.split('\n').filter(Boolean);
}

test('runs of a bundle share a container of the image, and each leaves its own', async () => {
  const script = 'echo $MOTTO $PILOT_INDEX; cat /etc/motto; ./script.sh; echo x > left; (sleep 100 &)';
  const done = await run({ words: ['sh', '-c', script], count: 3 });
  assert.ok(done.ok, JSON.stringify(done));
  assert.deepEqual(
    done.out,
    [1, 2, 3].map((index) => `of the image ${index}\ninside\nfrom a script\n`),
  );
  assert.deepEqual(
    done.files,
    [1, 2, 3].map(() => [['left', 2]]),
  );
  assert.deepEqual(await containers(), []);
});

test('what runs is nobody, has no network, and can write nowhere but to its results', async () => {
  const look = [
    'id -u',
    'touch /x || echo read-only',
    'touch $PILOT_FILES/x || echo inputs read-only',
    'ls /sys/class/net',
    'while read -r k v; do case $k in CapEff:|CapBnd:|NoNewPrivs:|Seccomp:) echo $k $v;; esac; done < /proc/self/status',
  ];
  const done = await run({ words: ['sh', '-c', look.join('; ')] });
  assert.ok(done.ok, JSON.stringify(done));
  const [uid = '', ...rest] = (done.out[0] ?? '').trim().split('\n');
  assert.ok(Number(uid) > 1_000_000, `it is the user ${uid}`);
  assert.deepEqual(rest, [
    ...['read-only', 'inputs read-only', 'lo', 'CapBnd: 0000000000000000'].toSpliced(
      3,
      0,
      'CapEff: 0000000000000000',
    ),
    ...['NoNewPrivs: 1', 'Seccomp: 2'],
  ]);
});

test('limits of memory and time end a run, and say so; no container is left', async () => {
  const greedy = await run({
    words: ['sh', '-c', 'x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done'],
    limits: { memoryBytes: 64e6 },
  });
  assert.ok(!greedy.ok && greedy.code === 'out-of-memory', JSON.stringify(greedy));
  assert.match(greedy.message, /needed more than the 64 MB of memory/);
  const slow = await run({ words: ['sleep', '100'], stage: { timeSeconds: 1 } });
  assert.ok(!slow.ok && slow.code === 'time-limit', JSON.stringify(slow));
  const canceled = await run({ words: ['sleep', '100'], signal: AbortSignal.timeout(1_500) });
  assert.ok(!canceled.ok && canceled.code === 'canceled', JSON.stringify(canceled));
  assert.deepEqual(await containers(), []);
});

test('a command that the image lacks, and an image that is damaged are told', async () => {
  const absent = await run({ words: ['python3', 'x.py'] });
  assert.ok(!absent.ok && absent.code === 'not-found', JSON.stringify(absent));
  const damaged = await run({ words: ['x'], image: { diffId: `sha256:${'0'.repeat(64)}` } });
  assert.ok(!damaged.ok && damaged.code === 'not-loaded', JSON.stringify(damaged));
  assert.match(damaged.message, /could not be unpacked by podman/);
});

test('the folder of what runs has a name that podman takes, else each container would end 20 s late', async () => {
  const engine = await findEngine(join(root, 'host', 'containers'));
  assert.ok(engine !== null && engine.name === 'podman');
  const told = { env: engine.env, extendEnv: false };
  const { stdout } = await execa(engine.command, ['info', '--format', '{{.Store.RunRoot}}'], told);
  assert.ok(stdout.length <= 50, stdout);
});

test('its images are not among those of the machine', async () => {
  const { stdout } = await execa('podman', ['images', '--format', '{{.Names}}'], {
    env: engineEnvironment(),
    extendEnv: false,
  });
  assert.doesNotMatch(stdout, /pilot\.invalid/);
});
