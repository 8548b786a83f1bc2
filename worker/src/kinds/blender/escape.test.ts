import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { levels } from '@parallel-pilot/sandbox/test-fixtures/levels.ts';
import { execa } from 'execa';
import { farm, makeScenes, type Run } from '../../../test-fixtures/farm.ts';
import { blenderKind } from './index.ts';

const scenes = await makeScenes();
const { scratch, remove } = scenes;
after(remove);
await writeFile(join(scratch, '..', 'secret'), 'of another job');
const holder = execa('sleep', ['1000'], { env: { PILOT_TOKEN: 'sesame' }, reject: false });
after(() => void holder.kill());

for (const sandbox of await levels()) {
  const confined = sandbox.level === 'bubblewrap';
  const level = `(sandbox: ${sandbox.level})`;
  const runner = blenderKind().createRunner({ threads: 1, folder: scratch, sandbox, onLog: () => {} });
  const { probe, render } = farm(runner, scenes);
  after(() => runner.close());

  test(`a script in a .blend reads the host, the token and the network ${level}`, async () => {
    const { outcome } = await probe('escapes.blend', { scripts: true });
    if (confined) assert.ok(outcome.ok, message({ outcome }));
    else assert.match(message({ outcome }), /script-failed: .*got .*secret, .*own input.*the token/);
  });

  test(`frames of a file that was only opened once come out, and their folder goes ${level}`, async () => {
    for (const frame of [1, 2]) {
      const run = await render('quick.blend', frame);
      assert.ok(run.outcome.ok, message(run));
      assert.deepEqual(await readdir(run.outputs), ['frame.png']);
    }
  });
}

test('no folder of an ended Blender is left', async () => {
  const [sandbox] = (await levels()).slice(-1);
  assert.ok(sandbox);
  const own = join(scratch, 'own');
  const runner = blenderKind().createRunner({ threads: 1, folder: own, sandbox, onLog: () => {} });
  const { render } = farm(runner, scenes);
  assert.ok((await render('quick.blend', 1)).outcome.ok);
  // Blender's and that of the decoder.
  assert.equal((await readdir(own)).length, 2);
  await render('exits.blend', 1, {}, { scripts: true });
  await runner.close();
  assert.deepEqual(await readdir(own), []);
});

const message = ({ outcome }: Pick<Run, 'outcome'>): string =>
  outcome.ok ? 'ok' : `${outcome.code}: ${outcome.message}\n${outcome.log}`;
