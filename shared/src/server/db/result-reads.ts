import { sql } from 'kysely';
import type { StageId, TeamId, WorkerId } from '../../model/ids.ts';
import type { Db } from './connect.ts';

/** The newest stages of that name in all jobs of a kind, newest first. */
export async function newestStagesOfKind(
  db: Db,
  team: TeamId,
  kind: string,
  name: string,
  limit: number,
): Promise<StageId[]> {
  const rows = await db
    .selectFrom('stages as s')
    .innerJoin('jobs as j', 'j.id', 's.job_id')
    .select('s.id')
    .where('j.team_id', '=', team)
    .where('j.kind', '=', kind)
    .where('s.name', '=', name)
    .orderBy('s.planned_at', 'desc')
    .limit(limit)
    .execute();
  return rows.map((row) => row.id);
}

export type ResultFields<Name extends string> = {
  stage_id: StageId;
  ordinal: number;
  worker_id: WorkerId;
  finished_at: number | null;
  /** Undefined where the result has no such field. */
  fields: Record<Name, unknown>;
};

/**
 * Of every done chunk of these stages, those fields of its result (by their
 * JSON path: '$.metrics'), numbers and objects only. The rest of a result, such
 * as a history of 256 steps, stays in the database. By stage and ordinal.
 */
export async function resultFields<Name extends string>(
  db: Db,
  stages: readonly StageId[],
  paths: Record<Name, string>,
): Promise<ResultFields<Name>[]> {
  if (stages.length === 0) return [];
  const names = Object.keys(paths) as Name[];
  const rows = await db
    .selectFrom('chunks as c')
    .innerJoin('leases as l', 'l.id', 'c.accepted_lease_id')
    .select(['c.stage_id', 'c.ordinal', 'l.worker_id', 'c.finished_at'])
    .select(
      names.map((name) => sql<unknown>`json_extract(l.result_json, ${paths[name]})`.as(`field_${name}`)),
    )
    .where('c.stage_id', 'in', [...stages])
    .where('c.state', '=', 'done')
    .orderBy('c.stage_id')
    .orderBy('c.ordinal')
    .execute();
  return rows.map((row) => {
    const { stage_id, ordinal, worker_id, finished_at } = row;
    return { stage_id, ordinal, worker_id, finished_at, fields: fieldsOf(row, names) };
  });
}

/** Of each of these stages, those fields of its spec, as with results. */
export async function specFields<Name extends string>(
  db: Db,
  stages: readonly StageId[],
  paths: Record<Name, string>,
): Promise<Map<StageId, Record<Name, unknown>>> {
  if (stages.length === 0) return new Map();
  const names = Object.keys(paths) as Name[];
  const rows = await db
    .selectFrom('stages')
    .select('id')
    .select(names.map((name) => sql<unknown>`json_extract(spec_json, ${paths[name]})`.as(`field_${name}`)))
    .where('id', 'in', [...stages])
    .execute();
  return new Map(rows.map((row) => [row.id, fieldsOf(row, names)]));
}

function fieldsOf<Name extends string>(row: object, names: readonly Name[]): Record<Name, unknown> {
  const values = row as Record<string, unknown>;
  const fields = names.map((name) => [name, parsed(values[`field_${name}`])]);
  return Object.fromEntries(fields) as Record<Name, unknown>;
}

// SQLite gives a number as it is and an object as text, MariaDB both as text, MySQL both as values.
const parsed = (value: unknown): unknown =>
  typeof value === 'string' ? JSON.parse(value) : (value ?? undefined);
