import { PipelineDetail } from '@parallel-pilot/shared/api/pipelines.ts';
import {
  type RunTemplate,
  type SaveAsTemplate,
  TemplateList,
  TemplateView,
} from '@parallel-pilot/shared/api/templates.ts';
import { queryOptions } from '@tanstack/react-query';
import { command, request } from '../../api/request.ts';

const TEMPLATES = '/api/v1/templates';
const path = (id: string) => `${TEMPLATES}/${encodeURIComponent(id)}`;

export const templatesQuery = () =>
  queryOptions({
    queryKey: ['templates'],
    queryFn: async ({ signal }) => (await request(TemplateList, TEMPLATES, { signal })).templates,
  });

export const templateQuery = (id: string) =>
  queryOptions({
    queryKey: ['templates', id],
    queryFn: ({ signal }) => request(TemplateView, path(id), { signal }),
  });

/** Resolves with the id of the pipeline that came of it. */
export const runTemplate = async (id: string, asked: RunTemplate): Promise<string> =>
  (await request(PipelineDetail, `${path(id)}/run`, { method: 'POST', body: asked })).id;

/** Keeps what was submitted as that pipeline; throws a ProblemError with `template-exists` where the name is taken. */
export const saveAsTemplate = (pipeline: string, asked: SaveAsTemplate): Promise<TemplateView> =>
  request(TemplateView, `/api/v1/pipelines/${encodeURIComponent(pipeline)}/template`, {
    method: 'POST',
    body: asked,
  });

export const deleteTemplate = (id: string): Promise<void> => command(path(id), { method: 'DELETE' });
