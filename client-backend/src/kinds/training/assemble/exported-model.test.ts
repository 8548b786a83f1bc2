import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EvaluateResult } from '@parallel-pilot/shared/kinds/training/stages.ts';
import { exportedModel } from './exported-model.ts';

const file = { name: 'onnx', hash: 'a'.repeat(64), size: 7, mediaType: 'text/html' };
const result = (exported: unknown) => EvaluateResult.parse({ metrics: null, seconds: 1, exported });

test('a model that was exported is a file of the job by the name and type that the farm gives it', () => {
  const { artifacts, notes } = exportedModel(
    { files_json: JSON.stringify([file]) },
    result({ problem: null }),
  );
  assert.deepEqual(artifacts, [
    { name: 'model.onnx', hash: file.hash, size: 7, mediaType: 'application/octet-stream' },
  ]);
  assert.deepEqual(notes, []);
});

test('a file that the script did not ask for is none, and why one is missing is told', () => {
  assert.deepEqual(exportedModel({ files_json: JSON.stringify([file]) }, result(null)).artifacts, []);
  const [note] = exportedModel({ files_json: null }, result({ problem: 'no symbol for it.' })).notes;
  assert.equal(note?.message, 'There is no model.onnx: no symbol for it.');
  const [other] = exportedModel({ files_json: '[]' }, result({ problem: null })).notes;
  assert.equal(other?.message, 'There is no model.onnx: Its worker did not send it.');
});
