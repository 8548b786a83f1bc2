import type { StoredSource } from '@parallel-pilot/shared/kinds/container/image.ts';
import { FunctionSpec } from '@parallel-pilot/shared/kinds/function/spec.ts';
import type { BlobHash } from '@parallel-pilot/shared/model/ids.ts';
import { keepImage } from '@parallel-pilot/shared/server/db/functions.ts';
import { inTransaction } from '@parallel-pilot/shared/server/db/in-transaction.ts';
import type { Parts } from '../../parts.ts';
import { type ImageTaskResult, imageTask } from '../container/image-task.ts';
import type { BackgroundTask } from '../kind.ts';

/** The stage task of the image of a version, which is kept for all its jobs. */
export async function takeImage(parts: Parts, task: BackgroundTask): Promise<ImageTaskResult> {
  const { db, clock } = parts;
  const { function: of, version, image: source } = FunctionSpec.parse(JSON.parse(task.job.spec_json));
  if (source === null) throw new Error('an image was made for a function that asks for none');
  const result = await imageTask(parts, task, { source, kind: 'function' });
  if (result.outcome !== 'done' || result.value === null) return result;
  const image = { json: JSON.stringify(result.value), blobs: result.blobs, madeOf: archiveIn(source) };
  const whose = { function: of, version, team: task.job.team_id };
  await inTransaction(db, (db) => keepImage(db, whose, image, clock()));
  return result;
}

const archiveIn = (source: StoredSource): BlobHash | null => (source.from === 'archive' ? source.blob : null);
