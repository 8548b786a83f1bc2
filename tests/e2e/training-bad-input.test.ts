import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { WorkerList } from '@parallel-pilot/shared/api/farm.ts';
import { RoundList } from '@parallel-pilot/shared/kinds/training/view.ts';
import { api } from '../support/api.ts';
import { type Farm, startFarm } from '../support/farm.ts';
import { makeTrainings, scriptWith, type Trainings } from '../support/trainings.ts';
import { until } from '../support/until.ts';

let farm: Farm;
let trainings: Trainings;
before(async () => {
  [farm, trainings] = await Promise.all([startFarm({ workers: 2 }), makeTrainings()]);
});
after(async () => {
  await farm?.stop();
  await trainings?.remove();
});

type Case = [what: string, script: string, data: string, sentence: RegExp];

const good = scriptWith({});
const cases: Case[] = [
  [
    'a script with a syntax error',
    scriptWith({ before: 'if True print(1)' }),
    'points.npz',
    /train\.py|script\.py.*line \d+|line \d+.*syntax/is,
  ],
  [
    'a script that never calls finish',
    scriptWith({ after: 'raise SystemExit(0)' }),
    'points.npz',
    /without calling pilot\.finish/i,
  ],
  [
    'a script that returns NaN',
    scriptWith({ after: 'if not pilot.evaluating: slope[0] = np.nan' }),
    'points.npz',
    /"slope".*(NaN|not finite)|(NaN|not finite).*"slope"/is,
  ],
  [
    'a script that returns other shapes',
    scriptWith({ after: 'slope = np.zeros(7)' }),
    'points.npz',
    /"slope".*\(?7\b.*\(?4\b|"slope".*\(?4\b.*\(?7\b/s,
  ],
  [
    'a script that raises',
    scriptWith({ before: 'raise ValueError("no such luck")' }),
    'points.npz',
    /ValueError: no such luck/,
  ],
];
for (const [what, script, data, sentence] of cases) {
  test(what, async () => {
    const id = await trainings.submit(farm.url, script, data);
    const job = await api(farm.url).reaches(id, 'failed');
    assert.match(job.problem?.message ?? '', sentence);
  });
}

const refused: Case[] = [
  [
    'a module that no worker has is named at once',
    `import no_such_module_at_all\n${good}`,
    'points.npz',
    /no_such_module_at_all.*no worker/is,
  ],
];
for (const [what, script, data, sentence] of refused) {
  test(what, async () => {
    await assert.rejects(trainings.submit(farm.url, script, data), (error: Error) => {
      assert.match(error.message, sentence);
      return true;
    });
  });
}

const badData: [what: string, data: string, sentence: RegExp][] = [
  ['data with fewer rows than shards', 'few.npz', /3 rows.*4 shards|4 shards.*3 rows/is],
  ['a ragged .csv', 'ragged.csv', /line 8.*6.*5|line 8.*5.*6/is],
  ['an .npz that holds pickled objects', 'pickled.npz', /pickled/i],
  ['labels and rows of unequal length', 'uneven.npz', /120.*100|100.*120/s],
];
for (const [what, data, sentence] of badData) {
  test(what, async () => {
    let message: string;
    try {
      const id = await trainings.submit(farm.url, good, data, { shards: 4 });
      message = (await api(farm.url).reaches(id, 'failed')).problem?.message ?? '';
    } catch (error) {
      // What can be told at once may be refused at once.
      message = (error as Error).message;
    }
    assert.match(message, sentence);
  });
}

test('a script that looks around sees its shard and nothing of the machine or the farm', async (t) => {
  const { workers } = WorkerList.parse(await api(farm.url).json('GET', '/workers'));
  if (workers.some((worker) => worker.capabilities.sandbox !== 'bubblewrap'))
    return t.skip('the workers of this machine have no sandbox');
  const nosy = scriptWith({
    before: `
import os, socket
def reached(look):
    try:
        return 1.0 if look() else 0.0
    except Exception:
        return 0.0
found = {
    "passwords": reached(lambda: open("/etc/shadow").read()),
    "farm": reached(lambda: os.listdir(${JSON.stringify(farm.folder)})),
    "root": reached(lambda: os.listdir("/root")),
    "network": reached(lambda: socket.create_connection(("127.0.0.1", ${new URL(farm.url).port}), 2)),
    "token": reached(lambda: [name for name in os.environ if "TOKEN" in name or "PILOT" in name]),
    "agent": reached(lambda: open("/proc/%d/environ" % os.getppid(), "rb").read().count(b"TOKEN")),
    "shard": reached(lambda: len(X) > 0),
}
`,
    after: 'accuracy = 0.0; pilot.report(**found)',
  }).replace('metrics={"accuracy": accuracy}', 'metrics=found');
  const id = await trainings.submit(farm.url, nosy, 'points.npz', { rounds: 1 });
  await api(farm.url).reaches(id, 'completed');
  const { rounds } = RoundList.parse(await api(farm.url).json('GET', `/jobs/${id}/rounds`));
  const nothing = { passwords: 0, farm: 0, root: 0, network: 0, token: 0, agent: 0 };
  assert.deepEqual(rounds[0]?.shardMetrics, { ...nothing, shard: 1 });
});

test('a script that prints a million lines trains all the same', async () => {
  const loud = scriptWith({ before: 'for line in range(1_000_000): print("line", line)' });
  const id = await trainings.submit(farm.url, loud, 'points.npz', { rounds: 1 });
  await api(farm.url).reaches(id, 'completed');
});

test('more shards than workers queue, here with a .csv', async () => {
  const id = await trainings.submit(farm.url, good, 'points.csv', { shards: 5 });
  await api(farm.url).reaches(id, 'completed');
  const { rounds } = RoundList.parse(await api(farm.url).json('GET', `/jobs/${id}/rounds`));
  assert.deepEqual(
    rounds.map(({ shards, shardsDone }) => [shards, shardsDone]),
    [
      [5, 5],
      [5, 5],
    ],
  );
  assert.ok((rounds.at(-1)?.metrics?.accuracy ?? 0) > 0.8, JSON.stringify(rounds));
});

test('a script that takes more memory than it asked for is ended alone, and tried with more', async () => {
  // Long enough for whoever looks at what it holds.
  const greedy = scriptWith({ before: 'import time\nheld = np.ones(45_000_000)\ntime.sleep(1)' });
  const modest = trainings.submit(farm.url, good, 'points.npz');
  const asked = { memoryBytes: 300_000_000 };
  const id = await trainings.submit(farm.url, greedy, 'points.npz', { shards: 1, rounds: 1 }, asked);
  const { notes } = await api(farm.url).reaches(id, 'completed');
  const told = notes.filter(({ code }) => code === 'out-of-memory').map(({ message }) => message);
  assert.ok(told.length > 0, JSON.stringify(notes));
  for (const message of told)
    assert.match(
      message,
      /needed more than 300 MB of memory on worker .*The next try is where there is 450 MB\./,
    );
  const other = await modest;
  await api(farm.url).reaches(other, 'completed');
  const { chunks } = await api(farm.url).chunks(other);
  assert.ok(chunks.every(({ attempts }) => attempts === 1));
  const leases = await farm.db.selectFrom('leases').selectAll().where('job_id', '=', id).execute();
  const peaks = leases.map(({ outcome, peak_memory_bytes }) => [outcome, peak_memory_bytes ?? 0] as const);
  assert.ok(
    peaks.every(([outcome, peak]) => (outcome === 'done' ? peak <= 460e6 : peak === 300e6)) &&
      peaks.some(([outcome, peak]) => outcome === 'done' && peak > 300e6),
    JSON.stringify(peaks),
  );
});

test('what no worker could ever hold waits, and the job says so', async () => {
  const id = await trainings.submit(farm.url, good, 'points.npz', { shards: 1 }, { memoryBytes: 900e12 });
  const told = async () => {
    const { waiting } = await api(farm.url).job(id);
    return waiting?.code === 'too-large' ? waiting.message : null;
  };
  const message = await until(told, 'the job never said what it waits for');
  assert.match(
    message,
    /^Each part asks for 900000 GB of memory, which no worker that is here offers; the most/,
  );
  await api(farm.url).json('POST', `/jobs/${id}/cancel`);
});
