import { processorProblem } from '@parallel-pilot/shared/kinds/container/image-stage.ts';
import { FunctionSpec } from '@parallel-pilot/shared/kinds/function/spec.ts';
import { keepImage, lockFunction } from '@parallel-pilot/shared/server/db/function-images.ts';
import { inTransaction } from '@parallel-pilot/shared/server/db/in-transaction.ts';
import { knownFleetOf } from '../../fleet.ts';
import type { Parts } from '../../parts.ts';
import { type ImageTaskResult, imageTask } from '../container/image-task.ts';
import type { BackgroundTask } from '../kind.ts';
import { releaseSources } from './desk/sources.ts';

/** The stage task of the image of a version, which is kept for all its jobs. */
export async function takeImage(parts: Parts, task: BackgroundTask): Promise<ImageTaskResult> {
  const { db, clock } = parts;
  const { function: of, version, image: source } = FunctionSpec.parse(JSON.parse(task.job.spec_json));
  if (source === null) throw new Error('an image was made for a function that asks for none');
  const result = await imageTask(parts, task, { source, kind: 'function' });
  if (result.outcome !== 'done' || result.value === null) return result;
  const { person_id: person, team_id: team } = task.job;
  const fleet = (await knownFleetOf(db, clock()))({ person, team });
  // A version whose image is written down is taken for one that can be called.
  const problem = processorProblem(fleet, result.value);
  if (problem !== null) return { outcome: 'fail', ...problem };
  const image = { json: JSON.stringify(result.value), blobs: result.blobs };
  const whose = { function: of, version, team };
  await inTransaction(db, async (db) => {
    await lockFunction(db, of);
    await keepImage(db, whose, image, clock());
    await releaseSources(db, of);
  });
  return result;
}
