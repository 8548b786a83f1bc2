import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { OpenAPIHono } from '@hono/zod-openapi';
import { type Principal, SCOPES } from '@parallel-pilot/shared/access/principal.ts';
import { FrameResult } from '@parallel-pilot/shared/kinds/blender/chunks.ts';
import { BlenderProbe } from '@parallel-pilot/shared/kinds/blender/probe.ts';
import type { RenderOverrides } from '@parallel-pilot/shared/kinds/blender/settings.ts';
import { BlenderSpec } from '@parallel-pilot/shared/kinds/blender/spec.ts';
import { kindOf } from '@parallel-pilot/shared/kinds/registry.ts';
import {
  type BlobHash,
  chunkId,
  type JobId,
  newId,
  ordinalOfChunk,
  type StageId,
  type WorkerId,
} from '@parallel-pilot/shared/model/ids.ts';
import type { Capabilities } from '@parallel-pilot/shared/model/requirement.ts';
import { callFailed } from '@parallel-pilot/shared/protocol/calls.ts';
import { CONTROL_REQUESTS } from '@parallel-pilot/shared/protocol/control.ts';
import { type Reply, refusal } from '@parallel-pilot/shared/protocol/refusals.ts';
import { ResultFile } from '@parallel-pilot/shared/protocol/workers.ts';
import { createFolderStore } from '@parallel-pilot/shared/server/blobs/folder-store.ts';
import { readServerConfig } from '@parallel-pilot/shared/server/config.ts';
import { keepBlobs } from '@parallel-pilot/shared/server/db/artifacts.ts';
import { insertBlobs } from '@parallel-pilot/shared/server/db/blobs.ts';
import { chunksById } from '@parallel-pilot/shared/server/db/chunks.ts';
import { connectDatabase } from '@parallel-pilot/shared/server/db/connect.ts';
import { columnsOf, insertJob } from '@parallel-pilot/shared/server/db/jobs.ts';
import { dropResult } from '@parallel-pilot/shared/server/db/leases.ts';
import { migrate } from '@parallel-pilot/shared/server/db/migrate.ts';
import { ensureFirstPerson } from '@parallel-pilot/shared/server/db/people.ts';
import { newestStage } from '@parallel-pilot/shared/server/db/stages.ts';
import { noteTeamBlob } from '@parallel-pilot/shared/server/db/team-blobs.ts';
import { createLog } from '@parallel-pilot/shared/server/log.ts';
import { createConfinement } from '../confinement.ts';
import { createExclusive } from '../exclusive.ts';
import { createLoadForecast } from '../forecast/load-forecast.ts';
import { createInFlight } from '../in-flight.ts';
import type { Parts } from '../parts.ts';
import { type PartsWithEngine, withEngine } from './engine.ts';
import { planStage } from './plan-stage.ts';

export type TestFarm = {
  parts: PartsWithEngine;
  /** Who asks: the farm's first person. */
  by: Principal;
  /** False makes the balancer answer `not-ready`. */
  link: { up: boolean };
  /** What the pages were told of. */
  told: Set<JobId>;
  addWorker(capabilities?: Capabilities): Promise<WorkerId>;
  /** Writes a Blender job as a submission would, without a file behind it. */
  addJob(given?: Partial<BlenderSpec> & { settings?: RenderOverrides; name?: string }): Promise<JobId>;
  stop(): Promise<void>;
};

/** Where a farm keeps its things, when not in a folder of its own. */
export type Place = { databaseUrl?: string | undefined; dataFolder?: string };

/** The backend's parts on a real database and blob folder; the balancer is played by writing the rows it would write. */
export async function startTestFarm(place: Place = {}): Promise<TestFarm> {
  const folder = place.dataFolder ?? (await mkdtemp(join(tmpdir(), 'pilot-jobs-')));
  const { databaseUrl } = place;
  const config = readServerConfig({
    PILOT_DATA: folder,
    ...(databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl }),
  });
  const db = connectDatabase(config.databaseUrl);
  await migrate(db);
  const link = { up: true };
  const told = new Set<JobId>();
  const backgroundFraction = new Map<JobId, number>();
  const log = createLog('test', 'silent');
  const confinement = createConfinement({ config, log });
  const parts: PartsWithEngine = withEngine({
    ...confinement,
    config,
    secrets: { workerToken: 'w', controlToken: 'c', signingKey: 's' },
    db,
    blobs: await createFolderStore(join(folder, 'blobs')),
    blobTurns: createExclusive(),
    derived: createInFlight(),
    clock: Date.now,
    random: (count) => randomBytes(count),
    log,
    forecast: createLoadForecast({ db, clock: Date.now, log }),
    first: await ensureFirstPerson(db, 1),
    balancer: playBalancer(() => parts, link),
    live: {
      jobChanged: (job) => void told.add(job),
      jobDeleted: (job) => void told.add(job),
      workersChanged() {},
      noticesChanged() {},
      backgroundProgressed: (job, fraction) => void backgroundFraction.set(job, fraction),
      backgroundFractionOf: (job) => backgroundFraction.get(job) ?? null,
      recheck() {},
    },
  });
  return {
    parts,
    by: asFirst(parts),
    link,
    told,
    addWorker: (capabilities = BLENDER) => addWorker(parts, capabilities),
    addJob: (given = {}) => addJob(parts, given),
    async stop() {
      await parts.engine.close();
      await confinement.close();
      await db.destroy();
      if (place.dataFolder === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The farm's first person, as whoever sits at the machine. */
export const asFirst = ({ first }: Pick<Parts, 'first'>): Principal => ({
  ...first,
  teamRole: 'owner',
  farmRole: 'admin',
  scopes: SCOPES,
  proof: { type: 'local' },
  impersonator: null,
});

/** These routes as whoever that is asks them, with no guard before. */
export function askedBy(principal: Principal, ...all: OpenAPIHono[]): OpenAPIHono {
  const app = new OpenAPIHono();
  app.use((c, next) => {
    c.set('principal' as never, principal as never);
    return next();
  });
  for (const routes of all) app.route('/', routes);
  return app;
}

export const BLENDER: Capabilities = {
  kinds: ['blender'],
  'blender.version': '3.4.1',
  'blender.engines': ['CYCLES', 'BLENDER_EEVEE'],
  'blender.denoiser': false,
};

function playBalancer(partsOf: () => Parts, link: { up: boolean }): Parts['balancer'] {
  const open = async (job: JobId) => {
    const stage = await newestStage(partsOf().db, job);
    return stage?.state === 'open' ? stage.id : null;
  };
  const answer = async (act: () => Promise<void>): Promise<Reply> => {
    if (!link.up) return refusal('not-ready');
    await act();
    return { ok: true };
  };
  const queued = {
    state: 'queued',
    accepted_lease_id: null,
    started_at: null,
    finished_at: null,
    failure_code: null,
    failure_message: null,
  } as const;
  return {
    connected: () => link.up,
    workersChanged() {},
    drainWorker: async () => ({ ok: true }),
    jobsChanged: (jobs) => void CONTROL_REQUESTS['jobs-changed'].parse({ jobs }),
    call: async () => callFailed('no-instance', 'There is none.'),
    retire() {},
    instances: () => new Map(),
    onInstances() {},
    whyWaiting: async () => null,
    endsOf: async () => null,
    supposeJob: async () => null,
    tellForecast() {},
    blobsFreed() {},
    retryChunks: (job) =>
      answer(async () => {
        CONTROL_REQUESTS['retry-chunks'].parse({ job });
        const stage = await open(job);
        if (stage === null) return;
        await partsOf()
          .db.updateTable('chunks')
          .set({ ...queued, attempts: 0 })
          .where('stage_id', '=', stage)
          .where('state', 'in', ['failed', 'canceled'])
          .execute();
      }),
    rejectChunks: (request) =>
      answer(async () => {
        const { because, chunks } = CONTROL_REQUESTS['reject-chunks'].parse(request);
        for (const { chunk } of chunks) {
          const [standing] = await chunksById(partsOf().db, [chunk]);
          if (standing?.accepted_lease_id) await dropResult(partsOf().db, standing.accepted_lease_id);
          await partsOf()
            .db.updateTable('chunks')
            .set(because === 'asked' ? { ...queued, attempts: 0 } : queued)
            .where('id', '=', chunk)
            .where('state', '=', 'done')
            .execute();
        }
      }),
    workers: () => new Map(),
    progress: () => [],
    close() {},
  };
}

async function addWorker(parts: Parts, capabilities: Capabilities): Promise<WorkerId> {
  const id = newId('wrk', parts.random);
  await parts.db
    .insertInto('workers')
    .values({
      id,
      identity_hash: 'x',
      team_id: parts.first.team,
      person_id: parts.first.person,
      name: `worker ${id.slice(-4)}`,
      status: 'online',
      slots: 1,
      capabilities_json: JSON.stringify(capabilities),
      machine_json: '{}',
      first_seen_at: 1,
      connected_at: 1,
      last_seen_at: 1,
    })
    .execute();
  return id;
}

/** A Blender job as a submission would write it, without a file behind it; of the farm's first person, where nobody else is named. */
export async function addJob(
  parts: Parts,
  given: Partial<BlenderSpec> & {
    settings?: RenderOverrides;
    name?: string;
    by?: Pick<Principal, 'person' | 'team'>;
  },
): Promise<JobId> {
  const { name = 'cubes', by = parts.first, ...fields } = given;
  const blob = await storeBytes(parts, Buffer.from('a scene'), 'application/octet-stream');
  const spec = BlenderSpec.parse({
    kind: 'blender',
    main: 'cubes.blend',
    source: { blob: blob.hash, fileName: 'cubes.blend' },
    files: [{ path: 'cubes.blend', hash: blob.hash, size: blob.size }],
    fileVersion: '3.4',
    settings: {},
    scripts: false,
    review: false,
    onFailure: 'finish-others',
    ...fields,
  });
  const job = newId('job', parts.random);
  const now = parts.clock();
  await parts.db.transaction().execute(async (db) => {
    await insertJob(db, {
      id: job,
      team_id: by.team,
      person_id: by.person,
      kind: 'blender',
      name,
      ...columnsOf({ status: 'preparing' }),
      priority: 0,
      spec_json: JSON.stringify(spec),
      given_json: null,
      settings_json: null,
      created_at: now,
      updated_at: now,
      finished_at: null,
    });
    await keepBlobs(db, job, [blob.hash]);
    const owner = { id: job, placement_json: null, asked_json: null };
    await planStage(db, parts, owner, 0, kindOf('blender').first(spec));
  });
  return job;
}

export async function storeBytes(
  parts: Parts,
  bytes: Buffer,
  mediaType: string,
): Promise<{ hash: BlobHash; size: number }> {
  const hash = createHash('sha256').update(bytes).digest('hex') as BlobHash;
  const stored = await parts.blobs.write(Readable.from([bytes]), { maxBytes: 1 << 30, expect: hash });
  if (!stored.ok) throw new Error(stored.message);
  await insertBlobs(parts.db, [{ hash, size: stored.size, media_type: mediaType, created_at: 1 }]);
  await noteTeamBlob(parts.db, parts.first.team, hash, 1);
  return { hash, size: stored.size };
}

export const PROBE: BlenderProbe = BlenderProbe.parse({
  blenderVersion: '3.4.1',
  fileVersion: '3.4',
  scenes: [
    {
      name: 'Scene',
      cameras: ['Camera'],
      camera: 'Camera',
      frameStart: 1,
      frameEnd: 4,
      frameStep: 1,
      fps: 24,
      resolutionX: 64,
      resolutionY: 36,
      percentage: 100,
      pixelAspect: 2,
      engine: 'CYCLES',
      samples: 4,
      format: 'PNG',
      colorDepth: '8',
      transparent: false,
      denoise: false,
    },
  ],
  activeScene: 'Scene',
  missing: [],
  scripts: [],
});

/** What the balancer writes when a worker has delivered a chunk. */
export async function finishChunk(
  parts: Parts,
  stage: StageId,
  ordinal: number,
  done: { result: unknown; files?: ResultFile[]; worker?: WorkerId; at?: number },
): Promise<void> {
  const lease = newId('lse', parts.random);
  const at = done.at ?? parts.clock();
  const worker = done.worker ?? newId('wrk', parts.random);
  const files = (done.files ?? []).map((file) => ResultFile.parse(file));
  await parts.db
    .updateTable('chunks')
    .set({
      state: 'done',
      attempts: 1,
      accepted_lease_id: lease,
      started_at: at - 1_000,
      finished_at: at,
    })
    .where('id', '=', chunkId(stage, ordinal))
    .execute();
  const row = await parts.db
    .selectFrom('stages')
    .select('job_id')
    .where('id', '=', stage)
    .executeTakeFirstOrThrow();
  await parts.db
    .insertInto('leases')
    .values({
      id: lease,
      chunk_id: chunkId(stage, ordinal),
      job_id: row.job_id,
      worker_id: worker,
      granted_at: at - 1_100,
      started_at: at - 1_000,
      ended_at: at,
      outcome: 'done',
      failure_code: null,
      failure_message: null,
      busy_ms: 1_000,
      log: 'Saved',
      result_json: JSON.stringify(done.result),
      files_json: JSON.stringify(files),
    })
    .execute();
}

export async function failChunk(
  parts: Parts,
  stage: StageId,
  ordinal: number,
  code: string,
  message: string,
): Promise<void> {
  await parts.db
    .updateTable('chunks')
    .set({ state: 'failed', attempts: 3, failure_code: code, failure_message: message })
    .where('id', '=', chunkId(stage, ordinal))
    .execute();
}

/** The open stage of the job. */
export async function openStage(
  parts: Parts,
  job: JobId,
): Promise<{ id: StageId; name: string; count: number }> {
  const stage = await newestStage(parts.db, job);
  if (stage === undefined) throw new Error('the job has no stage');
  return { id: stage.id, name: stage.name, count: stage.chunk_count };
}

/** Brings a new job past its probe. */
export async function probed(parts: PartsWithEngine, job: JobId, probe: BlenderProbe = PROBE): Promise<void> {
  await finishChunk(parts, (await openStage(parts, job)).id, 0, { result: probe });
  await parts.engine.advance(job);
}

/** `more`: the other files of the frame by their names. */
export type TestPicture = {
  bytes: Buffer;
  width: number;
  height: number;
  mediaType: string;
  more?: Record<string, Buffer>;
};

/** Delivers an image for every queued frame of the job. */
export async function renderFrames(
  parts: Parts,
  job: JobId,
  image: (frame: number) => Promise<TestPicture>,
): Promise<void> {
  const stage = await openStage(parts, job);
  const rows = await parts.db
    .selectFrom('chunks')
    .select(['id', 'spec_json'])
    .where('stage_id', '=', stage.id)
    .where('state', '=', 'queued')
    .orderBy('ordinal')
    .execute();
  for (const row of rows) {
    const { frame } = JSON.parse(row.spec_json) as { frame: number };
    const { bytes, width, height, mediaType, more = {} } = await image(frame);
    const files: ResultFile[] = [];
    for (const [name, content] of Object.entries({ frame: bytes, ...more })) {
      files.push({ name, mediaType, ...(await storeBytes(parts, content, mediaType)) });
    }
    await finishChunk(parts, stage.id, ordinalOfChunk(row.id), {
      result: FrameResult.parse({ frame, width, height, renderMs: 10 }),
      files,
    });
  }
}

export const stateOfJob = async (parts: Parts, job: JobId) =>
  parts.db
    .selectFrom('jobs')
    .select(['state', 'state_code', 'state_message', 'settings_json', 'finished_at'])
    .where('id', '=', job)
    .executeTakeFirstOrThrow();
