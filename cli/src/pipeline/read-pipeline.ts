import { basename, extname } from 'node:path';
import { MOST_PIPELINE_JOBS } from '@parallel-pilot/shared/api/pipelines.ts';
import { JobId } from '@parallel-pilot/shared/model/ids.ts';
import type { Parameters } from '@parallel-pilot/shared/model/parameters.ts';
import type { Context } from '../context.ts';
import type { ForeignFormat, ForeignJob } from '../kinds/foreign-format.ts';
import { CLI_KINDS } from '../kinds/registry.ts';
import { readDocument, refuse, type SourceDocument } from '../source/document.ts';
import { expand } from './expand.ts';
import { inOrder, type Step } from './needs.ts';
import { idToCome, type PlannedStep, planSteps } from './plan-steps.ts';
import { declared } from './schema.ts';
import { sourceOf } from './source.ts';

/** A pipeline with values: its jobs in their order, and what each would ask of the farm. */
export type PlannedPipeline = { name: string; parameters: Record<string, string>; steps: PlannedStep[] };

/** A file that says jobs which wait for each other, in whichever format. */
export interface PipelineFile {
  text: string;
  parameters: Parameters;
  /** Files are named from the folder of the process. Throws a SentenceError with a line for each thing that is wrong. */
  plan(context: Context, given: ReadonlyMap<string, string>): Promise<PlannedPipeline>;
}

/** Reads such a file; `file` is how messages call it. Call it in the folder from which files that are given are named. Throws a SentenceError with a line for each thing that is wrong. */
export function readPipeline(file: string, text: string): PipelineFile {
  const document = readDocument(file, text);
  for (const { verb, format } of CLI_KINDS)
    if (verb !== null && format?.claims(document.value) === true)
      return foreign(document, verb, format, process.cwd());
  const source = sourceOf(document);
  return {
    text,
    parameters: declared(source.pipeline),
    async plan(context, given) {
      const { steps, parameters } = expand(source, given);
      const name = source.pipeline.name ?? basename(file, extname(file));
      return { name, parameters, steps: await planSteps(context, source, steps) };
    },
  };
}

const foreign = (
  document: SourceDocument,
  verb: string,
  format: ForeignFormat,
  folder: string,
): PipelineFile => ({
  text: document.text,
  parameters: format.parameters(document),
  async plan(_, given) {
    const { name, parameters, jobs } = await format.jobs(document, given, folder);
    if (jobs.length > MOST_PIPELINE_JOBS)
      refuse(document.file, [
        {
          line: 1,
          message: `these are ${jobs.length} jobs, and ${MOST_PIPELINE_JOBS} are the most of a pipeline.`,
        },
      ]);
    const known = new Map(jobs.map((job) => [job.name, job]));
    const steps = inOrder(jobs.map((job) => stepOf(job, verb)));
    const idOf = (key: string) => JobId.parse(idToCome(steps.findIndex((one) => one.key === key)));
    const planned = steps.map((step): PlannedStep => {
      const job = known.get(step.key) as ForeignJob;
      return { ...step, plan: job.plan(idOf), run: { ...NOTHING_ELSE, asked: job.asked }, from: null };
    });
    return { name, parameters, steps: planned };
  },
});

const stepOf = (job: ForeignJob, verb: string): Step => ({
  key: job.name,
  of: job.name,
  name: job.title,
  needs: job.needs.map((key) => ({ key, on: 'success' })),
  verb,
  words: job.words,
  options: [],
});

const NOTHING_ELSE: PlannedStep['run'] = {
  server: {},
  workers: null,
  verbose: false,
  priority: null,
  deadline: null,
  after: [],
  placement: null,
  asked: null,
  unsandboxed: false,
};
