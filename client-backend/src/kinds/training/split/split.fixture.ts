import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { TrainingPlan } from '@parallel-pilot/shared/kinds/training/stages.ts';
import type { BlobHash } from '@parallel-pilot/shared/model/ids.ts';
import { findBlob } from '@parallel-pilot/shared/server/db/blobs.ts';
import type { TestFarm } from '../../../jobs/test-farm.fixture.ts';
import type { StageTaskResult } from '../../kind.ts';
import { openNpz } from '../data/open-npz.ts';
import { addTraining, backgroundTaskFor, type GivenTraining } from '../training.fixture.ts';
import { splitData } from './split.ts';

type Given = Omit<GivenTraining, 'data'> & { data: Buffer | string };

/** Splits data on a farm, and reads what came of it. */
export function splitter(farmOf: () => TestFarm) {
  async function runSplit({ data, ...given }: Given): Promise<StageTaskResult> {
    const job = await addTraining(farmOf().parts, { data: Buffer.from(data), ...given });
    return splitData(farmOf().parts, await backgroundTaskFor(farmOf().parts, job));
  }

  /** The plan, and the bytes of its parts: the shards, then the held-out part. */
  async function splitOf(given: Given): Promise<{ plan: TrainingPlan; parts: Buffer[] }> {
    const result = await runSplit(given);
    assert.equal(result.outcome, 'done', JSON.stringify(result));
    const plan = TrainingPlan.parse('value' in result ? result.value : null);
    const inputs = [...plan.shards, ...(plan.holdout === null ? [] : [plan.holdout])].map(
      ({ input }) => input,
    );
    const parts: Buffer[] = [];
    for (const input of inputs) {
      assert.ok(input !== null);
      const { hash, size } = input;
      const bytes = await bytesOf(hash);
      assert.equal(bytes.length, size);
      assert.notEqual(await findBlob(farmOf().parts.db, hash), undefined, 'a part is not noted');
      parts.push(bytes);
    }
    return { plan, parts };
  }

  const bytesOf = async (hash: BlobHash) => Buffer.concat(await farmOf().parts.blobs.read(hash).toArray());

  /** Why data is not taken, when it is handed in or when it is split. */
  async function problemOf(given: Given): Promise<string> {
    const result = await runSplit(given).catch((refused: Error) => refused);
    if (result instanceof Error) return result.message;
    assert.ok(result.outcome === 'fail', JSON.stringify(result));
    return result.message;
  }

  /** The values of every array of an .npz as hex rows, read by offset: entries must be stored. */
  async function arraysOf(npz: Buffer): Promise<Record<string, string[]>> {
    const { hash } = await farmOf()
      .parts.blobs.write(Readable.from([npz]), { maxBytes: 1e9 })
      .then((written) => (written.ok ? written : assert.fail()));
    const opened = await openNpz(farmOf().parts.blobs.localPath(hash));
    assert.ok(opened.ok, JSON.stringify(opened));
    const rows: Record<string, string[]> = {};
    for (const { name, entry, header, stored } of opened.npz.arrays.values()) {
      assert.ok(stored);
      const { fileDataStart } = await opened.npz.zip.readLocalFileHeaderPromise(entry, { minimal: true });
      const count = header.shape[0] ?? 0;
      const values = npz.subarray(fileDataStart + header.length, fileDataStart + entry.uncompressedSize);
      const size = values.length / count;
      rows[name] = Array.from({ length: count }, (_, row) =>
        values.toString('hex', row * size, (row + 1) * size),
      );
    }
    opened.npz.close();
    return rows;
  }
  return { runSplit, splitOf, problemOf, bytesOf, arraysOf };
}
