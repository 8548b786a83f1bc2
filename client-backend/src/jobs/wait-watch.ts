import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { isPlacement } from '@parallel-pilot/shared/model/placement.ts';
import { type Capabilities, type Requirement, unmet } from '@parallel-pilot/shared/model/requirement.ts';
import { inTransaction } from '@parallel-pilot/shared/server/db/in-transaction.ts';
import { findJob, type JobRow } from '@parallel-pilot/shared/server/db/jobs.ts';
import { addNotes, dropNotes, WAITING } from '@parallel-pilot/shared/server/db/notes.ts';
import { waitingStages } from '@parallel-pilot/shared/server/db/stages.ts';
import { changeJob } from '../change-job.ts';
import { fleetOf, knownFleetOf } from '../fleet.ts';
import { backendKindOf } from '../kinds/registry.ts';
import { tellOwner } from '../notices/tell-owner.ts';
import type { Parts } from '../parts.ts';
import { announce } from './announce.ts';
import { lackingSentence } from './wait-sentence.ts';

/** A fleet that is just coming up again after a restart is given this long to be complete. */
const PATIENCE_MS = 4_000;
/** Without any worker at all the note comes a little later: most farms have one in a moment. */
const LONELY_MS = 10_000;
const MOST_STAGES = 2_000;

/**
 * No job waits in silence for a worker that there is not. One that cannot even
 * be opened by any connected worker fails with the reason; one that is planned
 * keeps waiting, and says so, because the worker that could do it may return.
 */
export function createWaitWatch(parts: Parts) {
  /** Since when each job has been seen to lack something. */
  const since = new Map<JobId, number>();
  /** The note that each job has. */
  const told = new Map<JobId, string>();

  const check = async (): Promise<void> => {
    // While the balancer is away nobody knows which workers are there.
    if (!parts.balancer.connected()) return since.clear();
    const fleets = await fleetOf(parts.db);
    const stages = await waitingStages(parts.db, ['preparing', 'queued', 'running'], MOST_STAGES);
    const lacking = new Set<JobId>();
    for (const stage of stages) {
      const requirements: Requirement[] = JSON.parse(stage.requirements_json);
      const all = fleets({ person: stage.person_id, team: stage.team_id });
      const fleet = askedFor(all, requirements);
      const limit = all.length === 0 ? LONELY_MS : PATIENCE_MS;
      if (canRun(fleet, requirements)) continue;
      lacking.add(stage.job_id);
      const first = since.get(stage.job_id) ?? parts.clock();
      since.set(stage.job_id, first);
      if (parts.clock() - first >= limit)
        await report(parts, stage.job_id, { all, fleet, requirements }, told);
    }
    for (const job of since.keys()) if (!lacking.has(job)) since.delete(job);
    for (const [job, code] of told) {
      if (lacking.has(job)) continue;
      told.delete(job);
      // No other: it may wait for something else by now.
      if (await dropNotes(parts.db, job, code)) parts.live.jobChanged(job);
    }
  };
  return { check };
}

/** Those that the job asks for. Where there are none it waits for one, and nothing is hopeless. */
const askedFor = (fleet: Capabilities[], requirements: Requirement[]): Capabilities[] => {
  const asked = requirements.filter(isPlacement);
  return asked.length === 0 ? fleet : fleet.filter((worker) => unmet(worker, asked).length === 0);
};

const canRun = (fleet: Capabilities[], requirements: Requirement[]): boolean =>
  fleet.some((worker) => unmet(worker, requirements).length === 0);

/** `fleet` are those of `all` workers that the job asks for. */
type Lacking = { all: Capabilities[]; fleet: Capabilities[]; requirements: Requirement[] };

async function report(
  parts: Parts,
  id: JobId,
  { all, fleet, requirements }: Lacking,
  told: Map<JobId, string>,
): Promise<void> {
  const job = await findJob(parts.db, id);
  if (job === undefined) return;
  const problem = backendKindOf(job.kind).fleetProblem(fleet, requirements);
  if (job.state === 'preparing') {
    // The one worker that can may be starting again at this moment.
    const fleets = await knownFleetOf(parts.db, parts.clock());
    const known = askedFor(fleets({ person: job.person_id, team: job.team_id }), requirements);
    const hopeless = backendKindOf(job.kind).fleetProblem(known, requirements);
    if (hopeless !== null && (await failFirstStage(parts, job, hopeless))) return;
  }
  if (told.has(id)) return;
  const note = noteOf(job.kind, all.length === 0 ? [] : requirements.filter(isPlacement), fleet, problem);
  told.set(id, note.code);
  const noted = await inTransaction(parts.db, async (db) => {
    const now = parts.clock();
    if (!(await addNotes(db, id, [{ level: 'warning', ...note }], now))) return false;
    // Workers come and go: of one reason somebody is told once.
    await tellOwner(db, job, { event: 'waiting', message: note.message }, { now, cause: note.code });
    return true;
  });
  if (noted) parts.live.jobChanged(id);
}

function noteOf(
  kind: string,
  asked: Requirement[],
  fleet: Capabilities[],
  problem: { code: string; message: string } | null,
): { code: string; message: string } {
  if (problem !== null)
    return { code: WAITING + problem.code, message: `${problem.message} The job goes on when one can.` };
  if (fleet.length > 0 || asked.length === 0)
    return {
      code: `${WAITING}worker`,
      message: 'No worker is connected. The job goes on as soon as one joins.',
    };
  const sentence = lackingSentence({ needs: asked, each: asked.length === 1 }, kind);
  return { code: `${WAITING}placement`, message: `${sentence} The job goes on when there is one.` };
}

async function failFirstStage(
  parts: Parts,
  job: JobRow,
  problem: { code: string; message: string },
): Promise<boolean> {
  const changed = await changeJob(parts.db, job, { type: 'fail', ...problem }, parts.clock());
  if (!changed.ok) return false;
  parts.log.info({ event: 'job.no-worker-can', job: job.id, code: problem.code });
  announce(parts, job.id);
  return true;
}
