import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { levels } from '@parallel-pilot/sandbox/test-fixtures/levels.ts';
import { Capabilities } from '@parallel-pilot/shared/model/requirement.ts';
import { execa } from 'execa';
import { createRig, done, PYTHON } from './fixtures/rig.ts';
import { trainingKind } from './index.ts';

const root = await mkdtemp(join(tmpdir(), 'pilot-pythons-'));
after(() => rm(root, { recursive: true, force: true }));

for (const sandbox of await levels()) {
  const title = (text: string) => `${text} (sandbox: ${sandbox.level})`;

  test(title('what this machine’s Python has is found without being named'), async () => {
    const found = Capabilities.parse(await trainingKind().detect(sandbox));
    const wanted = await execa(PYTHON, [
      '-c',
      'import numpy, sys; print(sys.version.split()[0], numpy.__version__)',
    ]);
    assert.equal(`${found['training.python']} ${found['training.numpy']}`, wanted.stdout);
    assert.match(String(found['training.torch']), /^1\.|^2\./);
    const modules = found['training.modules'] as string[];
    assert.deepEqual(modules, modules.toSorted());
    for (const name of ['numpy', 'torch', 'sklearn', 'PIL', 'pilot'])
      assert.ok(modules.includes(name), `${name} is not among the modules`);
    // What every Python has is not asked of workers, and would be five hundred names for each of them.
    assert.ok(!modules.includes('json') && !modules.includes('pilot_worker'));
    assert.ok(!modules.some((name) => name.startsWith('_')));
  });

  test(title('a Python without numpy, no Python and another program all train nothing'), async () => {
    const bare = join(root, `bare-${sandbox.level}`);
    await execa(PYTHON, ['-m', 'venv', '--without-pip', bare]);
    for (const python of [join(bare, 'bin', 'python3'), '/nonexistent/python3', '/bin/true'])
      assert.deepEqual(await trainingKind({ python }).detect(sandbox), {}, python);
  });

  test(title('a virtual environment brings its own modules into the sandbox'), async () => {
    const folder = join(root, `env-${sandbox.level}`);
    await execa(PYTHON, ['-m', 'venv', '--without-pip', '--system-site-packages', folder]);
    const [version = ''] = await readdir(join(folder, 'lib'));
    await writeFile(join(folder, 'lib', version, 'site-packages', 'onlyhere.py'), 'VALUE = 41\n');
    const python = join(folder, 'bin', 'python3');
    const found = await trainingKind({ python }).detect(sandbox);
    assert.ok((found['training.modules'] as string[]).includes('onlyhere'));
    const rig = await createRig(sandbox, 1, python);
    try {
      const data = join(rig.root, 'data.npz');
      await rig.python(`np.savez(${JSON.stringify(data)}, X=np.zeros(3))`);
      const script =
        'import numpy as np, pilot, onlyhere\npilot.weights({"w": np.zeros(onlyhere.VALUE + 1)})\n';
      assert.equal(done(await rig.initialize(script, data)).parameters, 42);
    } finally {
      await rig.close();
    }
  });
}

test('what a Python has is remembered until a module comes or goes beside it', async () => {
  const [sandbox] = await levels();
  if (sandbox === undefined) throw new Error('no sandbox level at all');
  const folder = join(root, 'remembering');
  await execa(PYTHON, ['-m', 'venv', '--without-pip', '--system-site-packages', folder]);
  const [version = ''] = await readdir(join(folder, 'lib'));
  const notes = new Map<string, Capabilities>();
  let looks = 0;
  const detect = () =>
    trainingKind({ python: join(folder, 'bin', 'python3') }).detect(sandbox, {
      recall: async (fingerprint) => notes.get(fingerprint) ?? null,
      async keep(fingerprint, capabilities) {
        looks += 1;
        notes.set(fingerprint, capabilities);
      },
    });
  const first = await detect();
  assert.deepEqual(await detect(), first);
  assert.equal(looks, 1);
  await writeFile(join(folder, 'lib', version, 'site-packages', 'later.py'), 'VALUE = 1\n');
  assert.ok(((await detect())['training.modules'] as string[]).includes('later'));
  assert.equal(looks, 2);
});
