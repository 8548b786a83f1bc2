import type { FailedChunk, Kind, PlanningContext } from '@parallel-pilot/shared/kinds/kind.ts';
import { Placement, requirementsOf } from '@parallel-pilot/shared/model/placement.ts';
import { type Capabilities, unmet } from '@parallel-pilot/shared/model/requirement.ts';
import { ResultFile } from '@parallel-pilot/shared/protocol/workers.ts';
import {
  attemptsOf,
  countChunks,
  doneChunks,
  failedChunks,
} from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import type { JobRow } from '@parallel-pilot/shared/server/db/jobs.ts';
import type { StageRow } from '@parallel-pilot/shared/server/db/stages.ts';
import { z } from 'zod';
import { knownFleetOf } from '../fleet.ts';

/** Results of larger stages are not handed to the planning: it would have no use for 100,000 of them. */
const MOST_RESULTS = 1_000;
const Files = z.array(ResultFile);
const MOST_FAILURES = 100;

/** Reads what a kind may look at when it plans. Throws a ZodError where a worker's report has not the form it should have. */
export async function planningContext(
  db: Db,
  kind: Kind<unknown>,
  job: JobRow,
  stage: StageRow,
  { given, taskValue, now }: { given: unknown; taskValue: unknown; now: number },
): Promise<PlanningContext<unknown>> {
  const counts = (await countChunks(db, [stage.id])).get(stage.id);
  const isRead = stage.chunk_count <= MOST_RESULTS && kind.unread?.includes(stage.name) !== true;
  const done = isRead ? await doneChunks(db, stage.id, -1, stage.chunk_count) : [];
  return {
    spec: kind.spec.parse(JSON.parse(job.spec_json)),
    given,
    decided: job.settings_json === null ? null : JSON.parse(job.settings_json),
    last: {
      id: stage.id,
      name: stage.name,
      spec: JSON.parse(stage.spec_json),
      total: stage.chunk_count,
      done: done.map((row) => ({
        ordinal: row.ordinal,
        spec: JSON.parse(row.spec_json),
        result: kind.parseResult(stage.name, JSON.parse(row.result_json ?? 'null')),
        files: Files.parse(JSON.parse(row.files_json ?? '[]')),
      })),
      taskValue,
      failedCount: counts?.failed ?? 0,
      failed: await failures(db, stage),
    },
    fleet: await fleetFor(db, job, now),
  };
}

/** Of the workers that it asks for: what others can do does not matter. */
async function fleetFor(db: Db, job: JobRow, now: number): Promise<Capabilities[]> {
  const fleet = (await knownFleetOf(db, now))({ person: job.person_id, team: job.team_id });
  if (job.placement_json === null) return fleet;
  const asked = requirementsOf(Placement.parse(JSON.parse(job.placement_json)));
  return fleet.filter((worker) => unmet(worker, asked).length === 0);
}

async function failures(db: Db, stage: StageRow): Promise<FailedChunk[]> {
  const rows = await failedChunks(db, stage.id, MOST_FAILURES);
  const attempts = await attemptsOf(
    db,
    rows.map((row) => row.id),
  );
  const logs = new Map(attempts.map((attempt) => [attempt.chunk, attempt.log ?? '']));
  return rows.map((row) => ({
    ordinal: row.ordinal,
    spec: JSON.parse(row.spec_json),
    code: row.failure_code ?? 'unexpected',
    message: row.failure_message ?? 'The work failed.',
    log: logs.get(row.id) ?? '',
  }));
}
