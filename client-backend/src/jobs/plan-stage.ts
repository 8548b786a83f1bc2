import { createHash } from 'node:crypto';
import type { StagePlan } from '@parallel-pilot/shared/kinds/kind.ts';
import { type JobId, newId, type StageId } from '@parallel-pilot/shared/model/ids.ts';
import { Placement, requirementsOf } from '@parallel-pilot/shared/model/placement.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { insertStage } from '@parallel-pilot/shared/server/db/stages.ts';
import type { Parts } from '../parts.ts';

/** Of a job's row: which workers it asks for, and what of each. */
export type StageOwner = { id: JobId; placement_json: string | null; asked_json: string | null };

/**
 * Writes a planned stage with all of its chunks. It asks for the workers that its job asks for, and of them for what
 * the job does unless its kind says something else. Call it in the transaction that makes the plan true.
 */
export async function planStage(
  db: Db,
  { random, clock }: Pick<Parts, 'random' | 'clock'>,
  { id: job, placement_json: placement, asked_json: asked }: StageOwner,
  ordinal: number,
  plan: StagePlan,
): Promise<StageId> {
  const id = newId('stg', random);
  const row = {
    id,
    job_id: job,
    ordinal,
    name: plan.name,
    state: 'open' as const,
    spec_json: JSON.stringify(plan.spec),
    inputs_json: JSON.stringify(plan.inputs),
    requirements_json: JSON.stringify([...plan.requirements, ...placementOf(placement)]),
    asked_json: plan.asked === undefined ? asked : JSON.stringify(plan.asked),
    affinity: affinityIn(job, plan.affinity),
    chunk_count: plan.chunks.length,
    quorum: plan.quorum?.chunks ?? null,
    quorum_after_ms: plan.quorum?.afterMs ?? null,
    span_from: plan.span?.from ?? 0,
    span_to: plan.span?.to ?? 1,
    iteration: plan.iteration ?? null,
    gang_min: plan.gang?.min ?? null,
    pins_json: plan.pins === undefined ? null : JSON.stringify(plan.pins),
    lasting: plan.lasting === true ? 1 : null,
    planned_at: clock(),
    closed_at: null,
  };
  await insertStage(db, row, plan.chunks);
  return id;
}

const placementOf = (json: string | null) =>
  json === null ? [] : requirementsOf(Placement.parse(JSON.parse(json)));

/** Jobs of equal content share no warm process either: what a script of one left in it would be the other's. */
const affinityIn = (job: JobId, content: string): string =>
  createHash('sha256').update(`${job}\n${content}`).digest('hex').slice(0, 32);
