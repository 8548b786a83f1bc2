import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gatherFiles, kindsFor } from './gather-files.ts';

const part = (name: string, ...extensions: string[]) => ({ name, what: name, extensions });
const kinds = [
  { name: 'blender', asks: 'a', marks: null, files: [part('source', '.blend', '.zip')] },
  {
    name: 'training',
    asks: 'b',
    marks: /import pilot/,
    files: [
      part('script', '.py'),
      part('data', '.npz', '.csv', '.zip'),
      { ...part('from', '.pt'), optional: true },
    ],
  },
];
const file = (name: string, size = 1) => ({ name, size });

const command = {
  name: 'command',
  asks: 'c',
  marks: null,
  files: [{ ...part('files', ''), many: true }],
};

function gathered(held: string[], fresh: string[], all = kinds, script: string | null = null): string {
  const found = gatherFiles(
    all,
    held.map((name) => file(name)),
    fresh.map((name) => file(name)),
    script,
  );
  if (!found.ok) return found.message;
  const files = found.files.map(({ part: name, file: { name: own } }) => `${name}=${own}`);
  const missing = found.missing.map(({ name }) => `no ${name}`);
  return [found.kind.name, ...files, ...missing].join(' ');
}

test('which files make a job of which kind', () => {
  const cases: [string[], string[], string][] = [
    [[], ['a.blend'], 'blender source=a.blend'],
    [[], ['a.ZIP'], 'blender source=a.ZIP'],
    [[], ['a.py'], 'training script=a.py no data'],
    [[], ['a.npz'], 'training data=a.npz no script'],
    [[], ['a.npz', 'a.py'], 'training script=a.py data=a.npz'],
    [[], ['a.zip', 'a.py'], 'training script=a.py data=a.zip'],
    [['a.py'], ['a.csv'], 'training script=a.py data=a.csv'],
    [['a.py'], ['a.zip'], 'training script=a.py data=a.zip'],
    [['a.zip'], ['a.py'], 'training script=a.py data=a.zip'],
    [['a.py', 'a.csv'], ['b.zip'], 'training script=a.py data=b.zip'],
    [['a.py', 'a.csv'], ['b.py'], 'training script=b.py data=a.csv'],
    [[], ['a.pt'], 'training from=a.pt no script no data'],
    [['a.py', 'a.csv'], ['a.pt'], 'training script=a.py data=a.csv from=a.pt'],
    [['a.blend'], ['b.blend'], 'blender source=b.blend'],
    [['a.py'], ['b.blend'], 'blender source=b.blend'],
    [['a.blend'], ['b.py'], 'training script=b.py no data'],
  ];
  for (const [held, fresh, expected] of cases) assert.equal(gathered(held, fresh), expected);
});

test('what makes no job is told in a sentence', () => {
  assert.match(gathered([], []), /not a file/);
  assert.match(gathered([], ['a.py', 'a.txt']), /"a.txt" is none of .blend, .zip, .py, .npz, .csv, .pt\./);
  assert.match(gathered([], ['a.blend', 'a.py']), /no job together/);
  assert.match(gathered([], ['a.py', 'b.py']), /no job together/);
  const empty = gatherFiles(kinds, [], [file('a.py', 0)]);
  assert.ok(!empty.ok && /"a.py" is empty/.test(empty.message));
});

test('what takes any file takes what no other kind is for, and scripts that are not of one', () => {
  const all = [...kinds, command];
  const own = 'import pilot';
  const cases: [string[], string[], string | null, string][] = [
    [[], ['a.py'], 'print(1)', 'command a.py=a.py'],
    [[], ['a.py'], own, 'training script=a.py no data'],
    [[], ['a.py', 'a.csv'], 'print(1)', 'command a.py=a.py a.csv=a.csv'],
    [[], ['a.csv', 'a.py'], own, 'training script=a.py data=a.csv'],
    [['a.py'], ['a.csv'], own, 'training script=a.py data=a.csv'],
    [['a.py'], ['b.py'], 'print(1)', 'command b.py=b.py a.py=a.py'],
    [[], ['a.wav', 'b.wav'], null, 'command a.wav=a.wav b.wav=b.wav'],
    [[], ['a.npz'], null, 'training data=a.npz no script'],
    [[], ['a.blend'], null, 'blender source=a.blend'],
  ];
  for (const [held, fresh, script, expected] of cases)
    assert.equal(gathered(held, fresh, all, script), expected);
  const inFolder = (path: string) => ({ ...file(path.split('/').at(-1) ?? ''), webkitRelativePath: path });
  const folder = gatherFiles(
    all,
    [],
    [inFolder('sims/sim.py'), { ...inFolder('sims/lib/__init__.py'), size: 0 }],
    '',
  );
  assert.deepEqual(folder.ok && folder.files.map(({ part: path }) => path), [
    'sims/sim.py',
    'sims/lib/__init__.py',
  ]);
  assert.deepEqual(
    kindsFor(all, [file('a.py'), file('a.csv')]).map(({ name }) => name),
    ['training', 'command'],
  );
});
