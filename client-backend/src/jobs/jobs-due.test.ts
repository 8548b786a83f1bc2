import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BlenderSpec } from '@parallel-pilot/shared/kinds/blender/spec.ts';
import { MAIN_STAGES } from '@parallel-pilot/shared/kinds/registry.ts';
import { CHUNK_STATUSES } from '@parallel-pilot/shared/model/chunk.ts';
import { RUNS_ON } from '@parallel-pilot/shared/model/dependencies.ts';
import { chunkId, type JobId, type StageId } from '@parallel-pilot/shared/model/ids.ts';
import { JOB_STATUSES } from '@parallel-pilot/shared/model/job.ts';
import { insertDependencies } from '@parallel-pilot/shared/server/db/dependencies.ts';
import { insertJob, jobsDue } from '@parallel-pilot/shared/server/db/jobs.ts';
import { insertStage } from '@parallel-pilot/shared/server/db/stages.ts';
import fc from 'fast-check';
import { standOf } from './advance.ts';
import { startTestFarm, type TestFarm } from './test-farm.fixture.ts';

const NOW = 1_000_000;

const stage = fc.record({
  name: fc.constantFrom('probe', 'render'),
  chunks: fc.array(fc.constantFrom(...CHUNK_STATUSES), { maxLength: 5 }),
  startedAt: fc.constantFrom(null, NOW - 60_000, NOW),
  quorum: fc.option(fc.record({ chunks: fc.nat(4), afterMs: fc.constantFrom(0, 30_000, 90_000) })),
});
const job = fc.record({
  state: fc.constantFrom(...JOB_STATUSES),
  onFailure: fc.constantFrom('stop', 'finish-others'),
  /** The last of them is the open one, unless that is closed too. */
  stages: fc.array(stage, { maxLength: 3 }),
  closed: fc.boolean(),
  /** What it runs after: those of the jobs with these numbers that are there, and one that was deleted. */
  after: fc.uniqueArray(fc.record({ job: fc.nat(6), on: fc.constantFrom(...RUNS_ON) }), {
    selector: ({ job }) => job,
    maxLength: 3,
  }),
  unprepared: fc.boolean(),
});
type GivenJob = typeof job extends fc.Arbitrary<infer T> ? T : never;

test('every job that needs something of the backend is looked at by its sweep, and one that never can is not', async () => {
  const farm = await startTestFarm();
  farm.parts.clock = () => NOW;
  try {
    await fc.assert(
      fc.asyncProperty(fc.array(job, { minLength: 1, maxLength: 6 }), async (jobs) => {
        await write(farm, jobs);
        const due = new Set(await jobsDue(farm.parts.db, MAIN_STAGES));
        for (const [index, given] of jobs.entries()) {
          const id = idOf(index);
          const { decision } = (await standOf(farm.parts, id)) ?? { decision: { do: 'nothing' } };
          const told = `${decision.do}: ${JSON.stringify(given)}`;
          if (decision.do !== 'nothing') assert.ok(due.has(id), `left out, though it is to ${told}`);
          else if (due.has(id)) assert.ok(mayStillBe(given), `looked at for nothing: ${told}`);
        }
      }),
      { numRuns: 400 },
    );
  } finally {
    await farm.stop();
  }
});

/** What the rows alone do not decide: whether a failed chunk ends the job, and the clock of a quorum. */
function mayStillBe({ state, stages }: GivenJob): boolean {
  if (state === 'blocked') return false;
  const open = stages.at(-1);
  return open !== undefined && (open.quorum !== null || open.chunks.includes('failed'));
}

const specWith = (onFailure: 'stop' | 'finish-others') =>
  BlenderSpec.parse({
    kind: 'blender',
    main: 'a.blend',
    source: { blob: 'a'.repeat(64), fileName: 'a.blend' },
    files: [{ path: 'a.blend', hash: 'a'.repeat(64), size: 1 }],
    fileVersion: '3.4',
    settings: {},
    scripts: false,
    review: false,
    onFailure,
  });

const idOf = (index: number) => `job_${index}` as JobId;

async function write({ parts }: TestFarm, jobs: GivenJob[]): Promise<void> {
  await parts.db.transaction().execute(async (db) => {
    for (const table of ['job_dependencies', 'chunks', 'stages', 'jobs'] as const)
      await db.deleteFrom(table).execute();
    for (const [index, { state, onFailure, stages, closed, after, unprepared }] of jobs.entries()) {
      const id = idOf(index);
      const texts = {
        spec_json: JSON.stringify(specWith(onFailure)),
        given_json: null,
        settings_json: null,
        unprepared_json: unprepared ? '{}' : null,
      };
      const columns = { state, state_from: null, state_code: null, state_message: null };
      const times = { created_at: 1, updated_at: 1, finished_at: null };
      const row = {
        id,
        team_id: parts.first.team,
        person_id: parts.first.person,
        kind: 'blender',
        name: 'any',
        priority: 0,
      };
      await insertJob(db, { ...row, ...columns, ...texts, ...times });
      // Its own number stands for a job that was deleted.
      const named = after.map(({ job, on }) => ({ job: idOf(job === index ? -1 : job), on }));
      await insertDependencies(db, id, named);
      for (const [ordinal, { name, chunks, startedAt, quorum }] of stages.entries()) {
        const of = `stg_${index}_${ordinal}` as StageId;
        const open = ordinal === stages.length - 1 && !closed;
        const stageRow = {
          id: of,
          job_id: id,
          ordinal,
          name,
          state: open ? ('open' as const) : ('closed' as const),
          spec_json: '{}',
          inputs_json: '[]',
          requirements_json: '[]',
          affinity: 'any',
          chunk_count: chunks.length,
          quorum: quorum?.chunks ?? null,
          quorum_after_ms: quorum?.afterMs ?? null,
          planned_at: 1,
          closed_at: null,
        };
        await insertStage(db, stageRow, chunks);
        for (const [at, status] of chunks.entries()) {
          const started = status === 'queued' || status === 'leased' ? null : startedAt;
          await db
            .updateTable('chunks')
            .set({ state: status, started_at: started })
            .where('id', '=', chunkId(of, at))
            .execute();
        }
      }
    }
  });
}
