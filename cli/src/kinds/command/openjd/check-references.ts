import type { Problem, SourceDocument } from '../../../source/document.ts';
import { referenceProblem, referencesIn } from './format-strings.ts';
import type { Environment, JobTemplate } from './schema.ts';

const SESSION = ['Session.WorkingDirectory', 'Session.HasPathMappingRules', 'Session.PathMappingRulesFile'];

/** What stands in {{ }} and is not known there, or is more than a name. */
export function checkReferences(
  template: JobTemplate,
  { lineOf }: SourceDocument,
  problems: Problem[],
): void {
  const parameters = (template.parameterDefinitions ?? []).flatMap(({ name }) => [
    `Param.${name}`,
    `RawParam.${name}`,
  ]);
  const check = (value: unknown, path: (string | number)[], known: ReadonlySet<string>): void => {
    if (typeof value === 'string') {
      for (const reference of referencesIn(value)) {
        const why = referenceProblem(reference, known);
        if (why !== null) problems.push({ line: lineOf(path), message: `${path.join('.')}: ${why}.` });
      }
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, one] of Object.entries(value))
        if (key !== 'description') check(one, [...path, Array.isArray(value) ? Number(key) : key], known);
    }
  };
  const atSubmission = new Set(parameters);
  const atRun = [...parameters, ...SESSION];
  const environments = (all: readonly Environment[] | undefined, path: (string | number)[]) => {
    for (const [index, one] of (all ?? []).entries()) {
      const files = one.script?.embeddedFiles?.map(({ name }) => `Env.File.${name}`) ?? [];
      check(
        { variables: one.variables, script: one.script },
        [...path, index],
        new Set([...atRun, ...files]),
      );
    }
  };
  check(template.name, ['name'], atSubmission);
  environments(template.jobEnvironments, ['jobEnvironments']);
  for (const [index, step] of template.steps.entries()) {
    environments(step.stepEnvironments, ['steps', index, 'stepEnvironments']);
    check(step.parameterSpace, ['steps', index, 'parameterSpace'], atSubmission);
    check(step.hostRequirements, ['steps', index, 'hostRequirements'], new Set());
    const tasks = step.parameterSpace?.taskParameterDefinitions ?? [];
    const own = tasks.flatMap(({ name }) => [`Task.Param.${name}`, `Task.RawParam.${name}`]);
    const files = step.script.embeddedFiles?.map(({ name }) => `Task.File.${name}`) ?? [];
    check(step.script, ['steps', index, 'script'], new Set([...atRun, ...own, ...files]));
  }
}
