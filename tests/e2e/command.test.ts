import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { RunList } from '@parallel-pilot/shared/kinds/command/run-list.ts';
import { CommandView } from '@parallel-pilot/shared/kinds/command/view.ts';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { api } from '../support/api.ts';
import { type Farm, type Part, startFarm } from '../support/farm.ts';
import { until } from '../support/until.ts';

const PILOT = fileURLToPath(new URL('../../cli/src/main.ts', import.meta.url));
const SIM = `import sys, time
from model import square
seed = int(sys.argv[1])
time.sleep(float(sys.argv[2]))
print("seed", seed)
open("result.csv", "w").write(f"square\\n{square(seed)}\\n")
`;
let farm: Farm;
/** Of the test, and in it where it is worked. */
let own: string;
let folder: string;

before(async () => {
  own = await mkdtemp(join(tmpdir(), 'pilot-commands-'));
  folder = join(own, 'work');
  await mkdir(join(folder, 'sims'), { recursive: true });
  await writeFile(join(own, 'secret'), 'x');
  await writeFile(join(folder, 'sims/sim.py'), SIM);
  await writeFile(join(folder, 'sims/model.py'), 'def square(x):\n    return x * x\n');
  farm = await startFarm({ workers: 2 });
});
after(async () => {
  await farm?.stop();
  await rm(own, { recursive: true, force: true });
});

/** `pilot run` with these options and words, as somebody types it where the script is. */
function pilotRun(options: string[], ...words: string[]) {
  const args = [PILOT, 'run', '--server', farm.url, ...options, '--', ...words];
  const child = spawn(process.execPath, args, {
    cwd: folder,
    env: { ...process.env, PILOT_DATA: join(folder, 'data'), NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return said.then(([out, err, [code]]) => ({ out, err, code }));
}

const jobs = async (): Promise<JobId[]> =>
  (await api(farm.url).json('GET', '/jobs')).jobs.map(({ id }: { id: JobId }) => id);

const accepted = (job: JobId) =>
  farm.db
    .selectFrom('leases')
    .select(['chunk_id', 'outcome'])
    .where('job_id', '=', job)
    .where('outcome', '=', 'done')
    .execute();

test('a kill -9 of a worker in the middle loses no run and does none twice', async () => {
  const known = new Set(await jobs());
  const running = pilotRun(
    ['--array', '1-24', '--out', 'killed'],
    'python3',
    'sims/sim.py',
    '{index}',
    '0.3',
  );
  const job = await until(async () => (await jobs()).find((id) => !known.has(id)), 'no job was handed in');
  await until(async () => (await accepted(job)).length >= 4, 'no run was done');
  const victim = farm.workers[0] as Part;
  await victim.end('SIGKILL');
  await victim.start();
  const { code, out, err } = await running;
  assert.equal(code, 0, out + err);
  const seeds = Array.from({ length: 24 }, (_, index) => index + 1);
  const saved = join(folder, 'killed', 'sim');
  const folders = (await readdir(saved)).filter((name) => !name.startsWith('.')).sort();
  assert.deepEqual(
    folders,
    seeds.map((seed) => String(seed).padStart(2, '0')),
  );
  for (const [index, name] of folders.entries()) {
    const seed = index + 1;
    assert.equal(await readFile(join(saved, name, 'result.csv'), 'utf8'), `square\n${seed * seed}\n`);
    assert.equal(await readFile(join(saved, name, 'pilot.out'), 'utf8'), `seed ${seed}\n`);
  }
  const done = await accepted(job);
  assert.equal(new Set(done.map(({ chunk_id }) => chunk_id)).size, 24);
  assert.equal(done.length, 24, 'a run was accepted twice');
});

test('when its worker is told to leave, a run goes on elsewhere from what lies in its checkpoint folder', async () => {
  const counter = `n=$(cat state/n 2>/dev/null || echo 0); echo "from $n"
while [ $n -lt 40 ]; do n=$((n + 1)); echo $n > state/new; mv state/new state/n; sleep 0.2; done; echo $n > result`;
  const known = new Set(await jobs());
  const running = pilotRun(
    ['--checkpoint', 'state', '--name', 'counter', '--out', 'moved'],
    'sh',
    '-c',
    counter,
  );
  const job = await until(async () => (await jobs()).find((id) => !known.has(id)), 'no job was handed in');
  const leases = () =>
    farm.db
      .selectFrom('leases')
      .innerJoin('workers', 'workers.id', 'leases.worker_id')
      .select(['workers.name', 'leases.outcome', 'leases.started_at'])
      .where('leases.job_id', '=', job)
      .orderBy('leases.granted_at')
      .execute();
  const begun = await until(
    async () => (await leases()).find((lease) => lease.started_at !== null),
    'not begun',
  );
  const progress = async () => (await api(farm.url).job(job)).progress;
  await until(async () => (await progress()).length > 0, 'no sign of life');
  const leaving = farm.workers.find(({ name }) => name === begun.name) as Part;
  // It says every second whether something lies there.
  await until(async () => Date.now() - (begun.started_at ?? 0) > 3_000, 'time stands still');
  await leaving.end('SIGTERM');
  await leaving.start();
  const { code, out, err } = await running;
  assert.equal(code, 0, out + err);
  assert.deepEqual(
    (await leases()).map(({ outcome }) => outcome),
    ['preempted', 'done'],
  );
  assert.deepEqual((await readdir(join(folder, 'moved/counter'))).sort(), [
    '.pilot-job',
    'pilot.out',
    'result',
  ]);
  const from = Number(
    /^from (\d+)$/.exec((await readFile(join(folder, 'moved/counter/pilot.out'), 'utf8')).trim())?.[1],
  );
  assert.ok(from > 3 && from < 40, `it went on from ${from}`);
});

test('short runs come in bundles, and each of them is there once by its number', async () => {
  const { code, out, err } = await pilotRun(
    ['--array', '1-600', '--out', 'short'],
    'sh',
    '-c',
    'echo $PILOT_INDEX > n',
  );
  assert.equal(code, 0, out + err);
  const [job] = await jobs();
  assert.ok(job !== undefined);
  const runs: number[] = [];
  for (let after = ''; ; ) {
    const page = RunList.parse(await api(farm.url).json('GET', `/jobs/${job}/runs?limit=50${after}`));
    runs.push(...page.runs.map(({ run }) => run));
    if (page.next === null) break;
    after = `&after=${page.next}`;
  }
  assert.deepEqual(
    runs.toSorted((a, b) => a - b),
    Array.from({ length: 600 }, (_, index) => index + 1),
  );
  assert.ok((await accepted(job)).length <= 400, 'nothing was bundled');
  const reply = await api(farm.url).request('GET', `/jobs/${job}/runs/577/file?path=n`);
  assert.equal(await reply.text(), '577\n');
  const { view } = await api(farm.url).job(job);
  assert.deepEqual(CommandView.parse(view).runs.done, 600);
});

test('tables of all runs become one, shown with its rows and drawn', async () => {
  const { code, out, err } = await pilotRun(
    ['--grid', 'a=1..3', '--grid', 'b=10,20', '--gather', 'csv', '--out', 'gathered'],
    ...['sh', '-c', 'echo sum; expr {a} + {b}'],
  );
  assert.equal(code, 0, out + err);
  const rows = [1, 2, 3].flatMap((a) => [10, 20].map((b) => [a, b, a + b]));
  const table = ['run,a,b,sum', ...rows.map((row, index) => [index + 1, ...row].join(',')), ''].join('\n');
  assert.equal(await readFile(join(folder, 'gathered/sh/table.csv'), 'utf8'), table);
  assert.match(out, /^run {2}a {2}b {3}sum\n1 {4}1 {2}10 {2}11\n/m);
  assert.match(out, /^sum over a\n[^\n]*23 │/m);
});

test('what cannot be put together says of which run, and the runs are there', async () => {
  const { code, err } = await pilotRun(
    ['--array', '1-3', '--gather', 'csv', '--out', 'uneven'],
    ...['sh', '-c', 'echo a; test $PILOT_INDEX = 2 && echo 1,2 || echo 1'],
  );
  assert.equal(code, 1);
  assert.match(
    err,
    /could not be put together\. Run 2: row 1 of its table has 2 values, and there are 1 columns\./,
  );
  assert.equal(await readFile(join(folder, 'uneven/sh/2/pilot.out'), 'utf8'), 'a\n1,2\n');
  const printed = await pilotRun(
    ['--array', '1-3', '--gather', 'concat', '--out', 'joined'],
    'echo',
    '{index}',
  );
  assert.equal(printed.code, 0, printed.err);
  assert.equal(await readFile(join(folder, 'joined/echo/joined.txt'), 'utf8'), '1\n2\n3\n');
});

test('a script of one’s own puts all results together in the end, and what is wrong with it is told by its last line', async () => {
  const collect = `import json, pathlib
runs = [json.loads(line) for line in open("results/runs.jsonl")]
total = 0
for run in runs:
    total += int(run["values"]["index"]) * int(pathlib.Path("results", run["folder"], "n").read_text())
open("total.txt", "w").write(f"{len(runs)} {total}\\n")
pathlib.Path("plots").mkdir()
open("plots/a.csv", "w").write("x,y\\n1,2\\n")
`;
  await writeFile(join(folder, 'sims/collect.py'), collect);
  await writeFile(join(folder, 'sims/wrong.py'), 'raise SystemExit("no such table")\n');
  // More than are chunks of their own: they come in two stages.
  const own = (script: string, out: string) =>
    pilotRun(['--array', '1-300', '--gather', script, '--out', out], 'sh', '-c', 'echo $PILOT_INDEX > n');
  const [good, bad] = await Promise.all([own('sims/collect.py', 'own'), own('sims/wrong.py', 'wrong')]);
  assert.equal(good.code, 0, good.out + good.err);
  const squares = Array.from({ length: 300 }, (_, index) => (index + 1) ** 2).reduce((a, b) => a + b);
  assert.equal(await readFile(join(folder, 'own/sh/total.txt'), 'utf8'), `300 ${squares}\n`);
  assert.equal(await readFile(join(folder, 'own/sh/plots_a.csv'), 'utf8'), 'x,y\n1,2\n');
  assert.equal(await readFile(join(folder, 'own/sh/007/n'), 'utf8'), '7\n');
  assert.equal(bad.code, 1);
  assert.match(
    bad.err,
    /the command that puts their results together failed\. It ended with exit code 1\. It printed last: no such table/,
  );
});

test('a run that fails is tried as often as was asked, and told with its number and its last line', async () => {
  const script = 'echo trying; echo "no such column: z" >&2; test $PILOT_INDEX != 2';
  const { code, err } = await pilotRun(
    ['--array', '1-3', '--retries', '1', '--out', 'failing'],
    'sh',
    '-c',
    script,
  );
  assert.equal(code, 1);
  assert.match(
    err,
    /1 run of 3 failed\. Run 2: It ended with exit code 1\. It printed last: no such column: z/,
  );
  const [job] = await jobs();
  const attempts = await farm.db
    .selectFrom('leases')
    .select('outcome')
    .where('job_id', '=', job as JobId)
    .execute();
  assert.equal(attempts.filter(({ outcome }) => outcome === 'failed').length, 2);
});

test('what cannot be is said in one sentence before anything starts', async () => {
  const before = (await jobs()).length;
  const cases: [string[], string[], RegExp][] = [
    [[], ['python3', 'none.py'], /^There is no file none\.py\./],
    [[], ['./none', '1'], /^There is no file \.\/none\./],
    [
      ['--array', '1-9'],
      ['python3', 'sims/sim.py', '{sed}'],
      /^There is no parameter \{sed\}\. .*Known are \{index\}/,
    ],
    [['--array', '9-1'], ['true'], /^--array "9-1": the last number comes before the first\./],
    [['--array', '1-9', '--grid', 'a=1'], ['true'], /^Give one of --array and --grid\./],
    [['--each', 'none/*.wav'], ['true'], /^--each none\/\*\.wav: there is no such file\./],
    [['--array', '1-1000000'], ['true'], /^That makes 1,000,000 runs\. Say --yes/],
    [
      ['--array', '1-99999999', '--yes'],
      ['true'],
      /^That makes 99,999,999 runs, and 10,000,000 are the most/,
    ],
    [[], ['bash', '-c', 'rm -rf /'], /^This command is not taken: it removes everything from the machine\./],
    [['--checkpoint', '/tmp'], ['true'], /^--checkpoint "\/tmp": name a folder below the one/],
    [
      ['--checkpoint', 'x', '--array', '1-9', '--chunk', '3'],
      ['true'],
      /^A run with a checkpoint is a chunk of its own/,
    ],
    [['--gather', 'none.py'], ['true'], /^There is no file none\.py\./],
    [['--gather', 'cvs'], ['true'], /^--gather "cvs": write csv, jsonl or concat, or a script/],
    [[], ['julia', '-v'], /^No worker of this farm has the program "julia"\./],
    [[], ['cat', '../secret'], /would not be found on a worker/],
  ];
  for (const [options, words, sentence] of cases) {
    const { code, err } = await pilotRun(options, ...words);
    assert.equal(code, 1, words.join(' '));
    assert.match(err, sentence);
    assert.ok(!err.trimEnd().includes('\n'), err);
  }
  assert.equal((await jobs()).length, before);
});
