import type { RunsOn } from '@parallel-pilot/shared/model/dependencies.ts';
import { orderByNeeds } from '@parallel-pilot/shared/model/pipeline.ts';
import type { PipelineJob } from './schema.ts';
import { nearest, type Problem, type Source } from './source.ts';

/** One job of a pipeline, with everything put in that stands for something else but results of other jobs. */
export type Step = {
  /** As jobs of the pipeline call it; with its number behind where a matrix makes several. */
  key: string;
  /** The key in the file. */
  of: string;
  name: string;
  needs: { key: string; on: RunsOn }[];
  verb: string;
  words: string[];
  options: { name: string; value: string | boolean }[];
};

const RESULT = /\{jobs\.([^{}]*)\}/g;

/** Names of the jobs of which this text takes results, as they stand in it. */
const resultsNamedIn = (text: string): string[] => [...text.matchAll(RESULT)].map(([, name = '']) => name);

/** Writes into each step of a job which others it needs, by its needs and by the results that it takes. */
export function link(
  source: Source,
  of: string,
  job: PipelineJob,
  made: ReadonlyMap<string, Step[]>,
  problems: Problem[],
): void {
  const needs = new Map<string, RunsOn>(needsOf(job));
  const line = source.lineOf(['jobs', of, 'needs']);
  const unknown = (name: string) =>
    `there is no job "${name}"; ${nearest(
      name,
      [...made.keys()].filter((key) => key !== of),
    )}`;
  for (const name of needs.keys())
    if (!made.has(name)) problems.push({ line, message: `jobs.${of}.needs: ${unknown(name)}.` });
  for (const step of made.get(of) ?? []) {
    for (const [path, text] of textsOf(step)) {
      for (const named of resultsNamedIn(text)) {
        const [, name = ''] = /^(.+)\.result$/.exec(named) ?? [];
        const say = (message: string) =>
          problems.push({
            line: source.lineOf(['jobs', of, ...path]),
            message: `{jobs.${named}}: ${message}.`,
          });
        if (name === '') say('write {jobs.NAME.result}/FILE');
        else if (!made.has(name)) say(unknown(name));
        else if ((made.get(name)?.length ?? 1) > 1)
          say(
            `"${name}" is ${made.get(name)?.length} jobs, by its matrix; results can be taken of a single job`,
          );
        else if (!text.startsWith(`{jobs.${named}}/`) || resultsNamedIn(text).length > 1)
          say('a result is a whole word, and the name of its file follows: {jobs.NAME.result}/FILE');
        else if ((needs.get(name) ?? 'success') !== 'success')
          say(`it needs the success of "${name}", and its needs say ${needs.get(name)}`);
        else needs.set(name, 'success');
      }
    }
    step.needs = [...needs].flatMap(([name, on]) => (made.get(name) ?? []).map(({ key }) => ({ key, on })));
  }
}

export const textsOf = ({ verb, words, options }: Step): [path: string[], text: string][] => [
  ...words.map((word): [string[], string] => [[verb], word]),
  ...options.flatMap(({ name, value }): [string[], string][] =>
    typeof value === 'string' ? [[['with', name], value]] : [],
  ),
];

function needsOf({ needs }: PipelineJob): [string, RunsOn][] {
  if (needs === undefined) return [];
  if (typeof needs === 'string') return [[needs, 'success']];
  if (Array.isArray(needs)) return needs.map((name) => [name, 'success']);
  return Object.entries(needs);
}

/** Keys of jobs that need each other, the first of them once more at the end; null where there are none. */
export function circleIn(all: readonly [string, PipelineJob][]): string[] | null {
  const jobs = new Map(all);
  const named = (job: PipelineJob): string[] => [
    ...needsOf(job).map(([name]) => name),
    ...resultsNamedIn(JSON.stringify(job)).map((name) => name.replace(/\.result$/, '')),
  ];
  const done = new Set<string>();
  const visit = (key: string, path: string[]): string[] | null => {
    if (path.includes(key)) return [...path.slice(path.indexOf(key)), key];
    const job = jobs.get(key);
    if (job === undefined || done.has(key)) return null;
    for (const next of new Set(named(job))) {
      const circle = visit(next, [...path, key]);
      if (circle !== null) return circle;
    }
    done.add(key);
    return null;
  };
  for (const [key] of all) {
    const circle = visit(key, []);
    if (circle !== null) return circle;
  }
  return null;
}

/** Each after all that it needs, else as they stand in the file. Circles have to be found before. */
export function inOrder(steps: readonly Step[]): Step[] {
  const order = orderByNeeds(
    steps.map((step) => ({ key: step.key, needs: step.needs.map(({ key }) => key), step })),
  );
  if (!order.ok) throw new Error('a circle was not seen');
  return order.ordered.map(({ step }) => step);
}
