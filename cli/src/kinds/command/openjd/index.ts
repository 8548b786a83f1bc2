import { orderByNeeds } from '@parallel-pilot/shared/model/pipeline.ts';
import { nearest, type Problem, readAs, refuse, type SourceDocument } from '../../../source/document.ts';
import type { ForeignFormat, ForeignJob } from '../../foreign-format.ts';
import { checkReferences } from './check-references.ts';
import { filledIn } from './format-strings.ts';
import { askedBy } from './host-requirements.ts';
import { JobTemplate, type Step, TASK_CHUNKING } from './schema.ts';
import { pathsOf } from './sent-paths.ts';
import { stepPlan } from './step-plan.ts';
import type { Task } from './task-space.ts';
import { tasksOf } from './tasks-of.ts';
import { parametersOf, valuesOf } from './values.ts';

/** Job templates of Open Job Description, as AWS Deadline Cloud takes them: a job for each step. */
export const openJobDescription: ForeignFormat = {
  claims: (document) =>
    typeof document === 'object' && document !== null && 'specificationVersion' in document,
  parameters: (source) => parametersOf(read(source)),
  async jobs(source, given, folder) {
    const template = read(source);
    const problems: Problem[] = [];
    const values = valuesOf(template, source, given, problems);
    // Ranges may be made of values.
    const areKnown = problems.length === 0;
    checkReferences(template, source, problems);
    checkSteps(template, source, problems);
    const tasks = template.steps.map((step, index) =>
      areKnown ? taken(source, index, step, values, problems) : null,
    );
    const asked = template.steps.map(({ hostRequirements }, index) => {
      const { asked, problems: wrong } = askedBy(hostRequirements);
      for (const { path, message } of wrong)
        problems.push({
          line: source.lineOf(['steps', index, 'hostRequirements', ...path]),
          message: `${message}.`,
        });
      return asked;
    });
    const paths = await pathsOf(template, values, (name) => given.has(name), folder);
    for (const { index, message } of paths.problems)
      problems.push({ line: source.lineOf(['parameterDefinitions', index]), message: `${message}.` });
    if (problems.length > 0) refuse(source.file, problems);
    const names = namesOf(template.steps);
    const jobs = template.steps.map((step, index): ForeignJob => {
      const needed = [...new Set((step.dependencies ?? []).map(({ dependsOn }) => dependsOn))];
      const before = needed.map((name) => {
        const at = template.steps.findIndex((one) => one.name === name);
        return { name: names[at] ?? '', several: (tasks[at]?.length ?? 1) > 1 };
      });
      const order = { template, step, values, tasks: tasks[index] ?? null, ...paths, before };
      const { command, args = [] } = step.script.actions.onRun;
      return {
        name: names[index] ?? '',
        title: step.name,
        needs: before.map(({ name }) => name),
        words: [command, ...args],
        asked: asked[index] ?? null,
        plan: (idOf) => stepPlan(order, idOf),
      };
    });
    const known = new Map([...values].map(([name, value]) => [`Param.${name}`, value]));
    return { name: filledIn(template.name, known), parameters: Object.fromEntries(values), jobs };
  },
};

const read = (source: SourceDocument): JobTemplate => readAs(JobTemplate, source, 'the job template');

/** Steps that are called the same, that need one which is not there, or each other. */
function checkSteps(
  { steps, extensions = [] }: JobTemplate,
  { lineOf }: SourceDocument,
  problems: Problem[],
): void {
  const names = steps.map(({ name }) => name);
  for (const [index, { name, dependencies = [], parameterSpace }] of steps.entries()) {
    for (const [at, { type }] of (parameterSpace?.taskParameterDefinitions ?? []).entries())
      if (type === 'CHUNK[INT]' && !extensions.includes(TASK_CHUNKING))
        problems.push({
          line: lineOf(['steps', index, 'parameterSpace', 'taskParameterDefinitions', at, 'type']),
          message: `CHUNK[INT] is of the extension ${TASK_CHUNKING}; name it under extensions.`,
        });
    if (names.indexOf(name) < index)
      problems.push({ line: lineOf(['steps', index, 'name']), message: `two steps are called "${name}".` });
    for (const [at, { dependsOn }] of dependencies.entries())
      if (!names.includes(dependsOn))
        problems.push({
          line: lineOf(['steps', index, 'dependencies', at]),
          message: `there is no step "${dependsOn}"; ${nearest(
            dependsOn,
            names.filter((one) => one !== name),
          )}.`,
        });
  }
  const order = orderByNeeds(
    steps.map(({ name, dependencies = [] }) => ({
      key: name,
      needs: dependencies.map(({ dependsOn }) => dependsOn),
    })),
  );
  if (order.ok) return;
  const circle = order.circle.map((name) => `"${name}"`).join(' needs ');
  problems.push({
    line: lineOf(['steps', names.indexOf(order.circle[0] ?? ''), 'dependencies']),
    message: `${circle}: steps that wait for each other in a circle never begin.`,
  });
}

function taken(
  { lineOf }: SourceDocument,
  index: number,
  step: Step,
  values: ReadonlyMap<string, string>,
  problems: Problem[],
): Task[] | null {
  const tasks = tasksOf(step, values);
  if (tasks.ok) return tasks.tasks;
  problems.push({
    line: lineOf(['steps', index, 'parameterSpace', ...tasks.at]),
    message: `${tasks.message}.`,
  });
  return null;
}

/** How a pipeline may call the steps: each name once, of letters, digits and _. */
function namesOf(steps: readonly Step[]): string[] {
  const names: string[] = [];
  for (const { name } of steps) {
    const plain = name
      .replace(/[^\w-]+/g, '_')
      .replace(/^(?![A-Za-z_])/, '_')
      .slice(0, 60);
    let own = plain;
    for (let more = 2; names.includes(own); more += 1) own = `${plain}_${more}`;
    names.push(own);
  }
  return names;
}
