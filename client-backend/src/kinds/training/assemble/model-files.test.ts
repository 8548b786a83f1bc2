import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import type { StageInput } from '@parallel-pilot/shared/protocol/stage-input.ts';
import type { BlobStore } from '@parallel-pilot/shared/server/blobs/blob-store.ts';
import { createFolderStore } from '@parallel-pilot/shared/server/blobs/folder-store.ts';
import { modelFiles } from './model-files.ts';

const PYTHON = process.env.PILOT_PYTHON ?? '/usr/bin/python3';
/** Weights of every type and shape, names that make trouble in objects and archives among them. */
const WEIGHTS = `
import json, struct, sys, numpy as np
r = np.random.default_rng(0)
weights = {"layer.0/" + np.dtype(t).str[1:]: (r.normal(size=(3, 5)) * 50).astype(t) for t in
           ("b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8")}
weights.update({"__proto__": np.float32([1, 2]), "0": np.array(7), "Größe 'x'": np.zeros((0, 4), np.float32),
                "odd": np.arange(3, dtype=np.uint8), "deep": np.ones((1,) * 32)})
`;
/** Reads safetensors by its specification alone. */
const READ = `
def tensors(path):
    types = dict(BOOL="?", I8="i1", I16="<i2", I32="<i4", I64="<i8", U8="u1", U16="<u2", U32="<u4", U64="<u8",
                 F16="<f2", F32="<f4", F64="<f8")
    data = open(path, "rb").read()
    length = struct.unpack("<Q", data[:8])[0]
    body = data[8 + length:]
    end = 0
    for name, it in sorted(json.loads(data[8:8 + length]).items(), key=lambda item: item[1]["data_offsets"]):
        begin, stop = it["data_offsets"]
        dtype = np.dtype(types[it["dtype"]])
        assert begin == end and (8 + length + begin) % dtype.itemsize == 0, (name, begin, end)
        end = stop
        yield name, np.frombuffer(body[begin:stop], dtype).reshape(it["shape"])
    assert end == len(body) and data[8:9] == b"{"
`;

let folder: string;
let blobs: BlobStore;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pilot-model-'));
  blobs = await createFolderStore(join(folder, 'blobs'));
});
after(() => rm(folder, { recursive: true, force: true }));

const python = (lines: string, ...args: string[]) =>
  promisify(execFile)(PYTHON, ['-B', '-c', WEIGHTS + READ + lines, ...args]);

test('numpy and safetensors give back every array as it was, whatever its type, shape and name', async () => {
  const path = join(folder, 'weights.npz');
  await python('np.savez(sys.argv[1], **weights)', path);
  const stored = await blobs.write(createReadStream(path), { maxBytes: 1e9 });
  assert.ok(stored.ok);
  const { hash, size } = stored;
  const input = { path: 'weights.npz', hash, size } as StageInput;
  const made = await modelFiles(blobs, { name: 'model', weights: input }, new AbortController().signal);
  assert.deepEqual(
    made.map(({ name, mediaType }) => [name, mediaType]),
    [
      ['model.npz', 'application/zip'],
      ['model.safetensors', 'application/octet-stream'],
    ],
  );
  const again = await modelFiles(blobs, { name: 'model', weights: input }, new AbortController().signal);
  assert.deepEqual(again, made, 'the same weights made other bytes');
  const paths = made.map((file) => blobs.localPath(file.hash));
  await python(
    `
for found in (dict(np.load(sys.argv[1])), dict(tensors(sys.argv[2]))):
    assert sorted(found) == sorted(weights), sorted(found)
    for name, array in weights.items():
        assert found[name].dtype == array.dtype and found[name].shape == array.shape, name
        assert np.array_equal(found[name], array), name`,
    ...paths,
  );
});
