import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { detectSandbox } from '@parallel-pilot/sandbox/detect.ts';
import { NO_SANDBOX } from '@parallel-pilot/sandbox/test-fixtures/levels.ts';
import fc from 'fast-check';
import { blenderKind } from '../../worker/src/kinds/blender/index.ts';
import { BridgeMessage } from '../../worker/src/kinds/blender/messages.ts';
import { startSession as startBlender } from '../../worker/src/kinds/blender/session.ts';
import { createRig, done, failed, type Rig } from '../../worker/src/kinds/training/fixtures/rig.ts';
import { PythonMessage } from '../../worker/src/kinds/training/messages.ts';
import { startSession as startPython } from '../../worker/src/kinds/training/session.ts';
import { farm, SETTINGS } from '../../worker/test-fixtures/farm.ts';
import { hostileTexts, nested } from '../support/hostile-messages.ts';

// What a child says reaches the agent in callbacks of streams: an exception there ends the process, and so
// this test file, which stands for the agent here.

const BABBLER = fileURLToPath(new URL('../support/babbler.py', import.meta.url));
const DEEP = nested(300_000);

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pilot-words-'));
});
after(() => rm(folder, { recursive: true, force: true }));

type Said = string | [text: string, times: number];
let babblers = 0;

/** A program that says these things instead of working: at the start, then at each command. */
async function babbler(...sayings: Said[][]): Promise<string> {
  babblers += 1;
  const path = join(folder, `babbler-${babblers}`);
  await writeFile(`${path}.json`, JSON.stringify(sayings));
  await writeFile(path, `#!/bin/sh\nexec /usr/bin/python3 -S -E ${BABBLER} ${path}.json\n`, { mode: 0o755 });
  return path;
}

const behind = (text: string): string => `\n%NONCE% ${text}\n`;
const HELLO = behind('{"event":"hello","version":"3.4.1","numpy":"1.24"}');

const common = (): { sandbox: typeof NO_SANDBOX; threads: number; folder: string } => ({
  sandbox: NO_SANDBOX,
  threads: 1,
  folder,
});
const limits = () => ({ hangLimitMs: 5_000, signal: new AbortController().signal });

/** What a Blender's session makes of it all, as two words; the session is closed, and was usable to its end. */
async function askBlender(...sayings: Said[][]): Promise<string> {
  const session = startBlender({ blender: await babbler(...sayings), ...common() });
  const answer = await session.ask(
    { op: 'render', frame: 1, output: 'frame.png', display: null, settings: SETTINGS, cards: null },
    limits(),
  );
  assert.equal(typeof session.alive(), 'boolean');
  await session.close();
  return answer.kind === 'died' ? `died ${answer.exit.kind}` : answer.kind;
}

async function askPython(...sayings: Said[][]): Promise<string> {
  const python = { command: await babbler(...sayings), read: [] };
  const session = startPython({ python, ...common() });
  const answer = await session.ask({ op: 'open', code: null, script: 'script.py' }, limits());
  await session.close();
  return answer.kind === 'died' ? `died ${answer.exit.kind}` : answer.kind;
}

const NONSENSE: [what: string, said: Said[]][] = [
  ['no JSON', [behind('{{{ nonsense')]],
  ['a number instead of a message', [behind('1e400')]],
  ['a reply nested 300,000 deep', [behind(`{"id":%ID%,"ok":true,"ms":1,"rss":1,"log":"","result":${DEEP}}`)]],
  ['brackets without end', [['\n%NONCE% ', 1], ['[', 3_000_000], '\n']],
  [
    'a reply with an id beyond all numbers',
    [behind('{"id":1e400,"ok":true,"ms":1,"rss":1,"log":"","result":1}')],
  ],
  ['a reply to another command', [behind('{"id":77,"ok":true,"ms":1,"rss":1,"log":"","result":1}')]],
  ['a second greeting', [HELLO]],
  ['an event that nobody knows', [behind('{"event":"__proto__","__proto__":{"ok":true}}')]],
  [
    'a result of another form',
    [behind('{"id":%ID%,"ok":true,"ms":1,"rss":1,"result":{"renderMs":"\\u0000"}}')],
  ],
];

describe('what Blender says', () => {
  for (const [what, said] of NONSENSE) {
    test(`${what} ends that Blender alone`, async () => {
      assert.equal(await askBlender([HELLO], said), 'died broken');
    });
  }

  test('a reply before any command, and one beside the true one, end it', async () => {
    const reply = behind('{"id":1,"ok":true,"ms":1,"rss":1,"result":{"renderMs":1}}');
    assert.equal(await askBlender([HELLO, reply.replace('"id":1', '"id":9')], []), 'died broken');
    assert.match(await askBlender([HELLO], [reply, reply]), /^(done|died broken)$/);
  });

  test('a reply as the protocol has it is one', async () => {
    const reply = behind('{"id":%ID%,"ok":true,"ms":1,"rss":1,"result":{"renderMs":1}}');
    assert.equal(await askBlender([HELLO], [reply]), 'done');
  });

  test('whatever it is, it comes to an answer', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(hostileTexts(BridgeMessage), { maxLength: 4 }), async (texts) => {
        const answer = await askBlender([HELLO], [...texts.map(behind), '%END%']);
        assert.match(answer, /^(done|refused|hung|died \w+)$/);
      }),
      { numRuns: 40, seed: 7, endOnFailure: true },
    );
  });
});

describe('what the Python of a training says', () => {
  for (const [what, said] of NONSENSE.slice(0, -1)) {
    test(`${what} ends that Python alone`, async () => {
      assert.equal(await askPython([HELLO], said), 'died broken');
    });
  }

  test('whatever it is, it comes to an answer', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(hostileTexts(PythonMessage), { maxLength: 4 }), async (texts) => {
        const answer = await askPython([HELLO], [...texts.map(behind), '%END%']);
        assert.match(answer, /^(replied|hung|died \w+)$/);
      }),
      { numRuns: 40, seed: 8, endOnFailure: true },
    );
  });
});

/** Lines of Python that find the bridge's own pipe and nonce in the memory of Blender, as any script can. */
const FIND_BRIDGE = [
  'import bpy, gc, os',
  'bridge = next(it for it in gc.get_objects() if isinstance(it, dict) and "replies_out" in it and "nonce" in it)',
  'def say(text): os.write(bridge["replies_out"], ("\\n" + bridge["nonce"] + " " + text + "\\n").encode())',
];
const AT_RENDER = 'bpy.app.handlers.render_pre.append(handler)';
const SCENES: Record<string, string[]> = {
  'nonsense-at-load': [...FIND_BRIDGE, 'say("{{{")'],
  'deep-at-render': [...FIND_BRIDGE, 'def handler(*_): say("[" * 300000 + "]" * 300000)', AT_RENDER],
  // The second command is the frame: this claims that it is done, and lets nobody say otherwise.
  'claims-a-frame': [
    ...FIND_BRIDGE,
    'import time',
    'def handler(*_):',
    '    os.write(2, ("\\n" + bridge["nonce"] + " logged 2\\n").encode())',
    '    say(\'{"id":2,"ok":true,"ms":1,"rss":1,"result":{"renderMs":1}}\')',
    '    time.sleep(3600)',
    AT_RENDER,
  ],
};
const MAKE = `
import bpy, json, os, sys
folder = sys.argv[-1]
for name, lines in json.load(open(os.path.join(folder, "scenes.json"))).items():
    bpy.ops.wm.read_factory_settings()
    if lines:
        text = bpy.data.texts.new("boot.py")
        text.write("\\n".join(lines) + "\\n")
        text.use_module = True
    bpy.ops.wm.save_as_mainfile(filepath=os.path.join(folder, name + ".blend"))
`;

test('a script in a scene that speaks for the bridge harms no frame but its own', async () => {
  const scenes = join(folder, 'scenes');
  const scratch = join(folder, 'scratch');
  for (const path of [scenes, scratch]) await mkdir(path);
  await writeFile(join(scenes, 'scenes.json'), JSON.stringify({ ...SCENES, honest: [] }));
  await writeFile(join(folder, 'make.py'), MAKE);
  const make = ['-b', '--factory-startup', '-noaudio', '--python-exit-code', '1', '--python'];
  await promisify(execFile)('blender', [...make, join(folder, 'make.py'), '--', scenes]);
  const sandbox = await detectSandbox();
  const runner = blenderKind().createRunner({ threads: 1, folder: scratch, sandbox, onLog: () => {} });
  const { render } = farm(runner, { folder: scenes, scratch });
  try {
    for (const name of Object.keys(SCENES)) {
      const { outcome } = await render(`${name}.blend`, 1, {}, { scripts: true });
      assert.ok(!outcome.ok, name);
      const expected = name === 'claims-a-frame' ? 'no-output' : 'script-failed';
      assert.equal(outcome.code, expected, `${name}: ${outcome.message}`);
      if (expected === 'script-failed') assert.match(outcome.message, /makes no sense.*script in the file/);
    }
    const { outcome } = await render('honest.blend', 1);
    assert.ok(outcome.ok, JSON.stringify(outcome));
  } finally {
    await runner.close();
  }
});

/** Lines of Python that find the shared memory and the pipe by which a fork is heard. */
const FIND_FORK = `
import os, sys, time, zlib
import numpy as np
import pilot
from pilot_worker.board import HEAD
frame = sys._getframe()
while "fork" not in frame.f_locals:
    frame = frame.f_back
fork = frame.f_locals["fork"]
board = fork.board
pipe = next(fd for fd in range(200, 260) if os.path.exists("/proc/self/fd/%d" % fd))
def show(text):
    board._memory[HEAD.size : HEAD.size + len(text)] = text
    HEAD.pack_into(board._memory, 0, len(text), zlib.crc32(text))
    time.sleep(1)
def end(text):
    data = fork.nonce + text + fork.nonce
    while data:
        data = data[os.write(pipe, data):]
    os._exit(0)
`;
const FINISH = `
weights = pilot.weights({"w": np.zeros(2)})
pilot.finish(weights, samples=1)
`;
const MEDDLING: [what: string, lines: string][] = [
  ['progress that is a list', 'show(b"[1]")'],
  ['progress nested without end', 'show(b"[" * 60000)'],
  ['progress that is another message', 'show(b\'{"event":"hello","numpy":"1","fraction":7}\')'],
  ['progress that is a reply', 'show(b\'{"id":2,"ok":true,"log":"","result":{}}\')'],
  ['an outcome that is no JSON', 'end(b"{{{")'],
  ['an outcome that is a list', 'end(b"[1]")'],
  ['an outcome that is an event', 'end(b\'{"event":"printed","log":""}\')'],
  ['an outcome nested without end', 'end(b"[" * 300000)'],
  ['an outcome with a number of a million digits', 'end(b\'{"ok":true,"result":1\' + b"0" * 1000000 + b"}")'],
  ['an outcome with NaN and Infinity', 'end(b\'{"ok":true,"result":{"a":NaN,"b":1e400}}\')'],
  ['an outcome under another id', 'end(b\'{"id":99,"ok":false,"code":"no-such-code","message":"x"}\')'],
];

test('a script that speaks for its Python harms no chunk but its own', async () => {
  const rig: Rig = await createRig(await detectSandbox());
  try {
    const data = join(rig.root, 'data.npz');
    await rig.python(`np.savez(${JSON.stringify(data)}, x=np.zeros((4, 2)))`);
    for (const [what, lines] of MEDDLING) {
      const ran = await rig.initialize(`${FIND_FORK}\n${lines}\n${FINISH}`, data);
      assert.match(
        failed(ran),
        /^script-error: .*(changed the Python|what makes no sense)|^unexpected: The result has another form/,
        what,
      );
    }
    // Read as what it is, it ends its own fork, and not the Python that has the modules in it.
    const endless = await rig.initialize(
      `${FIND_FORK}\nend(b'{"ok":true,"result":{"a":1e400}}')\n${FINISH}`,
      data,
    );
    assert.match(failed(endless), /changed the Python around it/);
    done(await rig.initialize(`import pilot\nimport numpy as np\n${FINISH}`, data));
  } finally {
    await rig.close();
  }
});
