import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { levels } from '@parallel-pilot/sandbox/test-fixtures/levels.ts';
import { InitializeResult } from '@parallel-pilot/shared/kinds/training/stages.ts';
import { createRig, done, failed, type Rig } from './fixtures/rig.ts';

// torch is imported for the .pt files to come: once, before the forks.
const SCRIPT = `
import numpy as np
import pilot
import torch
X, y = pilot.data("unused")
pilot.weights({"fc.weight": np.zeros((2, 3), np.float32), "fc.bias": np.zeros(2, np.float32), "seen": np.array(0)})
`;

/** Every format with the same arrays, and files that are none or do not fit. */
const MAKE = `
import collections, json, pickle, struct, torch
full = {"fc.weight": np.arange(6, dtype=np.float32).reshape(2, 3), "fc.bias": np.ones(2, np.float64), "seen": np.array(7)}
np.savez(at("full.npz"), **full)
state = collections.OrderedDict((name, torch.from_numpy(np.array(value))) for name, value in full.items())
torch.save(state, at("full.pt"))
torch.save({"epoch": 3, "model_state_dict": {"module." + name: value for name, value in state.items()}}, at("wrapped.pth"))
def tensors(name, arrays, **more):
    header, body = dict(more), b""
    for key, (dtype, array) in arrays.items():
        header[key] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [len(body), len(body) + array.nbytes]}
        body += array.tobytes()
    text = json.dumps(header).encode()
    with open(at(name), "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + body)
tensors("full.safetensors", {"fc.weight": ("F32", full["fc.weight"]), "fc.bias": ("F64", full["fc.bias"]), "seen": ("I64", full["seen"])}, __metadata__={"format": "pt"})
half = (full["fc.weight"].view(np.uint32) >> 16).astype(np.uint16)
tensors("half.safetensors", {"fc.weight": ("BF16", half), "fc.bias": ("F64", full["fc.bias"]), "seen": ("I64", full["seen"])})
tensors("float8.safetensors", {"fc.weight": ("F8_E4M3", np.zeros(6, np.uint8))})
tensors("beyond.safetensors", {}, **{"fc.weight": {"dtype": "F32", "shape": [2 ** 40], "data_offsets": [0, 2 ** 42]}})
with open(at("endless.safetensors"), "wb") as file:
    file.write(struct.pack("<Q", 2 ** 62) + b"{}")
np.savez(at("head.npz"), **dict(full, **{"fc.weight": np.ones((4, 3), np.float32)}))
np.savez(at("other.npz"), unlike=np.ones(3))
np.savez(at("more.npz"), extra=np.ones(3), **full)
np.savez(at("nan.npz"), **dict(full, **{"fc.bias": np.array([1, np.nan], np.float32)}))
np.savez(at("objects.npz"), **{"fc.weight": np.array([{}], dtype=object)})
class Evil:
    def __reduce__(self):
        return (__import__("os").system, ("echo gone > %s" % at("evil-ran"),))
torch.save({"fc.weight": Evil()}, at("evil.pt"))
torch.save(torch.nn.Linear(3, 2), at("whole.pt"))
torch.save(state, at("old.pt"), _use_new_zipfile_serialization=False)
with open(at("text.npz"), "w") as file:
    file.write("hello")
`;

for (const sandbox of await levels()) {
  let rig: Rig;
  let data: string;
  const from = (name: string, fitting = false) =>
    rig.initialize(SCRIPT, data, {}, {}, { path: join(rig.root, name), fitting });
  const message = async (name: string, fitting = false) => {
    const [, said] = /^bad-start: (.*)$/s.exec(failed(await from(name, fitting))) ?? [];
    assert.ok(said !== undefined, `${name} was taken`);
    return said;
  };
  before(async () => {
    rig = await createRig(sandbox);
    data = join(rig.root, 'data.npz');
    await rig.python(`
import os
at = lambda name: os.path.join(${JSON.stringify(rig.root)}, name)
np.savez(at("data.npz"), X=np.ones((4, 2)), y=np.array([0, 1, 0, 1]))
${MAKE}`);
  });
  after(() => rig.close());

  test(`a training starts from weights of every format, in the script's own types (sandbox: ${sandbox.level})`, async () => {
    for (const name of ['full.npz', 'full.pt', 'full.safetensors', 'half.safetensors', 'wrapped.pth']) {
      const ran = await from(name);
      const { started, parameters } = InitializeResult.parse(done(ran));
      assert.deepEqual([started, parameters], [{ taken: 3, left: [], unused: [] }, 9], name);
      await rig.python(`
w = np.load(${JSON.stringify(join(ran.outputs, 'weights.npz'))})
assert w["fc.weight"].tolist() == [[0, 1, 2], [3, 4, 5]] and w["fc.weight"].dtype == np.float32
assert w["fc.bias"].tolist() == [1, 1] and w["fc.bias"].dtype == np.float32
assert w["seen"] == 7`);
    }
  });

  test(`what does not fit is told by name, or left as the script makes it (sandbox: ${sandbox.level})`, async () => {
    assert.match(
      await message('head.npz'),
      /^The weights in "head\.npz" do not fit the script: "fc\.weight" has the shape \(4, 3\) there and \(2, 3\) in the script\. To take what fits \(2 of 3\)/,
    );
    assert.match(
      await message('other.npz'),
      /"fc\.weight" is not in the file; .*the script has no "unlike"\.$/,
    );
    assert.match(await message('more.npz'), /: the script has no "extra"\./);
    assert.match(await message('other.npz', true), /"fc\.weight" is not in the file/);
    const { started } = InitializeResult.parse(done(await from('head.npz', true)));
    assert.deepEqual(started, { taken: 2, left: ['fc.weight'], unused: [] });
  });

  test(`a file that is no weights is refused with the reason, and no code of it runs (sandbox: ${sandbox.level})`, async () => {
    assert.match(await message('nan.npz'), /"fc\.bias" holds numbers that are not finite/);
    assert.match(await message('objects.npz'), /it is damaged, or not the \.npz that its name says/);
    assert.match(await message('text.npz'), /it is damaged/);
    assert.match(
      await message('evil.pt'),
      /: torch \S+ finds more than weights in it, or it is damaged\. Save model\.state_dict\(\)/,
    );
    assert.match(await message('whole.pt'), /finds more than weights in it/);
    assert.match(await message('old.pt'), /it was not saved by torch 1\.6 or later/);
    assert.match(await message('float8.safetensors'), /the type F8_E4M3, which is not known here/);
    assert.match(await message('beyond.safetensors'), /not as many bytes as its shape says/);
    assert.match(await message('endless.safetensors'), /its header is longer than it may be/);
    await rig.python(`
import os
assert not os.path.exists(${JSON.stringify(join(rig.root, 'evil-ran'))})`);
  });
}
