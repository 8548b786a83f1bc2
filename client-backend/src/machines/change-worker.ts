import { may } from '@parallel-pilot/shared/access/permissions.ts';
import type { Principal } from '@parallel-pilot/shared/access/principal.ts';
import type { WorkerChange } from '@parallel-pilot/shared/api/machines.ts';
import type { WorkerId } from '@parallel-pilot/shared/model/ids.ts';
import type { WorksFor } from '@parallel-pilot/shared/model/worker.ts';
import {
  changeWorker,
  findLentWorker,
  type LentWorker,
  removeWorker,
  type WorkerSettings,
} from '@parallel-pilot/shared/server/db/workers.ts';
import type { Parts } from '../parts.ts';
import { rightsTo } from './worker-views.ts';

type Refused = { ok: false; status: 403 | 404 | 409 | 503; code: string; message: string };
type Changed = { ok: true; worker: LentWorker } | Refused;

const refused = (status: Refused['status'], code: string, message: string): Refused => ({
  ok: false,
  status,
  code,
  message,
});
export const NO_WORKER = refused(404, 'no-such-worker', 'There is no such worker.');
const NOT_YOURS = refused(
  403,
  'not-allowed',
  'Only whoever lends this machine, a manager of their team, or an admin of the farm may change it.',
);
const NOT_WIDER = refused(
  403,
  'not-allowed',
  'Only whoever lends this machine may let it work for more people than it does now.',
);

/** A worker that somebody may know of; undefined for all others, as for one that never was. */
export async function seenWorker(
  { db }: Pick<Parts, 'db'>,
  id: WorkerId,
  principal: Principal,
): Promise<LentWorker | undefined> {
  const row = await findLentWorker(db, id);
  if (row === undefined) return undefined;
  const seen =
    row.team_id === principal.team || row.works_for === 'everyone' || may(principal, 'workers.manage');
  return seen ? row : undefined;
}

/** Changes what people say of a worker. The balancer reads it again at once, or within seconds. */
export async function changeSettings(
  parts: Pick<Parts, 'db' | 'balancer' | 'live' | 'clock'>,
  id: WorkerId,
  change: WorkerChange,
  principal: Principal,
): Promise<Changed> {
  const { db, balancer, live } = parts;
  const row = await changeable(parts, id, principal);
  if (!row.ok) return row;
  const { mine } = rightsTo(row.worker, principal);
  if (!mine && isWider(change.worksFor, row.worker.works_for)) return NOT_WIDER;
  const settings = settingsOf(change, row.worker, parts.clock());
  if (Object.keys(settings).length > 0) {
    if (!(await changeWorker(db, id, settings))) return NO_WORKER;
    balancer.workersChanged([id]);
    const was = row.worker.works_for;
    live.workersChanged([id], was === 'everyone' || settings.works_for === 'everyone');
  }
  if (change.draining === true) {
    const reply = await balancer.drainWorker(id);
    if (!reply.ok) return drainRefused(reply.code, reply.message);
  }
  const worker = await findLentWorker(db, id);
  return worker === undefined ? NO_WORKER : { ok: true, worker };
}

/** Ends its credential and its connection; what it had goes to others. */
export async function revokeWorker(
  parts: Pick<Parts, 'db' | 'balancer' | 'live' | 'clock'>,
  id: WorkerId,
  principal: Principal,
): Promise<{ ok: true } | Refused> {
  const { db, balancer, live, clock } = parts;
  const row = await changeable(parts, id, principal);
  if (!row.ok) return row;
  const { credential_hash, status, works_for } = row.worker;
  if (credential_hash === null && status !== 'offline') return HAS_NO_CREDENTIAL;
  if (!(await removeWorker(db, id, clock()))) return NO_WORKER;
  balancer.workersChanged([id]);
  live.workersChanged([id], works_for === 'everyone');
  return { ok: true };
}

const HAS_NO_CREDENTIAL = refused(
  409,
  'no-credential',
  "This worker came with the farm's own token and has no credential that could be revoked. Disable it, or stop it on its machine.",
);

async function changeable(parts: Pick<Parts, 'db'>, id: WorkerId, principal: Principal): Promise<Changed> {
  const worker = await seenWorker(parts, id, principal);
  if (worker === undefined) return NO_WORKER;
  return rightsTo(worker, principal).mayChange ? { ok: true, worker } : NOT_YOURS;
}

const WIDTH: Record<WorksFor, number> = { owner: 0, team: 1, everyone: 2 };
const isWider = (wanted: WorksFor | undefined, now: WorksFor): boolean =>
  wanted !== undefined && WIDTH[wanted] > WIDTH[now];

function settingsOf(change: WorkerChange, row: LentWorker, now: number): WorkerSettings {
  const { label, tags, pools, lending, note, worksFor, disabled } = change;
  return {
    ...(label === undefined ? {} : { label }),
    ...(tags === undefined ? {} : { tags_json: asJson(tags) }),
    ...(pools === undefined ? {} : { pools_json: asJson(pools) }),
    ...(lending === undefined ? {} : { lending_json: lending === null ? null : JSON.stringify(lending) }),
    ...(note === undefined ? {} : { note: note === '' ? null : note }),
    ...(worksFor === undefined ? {} : { works_for: worksFor }),
    ...(disabled === undefined ? {} : { disabled_at: disabled ? (row.disabled_at ?? now) : null }),
  };
}

const asJson = (labels: string[] | null): string | null => (labels === null ? null : JSON.stringify(labels));

const drainRefused = (code: string, message: string): Refused =>
  code === 'not-ready' ? refused(503, 'load-balancer-away', message) : refused(409, 'not-connected', message);
