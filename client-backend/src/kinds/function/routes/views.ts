import { nameOfSource } from '@parallel-pilot/shared/kinds/container/image.ts';
import type {
  FunctionFigures,
  FunctionSummary,
  FunctionVersion,
} from '@parallel-pilot/shared/kinds/function/calls.ts';
import { FunctionName } from '@parallel-pilot/shared/kinds/function/name.ts';
import { FunctionSpec } from '@parallel-pilot/shared/kinds/function/spec.ts';
import { callFigures } from '@parallel-pilot/shared/server/db/call-records.ts';
import {
  type FunctionRow,
  findVersion,
  namesOfOwners,
  type VersionRow,
} from '@parallel-pilot/shared/server/db/functions.ts';
import { findJob } from '@parallel-pilot/shared/server/db/jobs.ts';
import type { Parts } from '../../../parts.ts';
import type { CallDesk } from '../desk/call-desk.ts';
import { comingOf } from '../desk/coming.ts';

const DAY_MS = 24 * 3_600_000;

/** These functions as the API shows them; one that is deleted meanwhile is left out. */
export async function summariesOf(
  { db, clock }: Parts,
  desk: CallDesk,
  rows: readonly FunctionRow[],
): Promise<FunctionSummary[]> {
  const counted = await callFigures(
    db,
    rows.map(({ id }) => id),
    clock() - DAY_MS,
  );
  const owners = await namesOfOwners(
    db,
    rows.map(({ id }) => id),
  );
  const summaries = await Promise.all(
    rows.map(async (row) => {
      const version = await findVersion(db, row.id, row.active_version);
      if (version === undefined) return [];
      const figures = figuresOf(counted.filter(({ function_id }) => function_id === row.id));
      const of = owners.find(({ id }) => id === row.id);
      const whose = { owner: of?.owner ?? row.person_id, takenOverFrom: of?.before ?? null };
      return [{ ...summaryOf(row, version, figures), ...whose, ...desk.standing(version) }];
    }),
  );
  return summaries.flat();
}

function summaryOf(row: FunctionRow, version: VersionRow, figures: FunctionFigures) {
  const { handler, image, network, settings } = FunctionSpec.parse(JSON.parse(version.spec_json));
  return {
    id: row.id,
    name: FunctionName.parse(row.name),
    version: version.version,
    servedBy: row.serving_version ?? version.version,
    handler,
    image: image === null ? null : nameOfSource(image),
    network,
    settings,
    path: `/api/v1/functions/${row.name}/invoke`,
    publicPath: row.public_token_hash === null ? null : `/api/v1/public/functions/${row.id}/invoke`,
    figures,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

function figuresOf(counted: Awaited<ReturnType<typeof callFigures>>): FunctionFigures {
  const of = (...states: string[]) =>
    counted.filter(({ state }) => states.includes(state)).reduce((sum, { calls }) => sum + calls, 0);
  const done = counted.find(({ state }) => state === 'done');
  return {
    done: of('done'),
    failed: of('failed'),
    open: of('waiting', 'running'),
    meanMs: done === undefined || done.calls === 0 ? null : done.ms / done.calls,
  };
}

/** Why the active version does not take its calls, and when it is tried again that it can; null where it does. */
export type Waits = { note: string; triedAgainAt: number | null };

export async function waitsOf(
  { db }: Pick<Parts, 'db'>,
  { active_version, serving_version }: FunctionRow,
  versions: readonly VersionRow[],
): Promise<Waits | null> {
  if (serving_version === null) return null;
  const active = versions.find(({ version }) => version === active_version);
  const job = active?.job_id == null ? undefined : await findJob(db, active.job_id);
  const inImage = active !== undefined && FunctionSpec.parse(JSON.parse(active.spec_json)).image !== null;
  const [coming, missing] = inImage
    ? ['The image of version # is on its way', 'The image of version # could not be had']
    : ['The packages of version # are being installed', 'The packages of version # could not be installed'];
  const said = (text: string): string => text.replace('#', String(active_version));
  const { state, ...rest } = comingOf(job, active?.tries ?? 0);
  const triedAgainAt = 'until' in rest ? rest.until : null;
  if (job?.state === 'canceled') {
    const note = `${said(missing)}, as pilot job ${job.id} was canceled, so version ${serving_version} takes the calls.`;
    return { note, triedAgainAt };
  }
  if (job?.state !== 'failed') {
    const note = `${said(coming)}. Version ${serving_version} takes the calls until then.`;
    return { note, triedAgainAt: null };
  }
  const told = job.state_message ?? 'Nothing more is known';
  const why = /[.!?]$/.test(told) ? told : `${told}.`;
  const hint = state === 'failed' ? ' It is not tried again: deploy it anew when that is mended.' : '';
  const note = `${said(missing)} (pilot job ${job.id}), so version ${serving_version} takes the calls: ${why}${hint}`;
  return { note, triedAgainAt };
}

/** `waits`: of the active one. */
export function versionView(
  row: VersionRow,
  { active_version: active, serving_version: serving }: FunctionRow,
  waits: Waits | null,
): FunctionVersion {
  const { handler, image, network, files, settings } = FunctionSpec.parse(JSON.parse(row.spec_json));
  return {
    version: row.version,
    active: row.version === active,
    takesCalls: row.version === (serving ?? active),
    note: row.version === active ? (waits?.note ?? null) : null,
    triedAgainAt: row.version === active ? (waits?.triedAgainAt ?? null) : null,
    handler,
    image: image === null ? null : nameOfSource(image),
    network,
    files: files.map(({ path, size }) => ({ path, size })),
    settings,
    person: row.person_id,
    job: row.job_id,
    createdAt: row.created_at,
  };
}
