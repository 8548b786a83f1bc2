import type { Principal } from '@parallel-pilot/shared/access/principal.ts';
import type { After, CreateJob } from '@parallel-pilot/shared/api/create-job.ts';
import { kindOf } from '@parallel-pilot/shared/kinds/registry.ts';
import { type BlobHash, type JobId, newId, type TeamId } from '@parallel-pilot/shared/model/ids.ts';
import type { Placement } from '@parallel-pilot/shared/model/placement.ts';
import { oneLine } from '@parallel-pilot/shared/model/printable.ts';
import { resultsIn, withResults } from '@parallel-pilot/shared/model/result-of.ts';
import { keepBlobs } from '@parallel-pilot/shared/server/db/artifacts.ts';
import { knownBlobs } from '@parallel-pilot/shared/server/db/blobs.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { insertDependencies } from '@parallel-pilot/shared/server/db/dependencies.ts';
import { columnsOf, insertJob } from '@parallel-pilot/shared/server/db/jobs.ts';
import { addNotes } from '@parallel-pilot/shared/server/db/notes.ts';
import { blobsOfTeam } from '@parallel-pilot/shared/server/db/team-blobs.ts';
import { workersSeenBy } from '@parallel-pilot/shared/server/db/workers.ts';
import type { z } from 'zod';
import { backendKindOf } from '../kinds/registry.ts';
import type { Parts, SubmissionRefusal } from '../parts.ts';
import { announce } from './announce.ts';
import { judgeNew, runsAfter } from './blocked.ts';
import { deadlineNote } from './job-outlook.ts';
import { planStage } from './plan-stage.ts';

type By = Pick<Principal, 'person' | 'team'>;

/** A submission that its kind has looked at: what is left is to write it. It is one job, or several where its kind makes several of it. */
export type NewJob = {
  ok: true;
  by: By;
  after: After[];
  /** Some of what it needs is not there yet, so its kind looks at it again. */
  unprepared: boolean;
  blobs: BlobHash[];
  made: { id: JobId; name: string; spec: unknown; paused: boolean }[];
  /** Writes what holds several together. */
  together(db: Db): Promise<void>;
  note: Awaited<ReturnType<typeof deadlineNote>> | null;
  columns: Omit<Parameters<typeof insertJob>[1], 'id' | 'name' | 'spec_json' | 'state'>;
};

/** Has the kind open what was sent. What the user sent is theirs to put right when it is refused. `id` is that of its first job. */
export async function prepareJob(
  parts: Parts,
  by: By,
  request: z.output<typeof CreateJob>,
  id: JobId = newId('job', parts.random),
): Promise<NewJob | SubmissionRefusal> {
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
    : await backendKindOf(request.kind).prepare(parts, submission, by, placement ?? {});
  if (!prepared.ok) return prepared;
  const kind = kindOf(request.kind);
  const called = oneLine(name ?? prepared.name);
  const variants = prepared.several?.jobs ?? [{ spec: prepared.spec, variant: '', paused: false }];
  const made = variants.map(({ spec, variant, paused }, index) => {
    const own = index === 0 ? id : newId('job', parts.random);
    return { id: own, name: nameOf(called, variant) || own, spec: kind.spec.parse(spec), paused };
  });
  const now = parts.clock();
  const together = group ?? (prepared.several === undefined ? null : newGroup(parts));
  // When a job ends that waits for others nobody foresees.
  const foreseen = deadline !== null && asks.after.length === 0;
  return {
    ok: true,
    by,
    after: asks.after,
    unprepared,
    blobs: prepared.blobs,
    made,
    async together(db) {
      const jobs = made.map((one) => one.id);
      if (together !== null)
        await prepared.several?.store(db, { group: together, by, name: called, jobs, now });
    },
    note: foreseen ? await noteOfDeadline(parts, by, request, prepared.blobs) : null,
    columns: {
      team_id: by.team,
      person_id: by.person,
      kind: request.kind,
      priority,
      unprepared_json: unprepared ? JSON.stringify(submission) : null,
      given_json: null,
      settings_json: null,
      created_at: now,
      updated_at: now,
      finished_at: null,
      group_id: together,
      deadline,
      placement_json: placement === undefined ? null : JSON.stringify(placement),
      asked_json: asked === undefined ? null : JSON.stringify(asked),
    },
  };
}

const nameOf = (called: string, variant: string): string => `${called} ${variant}`.trim().slice(0, 200);

/** Writes jobs, their first stages and the blobs they keep; a refusal has written nothing. Call it in a transaction. */
export async function storeJob(db: Db, parts: Parts, job: NewJob): Promise<{ ok: true } | SubmissionRefusal> {
  const { by, after, unprepared, blobs, columns, note } = job;
  const judged = await judgeNew(db, by.team, after);
  if (!judged.ok) return judged;
  const blocked = unprepared || judged.verdict === 'wait';
  // Looked at again in here: deleting another job may have taken a blob away meanwhile.
  const distinct = new Set(blobs);
  if ((await knownBlobs(db, [...distinct])).size < distinct.size) return BLOB_MISSING;
  for (const { id, name, spec, paused } of job.made) {
    const state = blocked
      ? ({ status: 'blocked' } as const)
      : paused
        ? ({ status: 'paused', from: 'preparing' } as const)
        : ({ status: 'preparing' } as const);
    await insertJob(db, { ...columns, id, name, spec_json: JSON.stringify(spec), ...columnsOf(state) });
    await insertDependencies(db, id, after);
    if (note !== null) await addNotes(db, id, [note], columns.created_at);
    await keepBlobs(db, id, blobs);
    const first = kindOf(columns.kind).first(spec);
    const stage = unprepared ? { ...first, chunks: [], inputs: [] } : first;
    const { placement_json = null, asked_json = null } = columns;
    await planStage(db, parts, { id, placement_json, asked_json }, 0, stage);
  }
  await job.together(db);
  return { ok: true };
}

/** Says that its rows are there. */
export function announceNew(parts: Parts, { made, columns }: NewJob): void {
  for (const { id } of made) {
    parts.log.info({ event: 'job.submitted', job: id, kind: columns.kind });
    announce(parts, id);
  }
}

const BLOB_MISSING: SubmissionRefusal = {
  ok: false,
  code: 'blob-missing',
  message: 'A file of this job was deleted while it was being submitted. Upload it again.',
};

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
