import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { parseValues } from './params.ts';
import { paramsOf } from './script-params.ts';

test('the parameters that a script asks for stand in the form with their defaults', () => {
  const script = `
lr = pilot.param("lr", 1e-3)
width = pilot.param('width', 1_024)
act = pilot.param("act", default="relu",)
seven = pilot.param("seven", "7")
flip = pilot . param ( "flip" , True )
# old = pilot.param("old", 1)
"""pilot.param("quoted", 1)"""
print('pilot.param("printed", 1)')
many = pilot.param("many", os.cpu_count())
none = pilot.param("none")
one = pilot.param("twice", 1); two = pilot.param("twice", 2)
`;
  const rows = paramsOf(script);
  assert.deepEqual(
    rows.map(({ name, values }) => [name, parseValues(values)]),
    [
      ['lr', [1e-3]],
      ['width', [1024]],
      ['act', ['relu']],
      ['seven', ['7']],
      ['flip', [true]],
    ],
  );
  assert.equal(rows[0]?.values, '1e-3');
});

test('a script of much text is read in passing', () => {
  assert.deepEqual(paramsOf(`${'pilot.param("'.repeat(20_000)}${"'".repeat(60_003)}`), []);
});

test('an example has rows', async () => {
  const script = await readFile(
    new URL('../../../../examples/training/digits_mlp.py', import.meta.url),
    'utf8',
  );
  const asked = /pilot\.param\(/.test(script);
  assert.equal(paramsOf(script).length > 0, asked);
});
