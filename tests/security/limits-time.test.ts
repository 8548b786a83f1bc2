import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { detectSandbox } from '@parallel-pilot/sandbox/detect.ts';
import type { Sandbox } from '@parallel-pilot/sandbox/sandbox.ts';
import {
  EvaluateSpec,
  InitializeSpec,
  RoundChunk,
  ShardChunk,
} from '@parallel-pilot/shared/kinds/training/stages.ts';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { Slot } from '@parallel-pilot/worker/agent/slot.ts';
import type { RunOutcome, WorkerKind } from '@parallel-pilot/worker/kinds/kind.ts';
import { trainingKind } from '@parallel-pilot/worker/kinds/training/index.ts';
import { createWorkerLog } from '@parallel-pilot/worker/log.ts';
import { api } from '../support/api.ts';
import { type Farm, startFarm } from '../support/farm.ts';
import { makeTrainings, scriptWith, type Trainings } from '../support/trainings.ts';

const log = createWorkerLog({ name: 'worker', level: 'silent', readable: false });
const folder = await mkdtemp(join(tmpdir(), 'pilot-time-'));
const here = await detectSandbox();
const { groups, ...watched } = here;
const LOOPS: Record<string, string> = {
  'runs in a circle': 'while True: pass',
  'prints without end': 'while True: print("still here", flush=True)',
  'reports without end': 'while True: pilot.report(loss=time.time())',
  'sleeps, deaf to SIGTERM':
    'import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True: time.sleep(1)',
  'stops the Python that started it': `
import os, signal
os.kill(os.getppid(), signal.SIGSTOP)
while True: time.sleep(1)`,
};

let farm: Farm;
let trainings: Trainings;
const looping = new Map<string, JobId>();
before(async () => {
  [farm, trainings] = await Promise.all([startFarm({ workers: 2 }), makeTrainings()]);
  // All at once, one slot each: most of the time is their deadlines.
  for (const [what, before] of Object.entries(LOOPS)) {
    const script = scriptWith({ before: `if not pilot.evaluating:\n${indented(before)}` });
    const settings = { shards: 1, rounds: 1, deadlineSeconds: 2 };
    looping.set(what, await trainings.submit(farm.url, script, 'points.npz', settings));
  }
});
after(async () => {
  await farm?.stop();
  await trainings?.remove();
  await rm(folder, { recursive: true, force: true });
});

for (const what of Object.keys(LOOPS)) {
  test(`a shard that ${what} is ended at its deadline, once, and its slot is free again`, async () => {
    const id = looping.get(what) as JobId;
    const job = await api(farm.url).reaches(id, 'failed');
    assert.match(job.problem?.message ?? '', /not finished within the deadline of 2 seconds/);
    const { chunks } = await api(farm.url).chunks(id);
    const failed = chunks.filter((it) => it.state === 'failed');
    assert.ok(failed.length > 0 && failed.every((it) => it.attempts === 1), JSON.stringify(chunks));
  });
}

test('a round goes on without the one shard that does not end', async () => {
  const script = scriptWith({
    before: 'if pilot.shard == 1 and not pilot.evaluating:\n  while True: print(1)',
  });
  const settings = { rounds: 2, shards: 2, quorum: 0.5, deadlineSeconds: 3 };
  const id = await trainings.submit(farm.url, script, 'points.npz', settings);
  await api(farm.url).reaches(id, 'completed', 90_000);
});

const SCRIPTS: Record<string, string> = {
  'in one process': 'while True: pass',
  'in children that nobody waits for': `
import os, signal
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
while True:
    if os.fork() == 0:
        for i in range(3_000_000): pass
        os._exit(0)
    try: os.wait()
    except ChildProcessError: pass`,
};
for (const [how, sandbox] of [
  ...(groups === undefined ? [] : [[groups.version, here] as const]),
  ['watched', watched as Sandbox] as const,
]) {
  for (const [what, code] of Object.entries(SCRIPTS)) {
    const hidden = how === 'watched' && what !== 'in one process';
    const skip = hidden ? 'not promised without control groups' : false;
    test(`processor time beyond that of its slot's threads, ${what} (${how})`, { skip }, async () => {
      // A hundredth of a thread for a minute: what is used up in less than a second.
      const { outcome } = await runIn(sandbox, { threads: 0.01, script: code, deadlineSeconds: 58 });
      assert.equal(outcome.ok, false);
      const { code: failure, message } = outcome as RunOutcome & { ok: false };
      assert.equal(failure, 'over-deadline');
      assert.match(message, /more threads busy than its slot has: 1 seconds of processor time/);
    });
  }
}

test('without a deadline it is over when the worker says so, and not tried elsewhere', async () => {
  const { outcome } = await runIn(here, { longestMs: 3_000, script: 'while True: print(1)' });
  assert.equal(outcome.ok ? 'ok' : outcome.code, 'over-time');
  const { code, message } = outcome as RunOutcome & { ok: false };
  assert.match(message, /PILOT_CHUNK_HOURS/);
  assert.equal(code, 'over-time');
});

test('measuring a model has a time limit too, longer than a shard has', () => {
  const kind = trainingKind();
  const stageSpec = EvaluateSpec.parse({ context: context(60), framework: 'numpy', round: 1, holdout: null });
  const limit = kind.timeLimit({ stage: 'evaluate', stageSpec, chunkSpec: RoundChunk.parse({ round: 1 }) });
  assert.equal(limit?.wallMs, 600_000);
  assert.equal(kind.timeLimit({ stage: 'train', stageSpec: { no: 'spec' }, chunkSpec: {} }), null);
});

type Run = { script: string; deadlineSeconds?: number; threads?: number; longestMs?: number };

/** The first weights of a training, in a slot of a worker without a farm. */
async function runIn(sandbox: Sandbox, run: Run): Promise<{ outcome: RunOutcome }> {
  const own = await mkdtemp(join(folder, 'slot-'));
  const [inputs, outputs] = [join(own, 'inputs'), join(own, 'outputs')];
  for (const path of [inputs, outputs, join(own, 'training')]) await mkdir(path);
  await writeFile(join(inputs, 'script.py'), run.script);
  await writeFile(join(inputs, 'data.npz'), '');
  const kinds: WorkerKind[] = [trainingKind({ python: '/usr/bin/python3' })];
  const { threads = 1, longestMs } = run;
  const slot = new Slot({
    index: 0,
    threads: () => threads,
    folder: own,
    kinds,
    sandbox,
    log,
    ...(longestMs === undefined ? {} : { longestMs }),
  });
  const hash = '0'.repeat(64);
  const chunk = {
    stage: 'initialize',
    stageSpec: InitializeSpec.parse({ context: context(run.deadlineSeconds ?? null) }),
    chunkSpec: ShardChunk.parse({ round: 0, shard: 0, data: { path: 'data.npz', hash, size: 0 } }),
    inputs,
    outputs,
    affinity: 'one',
    hangLimitMs: 600_000,
  };
  const outcome = await slot.run('training', chunk, () => {}, new AbortController().signal);
  assert.equal(slot.busy, false);
  await slot.close();
  return { outcome };
}

function context(deadlineSeconds: number | null) {
  const counts = { round: 0, rounds: 1, shards: 1, batch: 1, seed: 0 };
  return { ...counts, params: {}, label: null, classes: null, deadlineSeconds };
}

function indented(code: string): string {
  return code.trim().replaceAll(/^/gm, '  ');
}
