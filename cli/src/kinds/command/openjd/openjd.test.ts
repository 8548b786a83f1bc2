import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { readDocument } from '../../../source/document.ts';
import { inChunks } from './chunks.ts';
import { openJobDescription } from './index.ts';
import { combine, readRange } from './task-space.ts';

const HEAD = 'specificationVersion: jobtemplate-2023-09\nname: Demo\n';
const STEP = 'steps:\n- name: A\n  script: { actions: { onRun: { command: "true" } } }\n';

const CHUNKED = `${STEP}  parameterSpace:
    taskParameterDefinitions:
    - { name: F, type: "CHUNK[INT]", range: 1-9, chunks: { defaultTaskCount: 4, rangeConstraint: CONTIGUOUS } }
    - { name: G, type: INT, range: [1, 2, 3] }
    combination: (F, G)
`;

const refusalOf = (text: string, given: Record<string, string> = {}): Promise<string> =>
  (async () =>
    openJobDescription.jobs(readDocument('j.yaml', text), new Map(Object.entries(given)), '.'))().then(
    () => 'taken',
    (error) => (error as Error).message,
  );

test('what is not supported or wrong is refused by name, with its line', async () => {
  for (const [text, said] of [
    [HEAD + STEP, /^taken$/],
    [
      `${HEAD}extensions: [EXPR]\n${STEP}`,
      /^j\.yaml:3: .*the extension EXPR is not supported; TASK_CHUNKING is/,
    ],
    [HEAD + CHUNKED.replace('(F, G)', 'F * G'), /^j\.yaml:8: CHUNK\[INT\] is of the extension TASK_CHUNKING/],
    [`${HEAD}extensions: [TASK_CHUNKING]\n${CHUNKED}`, /^j\.yaml:11: .*"F" comes in chunks/],
    [`${HEAD}extensions: [TASK_CHUNKING]\n${CHUNKED.replace('(F, G)', 'F * G')}`, /^taken$/],
    [HEAD.replace('2023-09', '2042-01') + STEP, /^j\.yaml:1: specificationVersion: .*jobtemplate-2023-09/],
    [
      `${HEAD}parameterDefinitions:\n- { name: X, type: BOOL }\n${STEP}`,
      /^j\.yaml:4: .*type of parameter is not supported/,
    ],
    [
      `${HEAD}parameterDefinitions:\n- { name: X, type: INT }\n${STEP}`,
      /^j\.yaml:4: the parameter X has no default; give it with -p X=/,
    ],
    [
      `${HEAD}${STEP}  hostRequirements:\n    attributes:\n    - { name: attr.rack, anyOf: [one] }\n`,
      /^j\.yaml:8: the requirement attr\.rack is not supported/,
    ],
    [`${HEAD}${STEP}  dependencies:\n  - dependsOn: B\n`, /^j\.yaml:7: there is no step "B"; there are none/],
    [
      `${HEAD}${STEP}  dependencies:\n  - dependsOn: A\n`,
      /"A" needs "A": steps that wait for each other in a circle/,
    ],
    [
      HEAD + STEP.replace('"true"', '"{{Param.Nix}}"'),
      /^j\.yaml:5: steps\.0\.script\.actions\.onRun\.command: \{\{Param\.Nix\}\} is not known here/,
    ],
    [HEAD + STEP.replace('"true"', '"{{1 + 2}}"'), /\{\{1 \+ 2\}\} is an expression/],
    [
      HEAD + STEP.replace('"true"', '"true", cancelation: { mode: NOTIFY_THEN_TERMINATE }'),
      /only TERMINATE is supported/,
    ],
    [
      `${HEAD}${STEP}  parameterSpace:\n    taskParameterDefinitions:\n    - { name: F, type: INT, range: "1-20000" }\n`,
      /^j\.yaml:8: that makes .* tasks, and 10,000 are the most/,
    ],
  ] as [string, RegExp][])
    assert.match(await refusalOf(text), said, text);
  const bounded = `${HEAD}parameterDefinitions:\n- { name: X, type: INT, default: 3, maxValue: 5 }\n${STEP}`;
  assert.match(
    await refusalOf(bounded, { X: '6' }),
    /^j\.yaml:4: -p X=6: the parameter has to be 5 at the most/,
  );
  assert.match(
    await refusalOf(bounded, { Y: '1' }),
    /has no such parameter; did you mean|has no such parameter; there are X/,
  );
});

test('chunks are those of the conformance tests of the specification', () => {
  const chunks = (range: string, count: number, isContiguous: boolean): string[] => {
    const read = readRange(range);
    return inChunks(read.ok ? read.value : [], { count, isContiguous });
  };
  assert.deepEqual(chunks('1-12', 5, true), ['1-4', '5-8', '9-12']);
  assert.deepEqual(chunks('1,10-12', 10, true), ['1-1', '10-12']);
  assert.deepEqual(chunks('1-8', 3, false), ['1-3', '4-6', '7,8']);
  assert.deepEqual(chunks('1-10', 5, false), ['1-5', '6-10']);
  assert.deepEqual(chunks('1-9:2,20', 10, false), ['1-9:2,20']);
  assert.deepEqual(chunks('-3--1', 100, true), ['-3--1']);
});

test('ranges and combinations are those of the specification', () => {
  for (const [text, values] of [
    ['1 - 5', [1, 2, 3, 4, 5]],
    ['1 - -1', [1]],
    ['-1 - 1', [-1, 0, 1]],
    ['10-15:2,1-5', [1, 2, 3, 4, 5, 10, 12, 14]],
    ['1-10:4', [1, 5, 9]],
    ['1-10:4,9', null],
    ['one', null],
  ] as [string, number[] | null][]) {
    const read = readRange(text);
    assert.deepEqual(read.ok ? read.value : null, values, text);
  }
  const values = new Map([
    ['A', ['1', '2']],
    ['B', ['x', 'y']],
    ['C', ['7', '8', '9']],
  ]);
  const tasks = (expression: string | undefined): string => {
    const combined = combine(values, expression);
    return combined.ok ? combined.value.map(({ A, B, C }) => `${A}${B}${C}`).join(' ') : combined.message;
  };
  assert.equal(tasks('(A,B) * C'), '1x7 1x8 1x9 2y7 2y8 2y9');
  assert.equal(tasks(undefined).split(' ').length, 12);
  assert.match(tasks('(A,C) * B'), /2 and 3 values/);
  assert.match(tasks('A * A'), /stands in it twice/);
  assert.match(tasks('(A, B'), /a "\)" is missing/);
  assert.match(tasks('A * B'), /"C" does not stand in it/);
});

test('a path that is given is named from the folder of whoever gives it; a sequence of images is all of them', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'pilot-openjd-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  for (const name of ['a_0001.png', 'a_0002.png', 'b_0001.png']) await writeFile(join(folder, name), '');
  const template = `${HEAD}parameterDefinitions:\n- { name: X, type: PATH, objectType: FILE, dataFlow: IN }\n${STEP}`;
  const document = readDocument('j.yaml', template);
  const { jobs } = await openJobDescription.jobs(document, new Map([['X', 'a_%04d.png']]), folder);
  const { paths } = (await jobs[0]?.plan(() => assert.fail()).files({ folder } as never)) ?? { paths: [] };
  assert.deepEqual(
    paths.map((path) => basename(path)).filter((name) => name.endsWith('.png')),
    ['a_0001.png', 'a_0002.png'],
  );
  await assert.rejects(
    (async () => openJobDescription.jobs(document, new Map([['X', 'c_%04d.png']]), folder))(),
    /there is no file or folder c_%04d\.png/,
  );
});
