import type { Principal } from '@parallel-pilot/shared/access/principal.ts';
import type { WorkerAttempt, WorkerHistory } from '@parallel-pilot/shared/api/machines.ts';
import { kindOf } from '@parallel-pilot/shared/kinds/registry.ts';
import { LeaseId } from '@parallel-pilot/shared/model/ids.ts';
import { type Attempt, attemptsOn, type Before } from '@parallel-pilot/shared/server/db/worker-history.ts';
import type { LentWorker } from '@parallel-pilot/shared/server/db/workers.ts';
import type { Parts } from '../parts.ts';

const PAGE = 50;

/** A page of what a worker did. `before` is the `next` of the page before, null for the first. */
export async function historyOf(
  { db }: Pick<Parts, 'db'>,
  worker: LentWorker,
  before: Before | null,
  principal: Principal,
): Promise<WorkerHistory> {
  // Of a machine of others somebody learns what it did for them, and nothing else.
  const team = worker.team_id === principal.team ? null : principal.team;
  const rows = await attemptsOn(db, worker.id, { team, before, limit: PAGE + 1 });
  const attempts = rows.slice(0, PAGE);
  const last = attempts.at(-1);
  return {
    attempts: attempts.map((row) => viewOf(row, principal)),
    next: rows.length > PAGE && last !== undefined ? `${last.granted_at}.${last.id}` : null,
  };
}

/** The place that a `next` names; undefined where it is none. */
export function parseBefore(text: string): Before | undefined {
  const [, at = '', id = ''] = /^(\d{1,15})\.(.+)$/.exec(text) ?? [];
  const lease = LeaseId.safeParse(id);
  return lease.success ? { grantedAt: Number(at), lease: lease.data } : undefined;
}

function viewOf(row: Attempt, { team }: Principal): WorkerAttempt {
  const own = row.jobTeam === team;
  return {
    lease: row.id,
    job: own ? jobOf(row) : null,
    grantedAt: row.granted_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    outcome: row.outcome,
    failure:
      own && row.failure_code !== null
        ? { code: row.failure_code, message: row.failure_message ?? '' }
        : null,
    log: own ? row.log : null,
  };
}

function jobOf({ job_id, jobName, kind, stageName, spec_json, chunk_id }: Attempt): WorkerAttempt['job'] {
  if (jobName === null || kind === null) return null;
  const label =
    stageName === null || spec_json === null ? '' : kindOf(kind).label(stageName, JSON.parse(spec_json));
  return { id: job_id, name: jobName, chunk: chunk_id, label };
}
