import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { expand } from './expand.ts';
import { readSource } from './source.ts';

const stepsOf = (text: string, given: Record<string, string> = {}) =>
  expand(readSource('p.yaml', text), new Map(Object.entries(given))).steps;
const refusalOf = (text: string, given: Record<string, string> = {}): string => {
  try {
    stepsOf(text, given);
  } catch (error) {
    return (error as Error).message;
  }
  return 'taken';
};

test('jobs stand after what they need; parameters and the matrix are put in, and braces of the command stay', () => {
  const steps = stepsOf(
    `
parameters: { runs: 20, rate: 0.1 }
jobs:
  plot:
    needs: { learn: always }
    run: [python3, plot.py, "{jobs.simulate.result}/table.csv"]
  learn:
    matrix: { width: [32, 6.40e1], deep: [yes, no] }
    train: learn.py
    with:
      data: "{jobs.simulate.result}/table.csv"
      param: ["width={matrix.width}", "rate={parameters.rate}"]
      strict: true
  simulate:
    name: a simulation
    run: python3 sim.py --seed {index}
    with: { array: "1-{parameters.runs}", memory: 2.50 }
`,
    { rate: '0.5' },
  );
  assert.deepEqual(
    steps.map(({ key, name, needs }) => [key, name, needs.map((need) => `${need.key} ${need.on}`)]),
    [
      ['simulate', 'a simulation', []],
      ['learn.1', 'learn width=32 deep=yes', ['simulate success']],
      ['learn.2', 'learn width=32 deep=no', ['simulate success']],
      ['learn.3', 'learn width=6.40e1 deep=yes', ['simulate success']],
      ['learn.4', 'learn width=6.40e1 deep=no', ['simulate success']],
      [
        'plot',
        'plot',
        ['learn.1 always', 'learn.2 always', 'learn.3 always', 'learn.4 always', 'simulate success'],
      ],
    ],
  );
  assert.deepEqual(steps[0]?.words, ['python3', 'sim.py', '--seed', '{index}']);
  assert.deepEqual(steps[0]?.options, [
    { name: 'array', value: '1-20' },
    { name: 'memory', value: '2.50' },
  ]);
  assert.deepEqual(steps[3]?.options, [
    { name: 'data', value: '{jobs.simulate.result}/table.csv' },
    { name: 'param', value: 'width=6.40e1' },
    { name: 'param', value: 'rate=0.5' },
    { name: 'strict', value: true },
  ]);
});

test('what is wrong is told with its line, and what to do', () => {
  const job = (more: string) => `jobs:\n  a: { run: "true" }\n  b:\n    run: "true"\n    ${more}\n`;
  for (const [text, ...said] of [
    [
      'jobs:\n  a:\n    run: "true"\n    needs: b\n  b:\n    run: "true"\n    needs: a\n',
      /^p\.yaml:4: "a" needs "b" needs "a": jobs that wait for each other in a circle never begin/,
    ],
    ['jobs:\n  a:\n    run: [cat, "{jobs.a.result}/x"]\n', /"a" needs "a"/],
    [job('needs: aa'), /^p\.yaml:5: jobs\.b\.needs: there is no job "aa"; did you mean "a"\?/],
    [job('run: "false"'), /^p\.yaml:5: "run" stands here for a second time/],
    [
      'jobs:\n  a: { run: "true" }\n  a: { run: "true" }\n',
      /^p\.yaml:3: "a" stands here for a second time\. Give one of the two another name/,
    ],
    [job('need: a'), /^p\.yaml:5: "need" is not known here, did you mean "needs"\?/],
    [job('needs: { a: later }'), /^p\.yaml:5: jobs\.b\.needs: expected the name of a job/],
    ['jobs:\n  a:\n    with: { array: 1-2 }\n', /^p\.yaml:2: jobs\.a: say with one of the commands/],
    [
      'jobs:\n  a:\n    run: "true"\n    train: a.py\n',
      /here stand .*train.* and .*run|here stand .*run.* and .*train/,
    ],
    [
      job('with: { each: "{parameters.x}" }'),
      /^p\.yaml:5: \{parameters\.x\}: there is no such parameter; there are none/,
    ],
    [job('with: { each: "{jobs.c.result}/x" }'), /^p\.yaml:5: \{jobs\.c\.result\}: there is no job "c"/],
    [job('with: { each: "{jobs.a}/x" }'), /write \{jobs\.NAME\.result\}\/FILE/],
    [
      job('needs: { a: failure }\n    with: { each: "{jobs.a.result}/x" }'),
      /^p\.yaml:6: .*needs the success of "a", and its needs say failure/,
    ],
    [
      'jobs:\n  a: { run: "true", matrix: { x: [1, 2] } }\n  b: { run: [cat, "{jobs.a.result}/x"] }\n',
      /^p\.yaml:3: .*"a" is 2 jobs/,
    ],
    ['jobs:\n  a: { run: "sh -c \'true\'" }\n', /^p\.yaml:2: jobs\.a\.run: no shell reads this line/],
    ['jobs: {}\n', /^p\.yaml:1: jobs: a pipeline needs a job/],
    ['jobs:\n  a: [\n', /^p\.yaml:\d: /],
    ['[]', /^p\.yaml:1: the pipeline: /],
    ['', /^p\.yaml:1: the pipeline: /],
    [
      `jobs:\n  a: { run: "true", matrix: { x: [${'1, '.repeat(500)}1] } }\n`,
      /^p\.yaml:2: jobs\.a\.matrix makes 501 jobs, and 500 are the most/,
    ],
  ] as const)
    for (const sentence of said) assert.match(refusalOf(text), sentence, text);
  assert.match(refusalOf(job('needs: a'), { runs: '2' }), /-p runs: p\.yaml has no such parameter/);
});

test('all that is wrong is told at once, in the order of the file', () => {
  const lines = refusalOf('jobs:\n  a: { run: "true", needs: x }\n  b: { run: "true", needs: y }\n').split(
    '\n',
  );
  assert.deepEqual(
    lines.map((line) => line.split(':')[1]),
    ['2', '3'],
  );
});

test('aliases that would make a mountain of a molehill are refused', () => {
  const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]'];
  for (let at = 0; at < 9; at += 1)
    bomb.push(`${'bcdefghij'[at]}: &${'bcdefghij'[at]} [${`*${'abcdefghij'[at]},`.repeat(9)}]`);
  assert.match(refusalOf(bomb.join('\n')), /^p\.yaml:1: .*alias/i);
});

test('whatever the file is, it is taken, or refused with a line', () => {
  const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
    node: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom('true', 'a', 'b', '{jobs.a.result}/x', '{matrix.x}', 1, null, true),
      fc.dictionary(
        fc.constantFrom('jobs', 'needs', 'run', 'train', 'with', 'matrix', 'a', 'b', 'x'),
        tie('node'),
        { maxKeys: 4 },
      ),
      fc.array(tie('node'), { maxLength: 3 }),
    ),
  })).node;
  const job = fc.record(
    { run: value, needs: fc.oneof(value, fc.constantFrom('a', 'b', ['a', 'b'])), matrix: value, with: value },
    { requiredKeys: ['run'] },
  );
  const pipeline = fc.oneof(value, fc.record({ jobs: fc.dictionary(fc.constantFrom('a', 'b', 'c'), job) }));
  fc.assert(
    fc.property(pipeline, (given) => {
      const said = refusalOf(JSON.stringify(given));
      if (said !== 'taken') for (const line of said.split('\n')) assert.match(line, /^p\.yaml:\d+: \S/);
    }),
  );
});
