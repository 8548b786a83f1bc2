import { mkdir } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import type { PipelineDetail } from '@parallel-pilot/shared/api/pipelines.ts';
import { Command } from 'commander';
import { connect } from '../api/connect.ts';
import type { Context } from '../context.ts';
import { followPipeline } from '../follow/follow-pipeline.ts';
import { type ApiFlags, withExamples, withJson, withServer } from '../options.ts';
import { parametersGiven, withParameterOption } from '../pipeline/given-parameters.ts';
import type { Step } from '../pipeline/needs.ts';
import { textOf } from '../pipeline/read-file.ts';
import { readPipeline } from '../pipeline/read-pipeline.ts';
import { submitPipeline } from '../pipeline/submit-pipeline.ts';
import { table } from '../text/columns.ts';
import { print, printJson } from '../text/print.ts';

type Flags = ApiFlags & { check?: boolean; dryRun?: boolean; wait?: boolean; parameter?: string[] };

/** `pilot submit FILE`: exit code 0 when all of it is handed over, and with --wait only when all of it succeeded. */
export function submitCommand(context: Context, exit: (code: number) => void): Command {
  const command = new Command('submit')
    .summary('hand over a pipeline: jobs that wait for each other, in one file')
    .description(
      'Hands over all jobs of a pipeline. Each begins when those that it needs have ended, and may take their results.\nFiles are named from the folder of the pipeline.',
    )
    .argument('<file>', 'pipeline, as YAML or JSON; or a job template of Open Job Description')
    .option('--check', 'only say what is wrong with it')
    .option('--dry-run', 'only say what would be handed over')
    .option('--wait', 'wait until all jobs are over');
  withJson(withServer(withParameterOption(command)));
  withExamples(command, [
    'pilot submit heat.yaml',
    'pilot submit heat.yaml -p runs=100 --wait',
    'pilot submit heat.yaml --check',
  ]);
  return command.action(async (file: string, flags: Flags) => exit(await submit(context, file, flags)));
}

async function submit(context: Context, file: string, flags: Flags): Promise<number> {
  const { config, stdout } = context;
  const dataFolder = resolve(flags.data ?? config.dataFolder);
  const pipeline = readPipeline(file, await textOf(file));
  const given = parametersGiven(flags.parameter);
  // Found before the files are, which are named from the pipeline's folder.
  const api =
    flags.check || flags.dryRun
      ? null
      : await connect({ ...config, dataFolder }, { ...flags, data: dataFolder });
  process.chdir(dirname(resolve(file)));
  const there = { ...context, config: { ...config, dataFolder } };
  const planned = await pipeline.plan(there, given);
  const { name, steps } = planned;
  if (api === null) {
    if (flags.json)
      printJson(stdout, { name, jobs: steps.map(({ plan: _, run: _run, ...step }) => step) }, 2);
    else
      print(
        stdout,
        flags.dryRun ? [`${name}:`, ...stepTable(steps)] : `${file}: ${count(steps.length)}, nothing wrong.`,
      );
    return 0;
  }
  await mkdir(dataFolder, { recursive: true, mode: 0o700 });
  const submitting = { context: there, api, file: pipeline, fileName: basename(file), given };
  const submitted = await submitPipeline(submitting, planned);
  const { id } = submitted;
  const say = (lines: string | string[]) => (flags.json ? undefined : print(stdout, lines));
  say([`${name} (${id}): ${count(steps.length)} handed over.`, ...jobTable(submitted, steps)]);
  const end = flags.wait ? await followPipeline(api, id, say) : 'completed';
  if (flags.json)
    printJson(
      stdout,
      { name, id, jobs: submitted.jobs.map(({ name: key, job }) => ({ key, id: job.id })) },
      2,
    );
  return end === 'completed' ? 0 : 1;
}

const count = (jobs: number): string => (jobs === 1 ? '1 job' : `${jobs} jobs`);

const needsInWords = ({ needs }: Step): string =>
  needs.map(({ key, on }) => (on === 'success' ? key : `${key} (${on})`)).join(', ');

const stepTable = (steps: readonly Step[]): string[] =>
  table(
    ['JOB', 'AFTER', 'WHAT'],
    steps.map((step) => [
      step.key,
      needsInWords(step),
      [
        'pilot',
        step.verb,
        ...step.words,
        ...step.options.map(({ name, value }) => (value === true ? `--${name}` : `--${name} ${value}`)),
      ].join(' '),
    ]),
    process.stdout.columns || 120,
  );

const jobTable = ({ jobs }: PipelineDetail, steps: readonly Step[]): string[] =>
  table(
    ['JOB', 'ID', 'AFTER'],
    jobs.map(({ name, job }) => {
      const step = steps.find(({ key }) => key === name);
      return [name, job.id, step === undefined ? '' : needsInWords(step)];
    }),
    process.stdout.columns || 120,
  );
