import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gatherFiles } from './gather-files.ts';

const part = (name: string, ...extensions: string[]) => ({ name, what: name, extensions });
const kinds = [
  { name: 'blender', asks: 'a', files: [part('source', '.blend', '.zip')] },
  {
    name: 'training',
    asks: 'b',
    files: [
      part('script', '.py'),
      part('data', '.npz', '.csv', '.zip'),
      { ...part('from', '.pt'), optional: true },
    ],
  },
];
const file = (name: string, size = 1) => ({ name, size });

function gathered(held: string[], fresh: string[]): string {
  const found = gatherFiles(
    kinds,
    held.map((name) => file(name)),
    fresh.map((name) => file(name)),
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
