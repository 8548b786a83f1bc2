import type {
  PipelineDetail,
  PipelineList,
  PipelineListQuery,
  PipelineSummary,
} from '@parallel-pilot/shared/api/pipelines.ts';
import type { PipelineId, TeamId } from '@parallel-pilot/shared/model/ids.ts';
import { Parameters } from '@parallel-pilot/shared/model/parameters.ts';
import { pipelineState } from '@parallel-pilot/shared/model/pipeline.ts';
import {
  type CountedState,
  edgesOfPipeline,
  findPipeline,
  jobsOfPipeline,
  listPipelines,
  type PipelineHead,
  statesOfPipelines,
} from '@parallel-pilot/shared/server/db/pipelines.ts';
import { z } from 'zod';
import { summarize } from '../jobs/summaries.ts';
import type { Parts } from '../parts.ts';

/** One page of the team's pipelines, in two queries. */
export async function pipelineListPage(
  { db }: Pick<Parts, 'db'>,
  team: TeamId,
  { limit, cursor }: z.output<typeof PipelineListQuery>,
): Promise<PipelineList> {
  const rows = await listPipelines(db, team, limit + 1, readCursor(cursor));
  const shown = rows.slice(0, limit);
  const states = await statesOfPipelines(
    db,
    shown.map(({ id }) => id),
  );
  const last = shown.at(-1);
  return {
    pipelines: shown.map((row) => summaryOf(row, states.get(row.id) ?? [])),
    next: rows.length > limit && last !== undefined ? writeCursor(last) : null,
  };
}

/** The pipeline with its jobs; null when the team has no such. */
export async function pipelineDetail(
  parts: Parts,
  id: PipelineId,
  team: TeamId,
): Promise<PipelineDetail | null> {
  const { db } = parts;
  const row = await findPipeline(db, id, team);
  if (row === undefined) return null;
  const members = await jobsOfPipeline(db, id, team);
  const edges = Map.groupBy(await edgesOfPipeline(db, id), ({ job }) => job);
  const summaries = await summarize(
    parts,
    members.map(({ job }) => job),
  );
  const states = members.map(({ job }) => ({ state: job.state, code: job.state_code, count: 1 }));
  const { source_name: name, source_text: text } = row;
  const parameters = z.record(z.string(), z.string()).parse(JSON.parse(row.parameters_json));
  return {
    ...summaryOf(row, states),
    source: name === null || text === null ? null : { name, text },
    parameters,
    template: templatePart(row.template_parameters_json, parameters),
    jobs: summaries.map((job, index) => ({
      name: members[index]?.name ?? '',
      matrix: members[index]?.matrix ?? '',
      after: (edges.get(job.id) ?? []).map(({ after, on }) => ({ job: after, on })),
      job,
    })),
  };
}

/** What a template of a pipeline takes, and which of the values that it was made with stay as they are. */
export function templatePart(
  parametersJson: string | null,
  given: Record<string, string>,
): PipelineDetail['template'] {
  if (parametersJson === null) return null;
  const parameters = Parameters.parse(JSON.parse(parametersJson));
  const fixed = Object.entries(given).filter(([name]) => parameters[name] === undefined);
  return { parameters, fixed: Object.fromEntries(fixed) };
}

function summaryOf(row: PipelineHead, counted: readonly CountedState[]): PipelineSummary {
  const states: PipelineSummary['states'] = {};
  for (const { state, count } of counted) states[state] = (states[state] ?? 0) + count;
  return {
    id: row.id,
    name: row.name,
    person: row.person_id,
    createdAt: row.created_at,
    state: pipelineState(counted),
    states,
    total: counted.reduce((sum, { count }) => sum + count, 0),
  };
}

const Place = z.tuple([z.number(), z.string()]);
const writeCursor = ({ created_at, id }: PipelineHead): string =>
  Buffer.from(JSON.stringify([created_at, id])).toString('base64url');

// A cursor that was tampered with starts from the beginning.
function readCursor(cursor: string | undefined): { at: number; id: string } | null {
  try {
    const [at, id] = Place.parse(JSON.parse(Buffer.from(cursor ?? '', 'base64url').toString()));
    return { at, id };
  } catch {
    return null;
  }
}
