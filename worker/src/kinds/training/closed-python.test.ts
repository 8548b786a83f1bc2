import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { levels } from '@parallel-pilot/sandbox/test-fixtures/levels.ts';
import { asAnotherUser } from '../../../../tests/support/another-user.ts';
import { createRig, done, failed, type Rig } from './fixtures/rig.ts';

// The Python that chunks are forked from is closed to its forks, and so to a worker that is not root. Chunks here last
// for longer than until their open files are looked at.

const isRoot = process.getuid?.() === 0;
const START = `import ctypes, os, time
import numpy as np
import pilot
pilot.data()
w = pilot.weights({"w": np.zeros(3)})
`;
const FINISH = 'pilot.finish(w)\n';

for (const sandbox of await levels()) {
  let rig: Rig;
  let data: string;
  let weights: string;
  before(async () => {
    rig = await createRig(sandbox);
    data = join(rig.root, 'data.npz');
    await rig.python(`np.savez(${JSON.stringify(data)}, X=np.zeros((5, 2)), y=np.arange(5))`);
    const first = await rig.initialize(START, data);
    done(first);
    weights = join(first.outputs, 'weights.npz');
  });
  after(() => rig.close());
  const title = (text: string) => `${text} (sandbox: ${sandbox.level})`;

  // Without a sandbox a worker that is root may do anything, and so may its scripts.
  test(title('a script cannot reach into the Python that later chunks are forked from'), {
    skip: isRoot && sandbox.level === 'none' && 'nothing is closed to root',
  }, async () => {
    const script = `${START}
print(sorted(map(int, os.listdir("/proc/self/fd")))[:3])
for name in ("mem", "environ", "fd/1"):
    try:
        open("/proc/%d/%s" % (os.getppid(), name), "r+b")
        print("opened", name)
    except PermissionError:
        print("closed")
${FINISH}`;
    const ran = await rig.train(script, { data, weights });
    done(ran);
    assert.equal(ran.outcome.log, '[0, 1, 2]\nclosed\nclosed\nclosed\n');
  });

  test(title('a chunk that lasts is not taken for one that hides its files'), async () => {
    const script = `${START}time.sleep(2)\n${FINISH}`;
    for (let chunk = 0; chunk < 2; chunk += 1) done(await rig.train(script, { data, weights }));
  });

  test(title('what is closed for a moment, as each fork is at first, is looked at again'), async () => {
    const script = `${START}
for turn in range(60):
    ctypes.CDLL(None).prctl(4, turn % 2)
    time.sleep(0.05)
${FINISH}`;
    done(await rig.train(script, { data, weights }));
  });

  const HIDE = 'ctypes.CDLL(None).prctl(4, 0)\n';
  const hidden: Record<string, string> = {
    'the script itself': `${HIDE}time.sleep(60)\n`,
    'what it started': `if os.fork() == 0: ${HIDE}time.sleep(60)\n`,
    'what outlives who started it': `
if os.fork() == 0:
    if os.fork() != 0: os._exit(0)
    ${HIDE}    time.sleep(60)
os.wait()
time.sleep(60)
`,
  };
  for (const [who, code] of Object.entries(hidden)) {
    test(title(`files that are hidden by ${who} end it`), {
      skip: isRoot && 'nothing is hidden from root',
    }, async () => {
      assert.match(failed(await rig.train(START + code, { data, weights })), /^died: .*or hid them/);
    });
  }
}

asAnotherUser([fileURLToPath(import.meta.url)], 'a chunk that lasts');
