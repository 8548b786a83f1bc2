import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { classPaths } from '../../client-backend/src/kinds/training/data/parts.ts';

const PILOT = fileURLToPath(new URL('../../worker/src/kinds/training/python', import.meta.url));
const SCRIPT = fileURLToPath(new URL('class-paths.py', import.meta.url));

test('the files of an archive have the same classes and parts alone and on the farm', async () => {
  const python = spawn(process.env.PILOT_PYTHON ?? '/usr/bin/python3', ['-B', SCRIPT], {
    env: { PYTHONPATH: PILOT, PYTHONUTF8: '1' },
  });
  python.stderr.pipe(process.stderr);
  const gone = once(python, 'exit');
  const answers = createInterface(python.stdout)[Symbol.asyncIterator]();
  const folder = fc.constantFrom('set', 'train', 'Test', 'val', 'cat', 'dog', 'testing');
  const name = fc.constantFrom(
    '1.png',
    '2.png',
    'README',
    'readme.md',
    'notes.txt',
    'Thumbs.db',
    'labels.csv',
    'licensed',
  );
  const path = fc
    .tuple(fc.array(folder, { maxLength: 3 }), name)
    .map(([folders, file]) => [...folders, file].join('/'));
  try {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(path, { minLength: 1, maxLength: 12 }), async (paths) => {
        python.stdin.write(`${JSON.stringify(paths)}\n`);
        const alone = JSON.parse(String((await answers.next()).value));
        const farm = classPaths(paths);
        const files = farm.ok
          ? farm.files.map(({ path: at, label, part }) => [at, label, part]).toSorted()
          : null;
        assert.deepEqual(files, alone);
      }),
      { numRuns: 2_000 },
    );
  } finally {
    python.stdin.end();
    await gone;
  }
});
