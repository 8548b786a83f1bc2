import { refusalOf } from '@parallel-pilot/shared/access/permission-words.ts';
import { type Action, may } from '@parallel-pilot/shared/access/permissions.ts';
import type { Principal } from '@parallel-pilot/shared/access/principal.ts';
import { CreatePipeline } from '@parallel-pilot/shared/api/pipelines.ts';
import type { RunTemplate, SaveTemplate, TemplateView } from '@parallel-pilot/shared/api/templates.ts';
import { type BlobHash, newId, type TemplateId } from '@parallel-pilot/shared/model/ids.ts';
import { Parameters, problemWith, readValue, type Scalar } from '@parallel-pilot/shared/model/parameters.ts';
import { withParameters } from '@parallel-pilot/shared/model/with-parameters.ts';
import { inTransaction } from '@parallel-pilot/shared/server/db/in-transaction.ts';
import { blobsOfTeam } from '@parallel-pilot/shared/server/db/team-blobs.ts';
import {
  deleteTemplate,
  findTemplate,
  insertTemplate,
  lockTemplateNamed,
  type TemplateHead,
} from '@parallel-pilot/shared/server/db/templates.ts';
import { z } from 'zod';
import { sentenceOf } from '../http/problems.ts';
import type { Outcome } from '../jobs/actions.ts';
import type { Parts } from '../parts.ts';
import { submitPipeline } from './submit-pipeline.ts';

export type Refused = Extract<Outcome, { ok: false }>;
const bad = (message: string, code = 'bad-template'): Refused => ({ ok: false, status: 422, code, message });

/** Keeps a pipeline with its files, in the place of an earlier one of that name where that may go. */
export async function saveTemplate(
  parts: Parts,
  by: Principal,
  sent: z.output<typeof SaveTemplate>,
  replace = true,
): Promise<{ ok: true; id: TemplateId } | Refused> {
  const { name, source, parameters, fixed, jobs } = sent;
  const usual = new Map(Object.entries(parameters).map(([key, one]) => [key, one.default]));
  for (const [key, one] of Object.entries(parameters)) {
    const why = problemWith(one, one.default);
    if (why !== null) return bad(`The parameter ${key} ${why}, and its usual value is ${one.default}.`);
  }
  const whole = filled({ name, source, jobs }, usual, 'template');
  if (!whole.ok) return bad(whole.message);
  const jobsJson = JSON.stringify(jobs);
  const hashes = [
    ...new Set([...jobsJson.matchAll(/"([0-9a-f]{64})"/g)].map(([, hash]) => hash as BlobHash)),
  ];
  const id = newId('tpl', parts.random);
  return inTransaction(parts.db, async (db): Promise<{ ok: true; id: TemplateId } | Refused> => {
    const earlier = await lockTemplateNamed(db, by.team, name);
    if (earlier !== undefined && !replace) return taken(name);
    if (earlier !== undefined && !may(by, 'jobs.delete', earlier.person_id === by.person))
      return notAllowed(by, 'jobs.delete');
    const known = await blobsOfTeam(db, by.team, hashes);
    if (known.size < hashes.length)
      return bad('A file of this template is not here. Upload it again.', 'blob-missing');
    if (earlier !== undefined) await deleteTemplate(db, earlier.id);
    const row = {
      id,
      team_id: by.team,
      person_id: by.person,
      name,
      source_name: source?.name ?? null,
      source_text: source?.text ?? null,
      parameters_json: JSON.stringify(parameters),
      fixed_json: JSON.stringify(fixed),
      jobs_json: jobsJson,
      job_count: jobs.length,
      saved_at: parts.clock(),
    };
    await insertTemplate(db, row, hashes);
    return { ok: true, id };
  });
}

/** Submits the pipeline that the template is, with these values. */
export async function runTemplate(
  parts: Parts,
  by: Principal,
  id: TemplateId,
  { request, parameters: written }: z.output<typeof RunTemplate>,
): Promise<Awaited<ReturnType<typeof submitPipeline>> | Refused> {
  const row = await findTemplate(parts.db, id, by.team);
  if (row === undefined) return TEMPLATE_UNKNOWN;
  const { parameters, fixed } = templateView(row);
  const read = readValues(parameters, fixed, written);
  if (!read.ok) return bad(read.message, 'bad-parameter');
  const { source_name: name, source_text: text } = row;
  const source = name === null || text === null ? undefined : { name, text };
  const said = {
    ...fixed,
    ...Object.fromEntries([...read.values].map(([key, value]) => [key, String(value)])),
  };
  const jobs = JSON.parse(row.jobs_json);
  const template = { parameters: withUsual(parameters, read.values), jobs };
  const pipeline = { name: row.name, source, jobs, parameters: said, template };
  const whole = filled(pipeline, read.values, request);
  return whole.ok ? submitPipeline(parts, by, whole.pipeline) : bad(whole.message);
}

/** Forgets a template; its files go where nothing else needs them. */
export async function removeTemplate(parts: Parts, by: Principal, id: TemplateId): Promise<Outcome> {
  const row = await findTemplate(parts.db, id, by.team);
  if (row === undefined) return TEMPLATE_UNKNOWN;
  if (!may(by, 'jobs.delete', row.person_id === by.person)) return notAllowed(by, 'jobs.delete');
  await inTransaction(parts.db, (db) => deleteTemplate(db, id));
  return { ok: true };
}

/** A template as people see it. */
export const templateView = (row: TemplateHead): TemplateView => ({
  id: row.id,
  name: row.name,
  person: row.person_id,
  savedAt: row.saved_at,
  parameters: Parameters.parse(JSON.parse(row.parameters_json)),
  fixed: z.record(z.string(), z.string()).parse(JSON.parse(row.fixed_json)),
  total: row.job_count,
});

function readValues(
  parameters: Parameters,
  fixed: Record<string, string>,
  written: Record<string, string>,
): { ok: true; values: Map<string, Scalar> } | { ok: false; message: string } {
  const values = new Map(Object.entries(parameters).map(([name, { default: usual }]) => [name, usual]));
  for (const [name, text] of Object.entries(written)) {
    const parameter = parameters[name];
    if (parameter === undefined) {
      const there = Object.keys(parameters).join(', ') || 'none';
      const why =
        fixed[name] === undefined
          ? `This template has no parameter ${name}; there are ${there}.`
          : `The parameter ${name} is ${fixed[name]} in this template and cannot be changed: pilot works something out of it. Submit the file instead.`;
      return { ok: false, message: why };
    }
    const read = readValue(parameter, text);
    if (!read.ok) return { ok: false, message: `The parameter ${name} ${read.why}, not "${text}".` };
    values.set(name, read.value);
  }
  return { ok: true, values };
}

const withUsual = (parameters: Parameters, values: ReadonlyMap<string, Scalar>): Parameters =>
  Object.fromEntries(
    Object.entries(parameters).map(([name, one]) => [
      name,
      { ...one, default: values.get(name) ?? one.default },
    ]),
  );

/** The file is shown as it is: only jobs have places for values. */
function filled(
  { jobs, ...head }: { jobs: unknown } & Record<string, unknown>,
  values: ReadonlyMap<string, Scalar>,
  request: string,
): { ok: true; pipeline: z.output<typeof CreatePipeline> } | { ok: false; message: string } {
  const parsed = CreatePipeline.safeParse({ ...head, request, jobs: withParameters(jobs, values) });
  return parsed.success
    ? { ok: true, pipeline: parsed.data }
    : { ok: false, message: sentenceOf(parsed.error, 'template') };
}

const notAllowed = (by: Principal, action: Action): Refused => ({
  ok: false,
  status: 403,
  code: 'not-allowed',
  message: refusalOf(by, action),
});

const taken = (name: string): Refused => ({
  ok: false,
  status: 409,
  code: 'template-exists',
  message: `There is a template "${name}" already. Choose another name, or replace it.`,
});

export const TEMPLATE_UNKNOWN: Refused = {
  ok: false,
  status: 404,
  code: 'template-unknown',
  message: 'There is no such template.',
};
