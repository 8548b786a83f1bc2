import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { JobLog, JobLogQuery, Timeline } from '@parallel-pilot/shared/api/chunks.ts';
import { CreateJob } from '@parallel-pilot/shared/api/create-job.ts';
import { GiveSettings, PatchJob } from '@parallel-pilot/shared/api/job-changes.ts';
import { JobOutlook, OutlookQuestion } from '@parallel-pilot/shared/api/job-outlook.ts';
import { JobDetail, JobList, JobListQuery } from '@parallel-pilot/shared/api/jobs.ts';
import { JobId } from '@parallel-pilot/shared/model/ids.ts';
import type { Context } from 'hono';
import { z } from 'zod';
import { auditAs } from '../audit/audit.ts';
import { principalOf } from '../auth/guard.ts';
import { needs } from '../auth/needs.ts';
import { newRoutes, problem, problems } from '../http/problems.ts';
import {
  cancelJob,
  deleteJob,
  giveSettings,
  NOT_FOUND,
  type Outcome,
  pauseJob,
  renameOrPrioritize,
  resumeJob,
  retryJob,
} from '../jobs/actions.ts';
import { timeline } from '../jobs/chunk-pages.ts';
import type { PartsWithEngine } from '../jobs/engine.ts';
import { jobDetail, jobLog, submissionOf } from '../jobs/job-detail.ts';
import { outlookOf } from '../jobs/job-outlook.ts';
import { submit } from '../jobs/submit.ts';
import { jobListPage } from '../jobs/summaries.ts';

/** Jobs: submit, list, look at, steer, delete. */
export function jobRoutes(parts: PartsWithEngine): OpenAPIHono {
  const routes = newRoutes();
  routes.openapi(create, async (c) => {
    const submitted = await submit(parts, principalOf(c), c.req.valid('json'));
    if (!submitted.ok) return problem(c, 422, submitted.code, submitted.message, submitted.choices);
    const detail = await jobDetail(parts, submitted.job, principalOf(c).team);
    if (detail === null) return unknown(c);
    auditAs(c, 'job.submit', submitted.job, { kind: detail.kind, name: detail.name });
    c.header('location', `/api/v1/jobs/${submitted.job}`);
    return c.json(detail, 201);
  });
  routes.openapi(outlook, async (c) =>
    c.json(await outlookOf(parts, principalOf(c), c.req.valid('json')), 200),
  );
  routes.openapi(list, async (c) => {
    return c.json(await jobListPage(parts, principalOf(c).team, c.req.valid('query')), 200);
  });
  routes.openapi(get, async (c) => {
    const detail = await jobDetail(parts, c.req.valid('param').id, principalOf(c).team);
    return detail === null ? unknown(c) : c.json(detail, 200);
  });
  routes.openapi(log, async (c) => {
    const found = await jobLog(
      parts,
      c.req.valid('param').id,
      principalOf(c).team,
      c.req.valid('query').after ?? null,
    );
    return found === null ? unknown(c) : c.json(found, 200);
  });
  routes.openapi(submission, async (c) => {
    const found = await submissionOf(parts, c.req.valid('param').id, principalOf(c).team);
    return found === null ? unknown(c) : c.json(found, 200);
  });
  routes.openapi(spans, async (c) => {
    const found = await timeline(
      parts,
      c.req.valid('param').id,
      principalOf(c).team,
      c.req.valid('query').limit,
    );
    return found === null ? unknown(c) : c.json(found, 200);
  });
  steer(routes, parts);
  return routes;
}

function steer(routes: OpenAPIHono, parts: PartsWithEngine): void {
  /** The job as it stands after what was asked for, or why it was refused. */
  const answer = async (c: Context, id: JobId, outcome: Outcome) => {
    if (!outcome.ok) return problem(c, outcome.status, outcome.code, outcome.message);
    const detail = await jobDetail(parts, id, principalOf(c).team);
    return detail === null ? unknown(c) : c.json(detail, 200);
  };
  const actions = { pause: pauseJob, resume: resumeJob, cancel: cancelJob, retry: retryJob } as const;
  for (const name of ['pause', 'resume', 'cancel', 'retry'] as const) {
    routes.openapi(action(name), async (c) => {
      const { id } = c.req.valid('param');
      return answer(c, id, await actions[name](parts, principalOf(c), id));
    });
  }
  routes.openapi(settings, async (c) => {
    const { id } = c.req.valid('param');
    return answer(c, id, await giveSettings(parts, principalOf(c), id, c.req.valid('json')));
  });
  routes.openapi(patch, async (c) => {
    const { id } = c.req.valid('param');
    const { name, priority, deadline } = c.req.valid('json');
    const edit = {
      ...(name === undefined ? {} : { name }),
      ...(priority === undefined ? {} : { priority }),
      ...(deadline === undefined ? {} : { deadline }),
    };
    auditAs(c, 'job.change', id, edit);
    return answer(c, id, await renameOrPrioritize(parts, principalOf(c), id, edit));
  });
  routes.openapi(remove, async (c) => {
    const outcome = await deleteJob(parts, principalOf(c), c.req.valid('param').id);
    if (!outcome.ok) return problem(c, outcome.status, outcome.code, outcome.message);
    return c.body(null, 204);
  });
}

const unknown = (c: Context) => problem(c, 404, NOT_FOUND.code, NOT_FOUND.message);

const json = <S extends z.ZodType>(schema: S) => ({ 'application/json': { schema } });
const param = z.object({ id: JobId });
const tags = ['Jobs'];
const detailed = { description: 'The job', content: json(JobDetail) };

const create = createRoute({
  method: 'post',
  path: '/api/v1/jobs',
  ...needs('jobs.submit'),
  tags,
  summary: 'Submit a job on an uploaded file',
  request: { body: { required: true, content: json(CreateJob) } },
  responses: { 201: detailed, ...problems(400, 404, 422) },
});
const outlook = createRoute({
  method: 'post',
  path: '/api/v1/jobs/outlook',
  ...needs('jobs.submit'),
  tags,
  summary: 'When a job would be done if it were submitted now, and whether it would meet its deadline',
  request: { body: { required: true, content: json(OutlookQuestion) } },
  responses: { 200: { description: 'What can be told', content: json(JobOutlook) }, ...problems(400) },
});
const list = createRoute({
  method: 'get',
  path: '/api/v1/jobs',
  ...needs('jobs.see'),
  tags,
  summary: 'Jobs in pages, newest first if not sorted otherwise',
  request: { query: JobListQuery },
  responses: { 200: { description: 'A page', content: json(JobList) }, ...problems(400) },
});
const get = createRoute({
  method: 'get',
  path: '/api/v1/jobs/{id}',
  ...needs('jobs.see'),
  tags,
  summary: 'One job',
  request: { params: param },
  responses: { 200: detailed, ...problems(404) },
});
const log = createRoute({
  method: 'get',
  path: '/api/v1/jobs/{id}/log',
  ...needs('jobs.see'),
  tags,
  summary: 'Notes, the logs of the attempts that failed, and what scripts printed, in pages of 200 attempts',
  request: { params: param, query: JobLogQuery },
  responses: { 200: { description: 'The log', content: json(JobLog) }, ...problems(400, 404) },
});
const submission = createRoute({
  method: 'get',
  path: '/api/v1/jobs/{id}/submission',
  ...needs('jobs.see'),
  tags,
  summary: 'What the job was submitted as, to be submitted again',
  request: { params: param },
  responses: { 200: { description: 'A body for POST /jobs', content: json(CreateJob) }, ...problems(404) },
});
const spans = createRoute({
  method: 'get',
  path: '/api/v1/jobs/{id}/timeline',
  ...needs('jobs.see'),
  tags,
  summary: 'The newest spans of work, for worker x time',
  request: {
    params: param,
    query: z.object({ limit: z.coerce.number().int().min(1).max(5_000).default(500) }),
  },
  responses: { 200: { description: 'Spans, oldest first', content: json(Timeline) }, ...problems(404) },
});
const SUMMARIES = {
  pause: 'Hand out no more of its work; what is under way is finished',
  resume: 'Go on with a paused job',
  cancel: 'End the job; what was made stays',
  retry: 'Queue the failed and canceled work of a failed or canceled job again',
};
const action = (name: keyof typeof SUMMARIES) =>
  createRoute({
    method: 'post',
    path: `/api/v1/jobs/{id}/${name}`,
    ...needs('jobs.steer'),
    tags,
    summary: SUMMARIES[name],
    request: { params: param },
    responses: { 200: detailed, ...problems(403, 404, 409, 422, 503) },
  });
const settings = createRoute({
  method: 'put',
  path: '/api/v1/jobs/{id}/settings',
  ...needs('jobs.steer'),
  tags,
  summary: 'Settings for a job in state ready; starts the work',
  request: { params: param, body: { required: true, content: json(GiveSettings) } },
  responses: { 200: detailed, ...problems(400, 403, 404, 409, 422, 503) },
});
const patch = createRoute({
  method: 'patch',
  path: '/api/v1/jobs/{id}',
  ...needs('jobs.steer'),
  tags,
  summary: 'Change name, priority or deadline',
  request: { params: param, body: { required: true, content: json(PatchJob) } },
  responses: { 200: detailed, ...problems(400, 403, 404, 409, 422, 503) },
});
const remove = createRoute({
  method: 'delete',
  path: '/api/v1/jobs/{id}',
  ...needs('jobs.delete'),
  tags,
  summary: 'Delete the job, and its files that no other job uses',
  request: { params: param },
  responses: { 204: { description: 'Deleted' }, ...problems(403, 404, 409, 422, 503) },
});
