import { type Parameter, problemWith, type Scalar } from '@parallel-pilot/shared/model/parameters.ts';

/** Values that the parameter may have beside `usual`, each once; far enough from it to be told from other numbers first. */
export function otherValues(parameter: Parameter, usual: Scalar): Scalar[] {
  const others = parameter.values ?? thoughtOf(usual);
  return [...new Set(others)].filter((one) => one !== usual && problemWith(parameter, one) === null);
}

function thoughtOf(usual: Scalar): Scalar[] {
  if (typeof usual === 'boolean') return [!usual];
  if (typeof usual === 'string') return [`${usual}other1`, `${usual}other2`, 'other1', 'other2'];
  const whole = [1013, 1021, 101, 103, 11, 13, 1, 2, 3, -1, -2].map((more) => usual + more);
  if (Number.isInteger(usual)) return whole;
  return [0.5, 0.75, 1.5, 1.25].map((by) => Number((usual * by).toPrecision(12)));
}
