import { may } from '@parallel-pilot/shared/access/permissions.ts';
import type { Principal } from '@parallel-pilot/shared/access/principal.ts';
import { kindOf } from '@parallel-pilot/shared/kinds/registry.ts';
import type { ChunkId, TeamId } from '@parallel-pilot/shared/model/ids.ts';
import { asSeenBy } from '@parallel-pilot/shared/model/placement.ts';
import { type Capabilities, isSandboxed } from '@parallel-pilot/shared/model/requirement.ts';
import type { Offer } from '@parallel-pilot/shared/model/resources.ts';
import type { WorkerView } from '@parallel-pilot/shared/model/worker.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import {
  allWorkers,
  type LentWorker,
  labelsOf,
  lendingOf,
  workersSeenBy,
} from '@parallel-pilot/shared/server/db/workers.ts';
import type { Parts } from '../parts.ts';

type ViewParts = Pick<Parts, 'db' | 'balancer'>;

/**
 * Rows of the database joined with what the balancer last said of each worker: those of the team, and those that work
 * for everyone; all of them for an admin. What they do for other teams, and how busy that makes them, stays with those.
 */
export async function listWorkers(parts: ViewParts, principal: Principal): Promise<WorkerView[]> {
  const rows = may(principal, 'workers.manage')
    ? await allWorkers(parts.db)
    : await workersSeenBy(parts.db, principal.team);
  return viewWorkers(parts, rows, principal);
}

/** These workers, as somebody who may know of them sees them. */
export async function viewWorkers(
  { db, balancer }: ViewParts,
  rows: readonly LentWorker[],
  principal: Principal,
): Promise<WorkerView[]> {
  const live = balancer.workers();
  const running = rows.flatMap((row) => (live.get(row.id)?.running ?? []).map((chunk) => chunk.chunk));
  const names = await nameChunks(db, running, principal.team);
  return rows.map((row) => viewOf(row, live.get(row.id), names, principal));
}

export type LiveWorker =
  ReturnType<Parts['balancer']['workers']> extends ReadonlyMap<infer _Id, infer W> ? W : never;
type Names = Map<ChunkId, { jobName: string; label: string }>;

function viewOf(
  row: LentWorker,
  live: LiveWorker | undefined,
  names: Names,
  principal: Principal,
): WorkerView {
  const running = (live?.running ?? []).flatMap((chunk) => {
    const name = names.get(chunk.chunk);
    return name === undefined ? [] : [{ ...chunk, ...name }];
  });
  const capabilities: Capabilities = JSON.parse(row.capabilities_json);
  return {
    id: row.id,
    name: row.name,
    label: row.label,
    status: live?.status ?? row.status,
    slots: row.slots,
    offer: offerOf(row, live),
    lent: live?.lent ?? null,
    capabilities: shown(asSeenBy(capabilities, { team: row.team_id }, principal)),
    sandboxed: isSandboxed(capabilities),
    machine: JSON.parse(row.machine_json),
    worksFor: row.works_for,
    pools: labelsOf(row).pools,
    disabled: row.disabled_at !== null,
    connectedAt: row.connected_at,
    lastSeenAt: row.last_seen_at,
    ...rightsTo(row, principal),
    ...(row.team_id === principal.team ? ofOwnTeam(row, live) : ofOthers(row, principal)),
    running,
  };
}

/** What it offers now, or did when it was seen last. */
export const offerOf = (row: Pick<LentWorker, 'offer_json'>, live: LiveWorker | undefined): Offer | null =>
  live?.room?.offer ?? (row.offer_json === null ? null : JSON.parse(row.offer_json));

/** Whose it is to whoever asks, and whether they may change it. */
export const rightsTo = (
  row: Pick<LentWorker, 'person_id' | 'team_id'>,
  principal: Principal,
): Pick<WorkerView, 'mine' | 'ofTeam' | 'mayChange'> => {
  const ofTeam = row.team_id === principal.team;
  const mine = ofTeam && row.person_id === principal.person;
  const mayChange = (ofTeam && may(principal, 'workers.steer', mine)) || may(principal, 'workers.manage');
  return { mine, ofTeam, mayChange };
};

type Private = Pick<
  WorkerView,
  'lender' | 'tags' | 'atStart' | 'used' | 'lending' | 'note' | 'load' | 'chunksDone' | 'chunksFailed'
>;

const lenderOf = (row: LentWorker): NonNullable<WorkerView['lender']> => ({
  person: { id: row.person_id, name: row.personName },
  team: { id: row.team_id, name: row.teamName },
});

const ofOwnTeam = (row: LentWorker, live: LiveWorker | undefined): Private => ({
  lender: lenderOf(row),
  tags: labelsOf(row).tags,
  atStart: labelsOf({ ...row, tags_json: null, pools_json: null }),
  used: live?.room?.used ?? null,
  lending: {
    atStart: row.said_lending_json === null ? {} : JSON.parse(row.said_lending_json),
    onSite: lendingOf(row),
  },
  note: row.note ?? '',
  load: live?.load ?? null,
  chunksDone: row.chunks_done,
  chunksFailed: row.chunks_failed,
});

const ofOthers = (row: LentWorker, principal: Principal): Private => ({
  lender: may(principal, 'workers.manage') ? lenderOf(row) : null,
  tags: [],
  atStart: null,
  used: null,
  lending: null,
  note: '',
  load: null,
  chunksDone: null,
  chunksFailed: null,
});

/** Lists longer than anyone reads, such as all modules of a Python, are for planning: a thousand workers have one each. */
const MOST_SHOWN = 64;
const shown = (capabilities: Capabilities): Capabilities =>
  Object.fromEntries(
    Object.entries(capabilities).filter(([, value]) => !Array.isArray(value) || value.length <= MOST_SHOWN),
  );

async function nameChunks(db: Db, chunks: ChunkId[], team: TeamId): Promise<Names> {
  if (chunks.length === 0) return new Map();
  const rows = await db
    .selectFrom('chunks')
    .innerJoin('stages', 'stages.id', 'chunks.stage_id')
    .innerJoin('jobs', 'jobs.id', 'chunks.job_id')
    .select([
      'chunks.id',
      'chunks.spec_json',
      'stages.name as stageName',
      'jobs.kind',
      'jobs.name as jobName',
    ])
    .where('chunks.id', 'in', chunks)
    .where('jobs.team_id', '=', team)
    .execute();
  return new Map(
    rows.map(({ id, spec_json, stageName, kind, jobName }) => {
      return [id, { jobName, label: kindOf(kind).label(stageName, JSON.parse(spec_json)) }];
    }),
  );
}
