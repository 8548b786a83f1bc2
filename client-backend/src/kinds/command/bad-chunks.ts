import { bytesOf, DATA, RunsResult } from '@parallel-pilot/shared/kinds/command/stages.ts';
import type { RejectChunks } from '@parallel-pilot/shared/protocol/control.ts';
import { ResultFile } from '@parallel-pilot/shared/protocol/workers.ts';
import { doneChunks } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import { z } from 'zod';
import type { Parts } from '../../parts.ts';
import type { BackgroundTask } from '../kind.ts';
import { FEW_CHUNKS } from './done-runs.ts';

const MOST = 1_000;
const Files = z.array(ResultFile);

/** Chunks of the stage whose bytes are not those that their reports speak of: a worker said so, or a blob was lost. */
export async function badChunks(
  { db, blobs }: Pick<Parts, 'db' | 'blobs'>,
  { stage, signal, onProgress }: BackgroundTask,
): Promise<RejectChunks['chunks']> {
  const bad: RejectChunks['chunks'] = [];
  for (let after = -1; bad.length < MOST; ) {
    const rows = await doneChunks(db, stage.id, after, FEW_CHUNKS);
    for (const { id, result_json, files_json } of rows) {
      const result = RunsResult.safeParse(JSON.parse(result_json ?? 'null'));
      const [file] = Files.parse(JSON.parse(files_json ?? '[]')).filter(({ name }) => name === DATA);
      const expected = result.success ? bytesOf(result.data) : -1;
      const size = file === undefined ? 0 : await blobs.size(file.hash);
      if (size !== expected)
        bad.push({ chunk: id, message: 'What came is not what its worker reported, or it was lost.' });
    }
    signal.throwIfAborted();
    const last = rows.at(-1);
    if (last === undefined || rows.length < FEW_CHUNKS) return bad;
    onProgress(last.ordinal / stage.chunk_count);
    after = last.ordinal;
  }
  return bad;
}
