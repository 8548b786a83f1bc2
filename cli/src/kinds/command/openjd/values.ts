import {
  type Parameter,
  type Parameters,
  problemWith,
  readValue,
  type Scalar,
} from '@parallel-pilot/shared/model/parameters.ts';
import { nearest, type Problem, type SourceDocument } from '../../../source/document.ts';
import type { JobParameter, JobTemplate } from './schema.ts';

/** The parameters of a template; one without a default has to be given. */
export const parametersOf = ({ parameterDefinitions = [] }: JobTemplate): Parameters =>
  Object.fromEntries(parameterDefinitions.map((one) => [one.name, parameterOf(one)]));

function parameterOf(one: JobParameter): Parameter {
  const about = one.description == null ? {} : { description: one.description.trim().slice(0, 1_000) };
  if (one.type === 'STRING' || one.type === 'PATH') {
    const { default: usual = '', allowedValues: values, minLength: min, maxLength: max } = one;
    return defined({ ...about, default: usual, values, min, max });
  }
  const { default: usual = 0, allowedValues, minValue, maxValue } = one;
  const [min, max] = [minValue, maxValue].map((value) => (value === undefined ? undefined : Number(value)));
  const values = allowedValues?.map(Number);
  return defined({
    ...about,
    default: Number(usual),
    values,
    min,
    max,
    ...(one.type === 'INT' ? { whole: true } : {}),
  });
}

const defined = (said: Record<string, unknown>): Parameter =>
  Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined)) as Parameter;

/** What each parameter is, as it stands in texts. */
export function valuesOf(
  template: JobTemplate,
  { lineOf, file }: SourceDocument,
  given: ReadonlyMap<string, string>,
  problems: Problem[],
): Map<string, string> {
  const parameters = parametersOf(template);
  const values = new Map<string, string>();
  for (const [index, one] of (template.parameterDefinitions ?? []).entries()) {
    const line = lineOf(['parameterDefinitions', index, 'name']);
    const parameter = parameters[one.name] as Parameter;
    const written = given.get(one.name);
    if (values.has(one.name)) problems.push({ line, message: `two parameters are called "${one.name}".` });
    if (written === undefined && one.default === undefined)
      problems.push({
        line,
        message: `the parameter ${one.name} has no default; give it with -p ${one.name}=….`,
      });
    const why = whyNot(parameter, written, one.default !== undefined);
    if (why !== null)
      problems.push({
        line,
        message: `${written === undefined ? `the default of ${one.name}` : `-p ${one.name}=${written}`}: the parameter ${why}.`,
      });
    values.set(one.name, written ?? String(one.default ?? ''));
  }
  for (const name of given.keys())
    if (!values.has(name)) {
      const message = `-p ${name}: ${file} has no such parameter; ${nearest(name, [...values.keys()])}.`;
      problems.push({ line: lineOf(['parameterDefinitions']), message });
    }
  return values;
}

function whyNot(parameter: Parameter, written: string | undefined, hasDefault: boolean): string | null {
  if (written !== undefined) {
    const read = readValue(parameter, written);
    return read.ok ? null : read.why;
  }
  const usual: Scalar = parameter.default;
  if (typeof usual === 'number' && Number.isNaN(usual)) return 'expects a number';
  return hasDefault ? problemWith(parameter, usual) : null;
}
