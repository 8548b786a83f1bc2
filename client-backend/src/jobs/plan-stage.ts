import { createHash } from 'node:crypto';
import type { StagePlan } from '@parallel-pilot/shared/kinds/kind.ts';
import { type JobId, newId, type StageId } from '@parallel-pilot/shared/model/ids.ts';
import type { Asked } from '@parallel-pilot/shared/model/resources.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { insertStage } from '@parallel-pilot/shared/server/db/stages.ts';
import type { Parts } from '../parts.ts';

/** Writes a planned stage with all of its chunks, which ask for what the job does unless their kind says something else. Call it in the transaction that makes the plan true. */
export async function planStage(
  db: Db,
  { random, clock }: Pick<Parts, 'random' | 'clock'>,
  { job, asked }: { job: JobId; asked: Asked | null },
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
    requirements_json: JSON.stringify(plan.requirements),
    asked_json: toJson(plan.asked ?? asked),
    affinity: affinityIn(job, plan.affinity),
    chunk_count: plan.chunks.length,
    quorum: plan.quorum?.chunks ?? null,
    quorum_after_ms: plan.quorum?.afterMs ?? null,
    span_from: plan.span?.from ?? 0,
    span_to: plan.span?.to ?? 1,
    iteration: plan.iteration ?? null,
    planned_at: clock(),
    closed_at: null,
  };
  await insertStage(db, row, plan.chunks);
  return id;
}

const toJson = (asked: Asked | null): string | null => (asked === null ? null : JSON.stringify(asked));

/** Jobs of equal content share no warm process either: what a script of one left in it would be the other's. */
const affinityIn = (job: JobId, content: string): string =>
  createHash('sha256').update(`${job}\n${content}`).digest('hex').slice(0, 32);
