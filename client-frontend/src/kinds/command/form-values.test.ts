import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FormValues, firstValues, jobOf, readForm } from './form-values.ts';
import { likelyCommand, placesOf } from './places.ts';

const file = (part: string) => ({ part, name: part.split('/').at(-1) ?? '', size: 1 });
const places = placesOf(
  ['sims/sim.py', 'sims/go.sh', 'sims/params.csv', 'sims/in/2.wav', 'sims/in/10.wav'].map(file),
);
const read = (values: Partial<FormValues>, table: string | null = null) =>
  readForm({ ...firstValues(), command: 'python3 sim.py', ...values }, places, table);
const BLOB = 'a'.repeat(64);
const sources = Object.fromEntries(places.map(({ part, path }) => [part, { blob: BLOB, fileName: path }]));

test('the folder that was given is where the command starts, and its script is what is likely called', () => {
  assert.deepEqual(
    places.map(({ path }) => path),
    ['sim.py', 'go.sh', 'params.csv', 'in/2.wav', 'in/10.wav'],
  );
  assert.equal(likelyCommand(places), 'python3 sim.py');
  assert.equal(likelyCommand(placesOf([file('a b.py')])), "python3 'a b.py'");
  assert.equal(likelyCommand(placesOf([file('x/lib.py'), file('x/main.py')])), 'python3 main.py');
  assert.equal(likelyCommand(placesOf([file('a.wav')])), '');
});

test('what is typed becomes what pilot run would send', () => {
  const values = {
    ...firstValues(),
    command: "./go.sh '{index} x' $HOME",
    source: 'array',
    array: '1-9:2',
  } as const;
  const filled = readForm(values, places, null);
  assert.deepEqual(filled.problems, {});
  assert.equal(filled.runs, 5);
  const job = jobOf({ ...values, retries: 2, name: ' mine ' }, filled, sources);
  assert.ok(job.kind === 'command');
  assert.deepEqual(job.words, ['./go.sh', '{index} x', '$HOME']);
  assert.deepEqual(job.parameters, { from: 'array', range: { first: 1, last: 9, step: 2 } });
  assert.equal(job.name, 'mine');
  assert.deepEqual(
    job.files?.map(({ path, executable }) => [path, executable]),
    [
      ['sim.py', false],
      ['go.sh', true],
      ['params.csv', false],
      ['in/2.wav', false],
      ['in/10.wav', false],
    ],
  );
});

test('a run for each file is sent its own alone, in their order', () => {
  const values = { ...firstValues(), command: 'sox {input} x.mp3', source: 'files', each: '' } as const;
  const filled = readForm(values, places, null);
  assert.deepEqual([filled.problems, filled.runs], [{}, 2]);
  const job = jobOf(values, filled, sources);
  assert.ok(job.kind === 'command' && job.parameters?.from === 'files');
  assert.deepEqual(
    job.parameters.files.map(({ path }) => path),
    ['in/2.wav', 'in/10.wav'],
  );
  assert.equal(job.files?.length, 3);
});

test('a table and a grid are read as those of the command line', () => {
  const table = read({ source: 'table', command: 'python3 sim.py {a}' }, 'a,b\n1,2\n3,4\n');
  assert.deepEqual([table.problems, table.runs], [{}, 2]);
  const grid = read({ source: 'grid', grid: 'lr=0.1,0.01\n\nseed=1..20\n', command: 'x {lr} {seed}' });
  assert.deepEqual([grid.problems, grid.runs], [{}, 40]);
});

test('what cannot be is said beside its field', () => {
  const cases: [Partial<FormValues>, Exclude<keyof FormValues, 'elsewhere'>, RegExp][] = [
    [{ command: ' ' }, 'command', /^Write the command/],
    [{ command: 'a | b' }, 'command', /^No shell reads the command, so "\|" does nothing here\./],
    [{ command: 'a {x}' }, 'command', /^There is no parameter \{x\}/],
    [{ source: 'array', array: '9-1' }, 'array', /the last number comes before the first/],
    [{ source: 'array', array: '1-99999999' }, 'source', /10,000,000 are the most/],
    [{ source: 'array', array: '1-200000' }, 'many', /^That makes 200,000 runs/],
    [{ source: 'grid', grid: '' }, 'grid', /^Write a parameter on each line/],
    [{ source: 'grid', grid: 'a=1\na=2' }, 'command', /"a" is given twice/],
    [{ time: 'soon' }, 'time', /write a time/],
    [{ giveUpOn: '0' }, 'giveUpOn', /exit codes from 1 to 255/],
    [{ retries: 101 }, 'retries', /from 0 to 100/],
    [{ chunk: 0 }, 'chunk', /from 1 to 10,000/],
  ];
  for (const [values, field, sentence] of cases) {
    const { problems } = read(values);
    assert.match(problems[field] ?? '', sentence, JSON.stringify([values, problems]));
  }
  assert.match(read({ source: 'table' }, 'a,b\n1\n').problems.table ?? '', /line 2: there is 1 value/);
  assert.deepEqual(read({ source: 'array', array: '1-200000', many: true }).problems, {});
});
