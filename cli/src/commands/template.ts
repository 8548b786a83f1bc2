import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { basename, dirname, extname, resolve } from 'node:path';
import type { TemplateView } from '@parallel-pilot/shared/api/templates.ts';
import { Command } from 'commander';
import type { Api } from '../api/client.ts';
import { connect } from '../api/connect.ts';
import { patiently } from '../api/patience.ts';
import type { Context } from '../context.ts';
import { followPipeline } from '../follow/follow-pipeline.ts';
import { type ApiFlags, withExamples, withJson, withServer } from '../options.ts';
import { parametersGiven, withParameterOption } from '../pipeline/given-parameters.ts';
import { pipelineTemplate } from '../pipeline/pipeline-template.ts';
import { textOf } from '../pipeline/read-file.ts';
import { readSource } from '../pipeline/source.ts';
import { pipelineLines } from '../report/pipeline-lines.ts';
import { SentenceError } from '../sentence-error.ts';
import { table } from '../text/columns.ts';
import { print, printJson } from '../text/print.ts';
import { plural } from '../text/units.ts';

/** `pilot template save|list|run|delete`: pipelines that are kept, with their files, to be run again. */
export function templateCommand(context: Context, exit: (code: number) => void): Command {
  const command = new Command('template')
    .summary('keep pipelines, and run them again with other values')
    .description(
      'Keeps pipelines with their files at the farm, to be run again with other values of their parameters.',
    )
    .addCommand(saveCommand(context))
    .addCommand(listCommand(context))
    .addCommand(runCommand(context, exit))
    .addCommand(deleteCommand(context));
  return command;
}

type SaveFlags = ApiFlags & { name?: string; parameter?: string[] };

function saveCommand(context: Context): Command {
  const command = new Command('save')
    .description(
      'Keeps a pipeline, with the files that it names, in the place of an earlier one of that name.\nIts parameters may be given other values when it is run, here or on the site.',
    )
    .argument('<file>', 'pipeline, as YAML or JSON')
    .option('--name <name>', "what the template is called (the pipeline's name)");
  withJson(withServer(withParameterOption(command)));
  withExamples(command, [
    'pilot template save disc.yaml',
    'pilot template save disc.yaml --name nightly -p runs=100',
  ]);
  return command.action(async (file: string, flags: SaveFlags) => {
    const { config, stdout } = context;
    const data = resolve(flags.data ?? config.dataFolder);
    const source = readSource(file, await textOf(file));
    const api = await connect({ ...config, dataFolder: data }, { ...flags, data });
    await mkdir(data, { recursive: true, mode: 0o700 });
    process.chdir(dirname(resolve(file)));
    const there = { ...context, config: { ...config, dataFolder: data } };
    const made = await pipelineTemplate(there, api, source, parametersGiven(flags.parameter));
    const name = flags.name ?? source.pipeline.name ?? basename(file, extname(file));
    const saved = await api.saveTemplate({
      ...made,
      name,
      source: { name: basename(file), text: source.text },
    });
    if (flags.json) return printJson(stdout, saved, 2);
    const fixed = Object.entries(saved.fixed).map(
      ([key, value]) =>
        `${key} stays ${value}: its value is not simply put in, something is worked out of it.`,
    );
    print(stdout, [
      `The template "${name}" is saved: ${plural(saved.total, 'job')}, ${parametersOf(saved)}.`,
      ...fixed,
    ]);
  });
}

function listCommand(context: Context): Command {
  const command = new Command('list').description(
    'Lists the templates of the team, and what values they take.',
  );
  withJson(withServer(command));
  withExamples(command, ['pilot template list']);
  return command.action(async (flags: ApiFlags) => {
    const { templates } = await (await connect(context.config, flags)).templates();
    if (flags.json) return printJson(context.stdout, templates, 2);
    if (templates.length === 0)
      return print(context.stdout, 'No templates. "pilot template save FILE" keeps a pipeline.');
    const rows = templates.map((one) => [one.name, String(one.total), parametersOf(one)]);
    print(context.stdout, table(['TEMPLATE', 'JOBS', 'PARAMETERS'], rows, context.stdout.columns || 120));
  });
}

type RunFlags = ApiFlags & { parameter?: string[]; wait?: boolean };

function runCommand(context: Context, exit: (code: number) => void): Command {
  const command = new Command('run')
    .description('Hands over the pipeline that a template is, with its files as they were when it was saved.')
    .argument('<name>', 'name of the template')
    .option('--wait', 'wait until all jobs are over');
  withJson(withServer(withParameterOption(command)));
  withExamples(command, ['pilot template run disc', 'pilot template run disc -p runs=100 --wait']);
  return command.action(async (name: string, flags: RunFlags) => {
    const { stdout } = context;
    const parameters = Object.fromEntries(parametersGiven(flags.parameter));
    const api = await connect(context.config, flags);
    const { id } = await findTemplate(api, name);
    const request = randomUUID();
    const made = await patiently(() => api.runTemplate(id, { request, parameters }));
    if (!flags.json) print(stdout, pipelineLines(made, Date.now(), stdout.columns || 120));
    const say = (line: string) => (flags.json ? undefined : print(stdout, line));
    const end = flags.wait ? await followPipeline(api, made.id, say) : 'completed';
    if (flags.json) printJson(stdout, made, 2);
    exit(end === 'completed' ? 0 : 1);
  });
}

function deleteCommand(context: Context): Command {
  const command = new Command('delete')
    .description('Forgets a template. Pipelines that were made of it stay.')
    .argument('<name>', 'name of the template');
  withJson(withServer(command));
  withExamples(command, ['pilot template delete disc']);
  return command.action(async (name: string, flags: ApiFlags) => {
    const api = await connect(context.config, flags);
    const { id } = await findTemplate(api, name);
    await api.deleteTemplate(id);
    if (flags.json) printJson(context.stdout, { deleted: id });
    else print(context.stdout, `The template "${name}" is deleted.`);
  });
}

async function findTemplate(api: Api, name: string): Promise<TemplateView> {
  const { templates } = await api.templates();
  const found = templates.find((one) => one.name === name || one.id === name);
  if (found !== undefined) return found;
  throw new SentenceError(`There is no template "${name}". "pilot template list" lists those there are.`);
}

/** "runs=8, seed=4" */
function parametersOf({ parameters }: TemplateView): string {
  const all = Object.entries(parameters).map(([name, { default: usual }]) => `${name}=${usual}`);
  return all.length === 0 ? 'no parameters' : all.join(', ');
}
