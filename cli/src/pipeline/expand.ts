import { MOST_PIPELINE_JOBS } from '@parallel-pilot/shared/api/pipelines.ts';
import { problemWith, readValue } from '@parallel-pilot/shared/model/parameters.ts';
import { circleIn, inOrder, link, type Step } from './needs.ts';
import { commandsIn, declared, type PipelineJob, type Scalar } from './schema.ts';
import { nearest, type Problem, refuse, type Source } from './source.ts';

/** What the values of parameters are put into: the jobs, and the values themselves. */
export type Expanded = { steps: Step[]; parameters: Record<string, string> };

/** The jobs of a pipeline, each after those that it needs. Throws a SentenceError with a line for each thing that is wrong. */
export function expand(source: Source, given: ReadonlyMap<string, string>): Expanded {
  const { pipeline, file } = source;
  const problems: Problem[] = [];
  const parameters = parametersOf(source, given, problems);
  const all = Object.entries(pipeline.jobs) as [string, PipelineJob][];
  const made = new Map<string, Step[]>();
  for (const [key, job] of all) made.set(key, stepsOf(source, key, job, parameters, problems));
  for (const [key, job] of all) link(source, key, job, made, problems);
  const count = [...made.values()].reduce((sum, steps) => sum + steps.length, 0);
  if (count > MOST_PIPELINE_JOBS)
    problems.push({
      line: source.lineOf(['jobs']),
      message: `these are ${count} jobs, and ${MOST_PIPELINE_JOBS} are the most of a pipeline.`,
    });
  const circle = circleIn(all);
  if (circle !== null) {
    const [first = ''] = circle;
    const needs = circle.map((one) => `"${one}"`).join(' needs ');
    problems.push({
      line: source.lineOf(['jobs', first, 'needs']),
      message: `${needs}: jobs that wait for each other in a circle never begin. Take one of these needs away.`,
    });
  }
  if (problems.length > 0) refuse(file, problems);
  return { steps: inOrder([...made.values()].flat()), parameters: Object.fromEntries(parameters) };
}

function parametersOf(
  { pipeline, lineOf, file }: Source,
  given: ReadonlyMap<string, string>,
  problems: Problem[],
): Map<string, string> {
  const parameters = declared(pipeline);
  for (const [name, parameter] of Object.entries(parameters)) {
    const why = problemWith(parameter, parameter.default);
    if (why !== null)
      problems.push({
        line: lineOf(['parameters', name]),
        message: `parameters.${name}: its default ${why}.`,
      });
  }
  const values = new Map(
    Object.entries(parameters).map(([name, { default: usual }]) => [name, String(usual)]),
  );
  for (const [name, value] of given) {
    const parameter = parameters[name];
    const line = lineOf(['parameters', name]);
    if (parameter === undefined) {
      const known = nearest(name, [...values.keys()]);
      problems.push({ line, message: `-p ${name}: ${file} has no such parameter; ${known}.` });
      continue;
    }
    // A number was always taken as any word where nothing was said of it.
    const plain = typeof pipeline.parameters?.[name] !== 'object';
    const read = plain ? ({ ok: true } as const) : readValue(parameter, value);
    if (!read.ok) problems.push({ line, message: `-p ${name}=${value}: the parameter ${read.why}.` });
    values.set(name, value);
  }
  return values;
}

function stepsOf(
  source: Source,
  of: string,
  job: PipelineJob,
  parameters: ReadonlyMap<string, string>,
  problems: Problem[],
): Step[] {
  const commands = commandsIn(job);
  const [command] = commands;
  if (command === undefined || commands.length > 1) {
    const message = `jobs.${of}: say with one of the commands of pilot what it does, such as "run: python3 sim.py"${commands.length > 1 ? `; here stand ${commands.map(({ verb }) => verb).join(' and ')}` : ''}.`;
    problems.push({ line: source.lineOf(['jobs', of]), message });
    return [];
  }
  const rows = combinations(Object.entries(job.matrix ?? {}));
  if (rows.length > MOST_PIPELINE_JOBS) {
    problems.push({
      line: source.lineOf(['jobs', of, 'matrix']),
      message: `jobs.${of}.matrix makes ${rows.length} jobs, and ${MOST_PIPELINE_JOBS} are the most of a pipeline.`,
    });
    return [];
  }
  return rows.map((row, index) => {
    const put = (value: Scalar, path: string[]): string =>
      filled(String(value), { parameters, matrix: new Map(row) }, (message) =>
        problems.push({ line: source.lineOf(['jobs', of, ...path]), message }),
      );
    const variant = row.map(([name, value]) => `${name}=${value}`).join(' ');
    const { verb, words } = command;
    const list =
      typeof words === 'string'
        ? splitLine(words, (message) =>
            problems.push({
              line: source.lineOf(['jobs', of, verb]),
              message: `jobs.${of}.${verb}: ${message}`,
            }),
          )
        : words;
    return {
      key: rows.length === 1 ? of : `${of}.${index + 1}`,
      of,
      name: `${put(job.name ?? of, ['name'])}${rows.length === 1 || variant === '' ? '' : ` ${variant}`}`.slice(
        0,
        200,
      ),
      needs: [],
      verb,
      words: list.map((word) => put(word, [verb])),
      options: Object.entries(job.with ?? {}).flatMap(([name, value]) =>
        (Array.isArray(value) ? value : [value]).map((one) => ({
          name,
          value: typeof one === 'boolean' ? one : put(one, ['with', name]),
        })),
      ),
    };
  });
}

/** The words of a line, as it stands: what has quotes in it is better a list. */
function splitLine(line: string, problem: (message: string) => void): string[] {
  if (/["'\\]/.test(line))
    problem(
      'no shell reads this line, so quotes mean nothing in it. Write its words as a list: [sh, -c, "…"].',
    );
  return line.split(/\s+/).filter(Boolean);
}

function combinations(axes: [string, Scalar[]][]): [string, string][][] {
  return axes.reduce<[string, string][][]>(
    (rows, [name, values]) =>
      rows.flatMap((row) =>
        rows.length * values.length > 10_000
          ? [row]
          : values.map((value): [string, string][] => [...row, [name, String(value)]]),
      ),
    [[]],
  );
}

type Known = { parameters: ReadonlyMap<string, string>; matrix: ReadonlyMap<string, string> };

/** With the values of parameters and of the matrix; other braces are the command's own. */
function filled(text: string, known: Known, problem: (message: string) => void): string {
  return text.replace(/\{(parameters|matrix)\.([^{}]*)\}/g, (whole, kind: keyof Known, name: string) => {
    const value = known[kind].get(name);
    if (value !== undefined) return value;
    problem(
      `${whole}: there is no ${kind === 'matrix' ? 'such value in the matrix of this job' : 'such parameter'}; ${nearest(name, [...known[kind].keys()])}.`,
    );
    return whole;
  });
}
