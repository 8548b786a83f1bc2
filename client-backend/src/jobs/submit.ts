import type { Principal } from '@parallel-pilot/shared/access/principal.ts';
import type { CreateJob } from '@parallel-pilot/shared/api/create-job.ts';
import { kindOf } from '@parallel-pilot/shared/kinds/registry.ts';
import { type BlobHash, type JobId, newId, type TeamId } from '@parallel-pilot/shared/model/ids.ts';
import type { Placement } from '@parallel-pilot/shared/model/placement.ts';
import { oneLine } from '@parallel-pilot/shared/model/printable.ts';
import { resultsIn, withResults } from '@parallel-pilot/shared/model/result-of.ts';
import { keepBlobs } from '@parallel-pilot/shared/server/db/artifacts.ts';
import { knownBlobs } from '@parallel-pilot/shared/server/db/blobs.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { insertDependencies } from '@parallel-pilot/shared/server/db/dependencies.ts';
import { inTransaction } from '@parallel-pilot/shared/server/db/in-transaction.ts';
import { columnsOf, insertJob } from '@parallel-pilot/shared/server/db/jobs.ts';
import { addNotes } from '@parallel-pilot/shared/server/db/notes.ts';
import { blobsOfTeam } from '@parallel-pilot/shared/server/db/team-blobs.ts';
import { workersSeenBy } from '@parallel-pilot/shared/server/db/workers.ts';
import type { z } from 'zod';
import { backendKindOf } from '../kinds/registry.ts';
import { refuseNewJob, refuseWaitingJobs } from '../limits/keep-limits.ts';
import type { Parts, SubmissionRefusal } from '../parts.ts';
import { announce } from './announce.ts';
import { judgeNew, runsAfter } from './blocked.ts';
import { deadlineNote } from './job-outlook.ts';
import { planStage } from './plan-stage.ts';

/**
 * Takes a job in, or several where its kind makes several of one submission: opens the source, then writes jobs, their
 * first stages and the blobs they keep in one transaction. What the user sent is theirs to put right when it is
 * refused. `job` is the first.
 */
export async function submit(
  parts: Parts,
  by: Pick<Principal, 'person' | 'team'>,
  request: z.output<typeof CreateJob>,
): Promise<{ ok: true; job: JobId } | SubmissionRefusal> {
  const refused = await refuseNewJob(parts, by);
  if (refused !== null) return refused;
  const {
    name,
    priority,
    group,
    placement,
    asked,
    deadline = null,
    after: named = [],
    ...submission
  } = request;
  const results = resultsIn(submission);
  const asks = runsAfter(named, results);
  if (!asks.ok) return asks;
  if (asks.after.length > 0 && 'sweep' in submission && submission.sweep !== undefined) return NO_SWEEP;
  const unknown = await unknownWorker(parts.db, by.team, placement);
  if (unknown !== null) return unknown;
  const unprepared = results.length > 0;
  const prepared = unprepared
    ? await outlineOf(parts, by.team, submission)
    : await backendKindOf(request.kind).prepare(parts, submission, by);
  if (!prepared.ok) return prepared;
  const kind = kindOf(request.kind);
  const spec = kind.spec.parse(prepared.spec);
  const variants = prepared.several?.jobs ?? [{ spec, variant: '', paused: false }];
  const made = variants.map((one) => ({
    ...one,
    id: newId('job', parts.random),
    spec: kind.spec.parse(one.spec),
  }));
  const now = parts.clock();
  const called = oneLine(name ?? prepared.name);
  const together = group ?? (prepared.several === undefined ? null : newGroup(parts));
  const chosen = {
    placement_json: placement === undefined ? null : JSON.stringify(placement),
    asked_json: asked === undefined ? null : JSON.stringify(asked),
  };
  // When a job ends that waits for others nobody foresees.
  const foreseen = deadline !== null && asks.after.length === 0;
  const said = foreseen ? await noteOfDeadline(parts, by, request, prepared.blobs) : null;
  const stored = await inTransaction(parts.db, async (db): Promise<boolean | SubmissionRefusal> => {
    const full = await refuseWaitingJobs(parts, db, by, made.length);
    if (full !== null) return full;
    const judged = await judgeNew(db, by.team, asks.after);
    if (!judged.ok) return judged;
    const blocked = unprepared || judged.verdict === 'wait';
    // Looked at again in here: deleting another job may have taken a blob away meanwhile.
    const distinct = new Set(prepared.blobs);
    if ((await knownBlobs(db, [...distinct])).size < distinct.size) return false;
    for (const { id, spec, variant, paused } of made) {
      await insertJob(db, {
        id,
        team_id: by.team,
        person_id: by.person,
        kind: request.kind,
        name: `${called} ${variant}`.trim().slice(0, 200) || id,
        ...columnsOf(
          blocked
            ? { status: 'blocked' }
            : paused
              ? { status: 'paused', from: 'preparing' }
              : { status: 'preparing' },
        ),
        priority,
        spec_json: JSON.stringify(spec),
        unprepared_json: unprepared ? JSON.stringify(submission) : null,
        given_json: null,
        settings_json: null,
        created_at: now,
        updated_at: now,
        finished_at: null,
        group_id: together,
        deadline,
        ...chosen,
      });
      await insertDependencies(db, id, asks.after);
      if (said !== null) await addNotes(db, id, [said], now);
      await keepBlobs(db, id, prepared.blobs);
      const first = kind.first(spec);
      const stage = unprepared ? { ...first, chunks: [], inputs: [] } : first;
      await planStage(db, parts, { id, ...chosen }, 0, stage);
    }
    const jobs = made.map(({ id }) => id);
    if (together !== null)
      await prepared.several?.store(db, { group: together, by, name: called, jobs, now });
    return true;
  });
  if (typeof stored === 'object') return stored;
  if (!stored) {
    const message = 'A file of this job was deleted while it was being submitted. Upload it again.';
    return { ok: false, code: 'blob-missing', message };
  }
  for (const { id } of made) {
    parts.log.info({ event: 'job.submitted', job: id, kind: request.kind });
    announce(parts, id);
  }
  const [first] = made;
  if (first === undefined) throw new Error('a submission of no job');
  return { ok: true, job: first.id };
}

/** What can be said of a submission that names results which are not there yet, and those of its files that are. */
async function outlineOf({ db }: Parts, team: TeamId, submission: { kind: string }) {
  const whole = withResults(submission, () => NO_BLOB);
  const named = [...JSON.stringify(whole).matchAll(/"([0-9a-f]{64})"/g)].map(([, hash]) => hash as BlobHash);
  const blobs = [...(await blobsOfTeam(db, team, [...new Set(named)]))];
  const outlined = backendKindOf(submission.kind).outline(whole);
  return { ok: true as const, ...outlined, blobs, several: undefined };
}

/** Where bytes are still to come. */
const NO_BLOB = '0'.repeat(64) as BlobHash;
/** Its members would have to be held by two things. */
const NO_SWEEP: SubmissionRefusal = {
  ok: false,
  code: 'bad-sweep',
  message: 'A sweep cannot wait for other jobs, nor take what they come to. Submit it when they are over.',
};

/** For jobs that belong together where the client did not say by which name. */
const newGroup = ({ random }: Pick<Parts, 'random'>): string => Buffer.from(random(15)).toString('hex');

/** Whether the deadline can be met, as far as that can be told. */
function noteOfDeadline(
  parts: Parts,
  by: Pick<Principal, 'person' | 'team'>,
  request: z.output<typeof CreateJob>,
  [source]: readonly BlobHash[],
) {
  const { kind, priority, placement = {}, asked = {}, settings } = request;
  const { deadline } = request;
  return deadlineNote(parts, by, { kind, source, priority, placement, asked, settings, deadline });
}

/** A machine that the team may not know of is as one that never was. */
async function unknownWorker(
  db: Db,
  team: TeamId,
  placement: Placement | undefined,
): Promise<SubmissionRefusal | null> {
  const named = placement?.workers ?? [];
  if (named.length === 0) return null;
  const seen = new Set((await workersSeenBy(db, team)).map(({ id }) => id));
  const unknown = named.find((id) => !seen.has(id));
  if (unknown === undefined) return null;
  const message = `The job asks for the worker ${unknown}, and there is no such worker. The Workers page shows those that there are.`;
  return { ok: false, code: 'no-such-worker', message };
}
