import { filledIn } from './format-strings.ts';
import type { Step } from './schema.ts';
import { combine, readRange, type Task } from './task-space.ts';

/** The tasks of a step; null for one without parameters. `at` is where something is wrong. */
export function tasksOf(
  { parameterSpace }: Step,
  values: ReadonlyMap<string, string>,
): { ok: true; tasks: Task[] | null } | { ok: false; at: (string | number)[]; message: string } {
  if (parameterSpace === undefined) return { ok: true, tasks: null };
  const known = new Map(
    [...values].flatMap(
      ([name, value]) =>
        [
          [`Param.${name}`, value],
          [`RawParam.${name}`, value],
        ] as [string, string][],
    ),
  );
  const ranges = new Map<string, string[]>();
  for (const [index, { name, type, range }] of parameterSpace.taskParameterDefinitions.entries()) {
    const at = ['taskParameterDefinitions', index, 'range'];
    if (ranges.has(name)) return { ok: false, at, message: `two task parameters are called "${name}"` };
    if (typeof range === 'string') {
      const read = readRange(filledIn(range, known));
      if (!read.ok) return { ok: false, at, message: read.message };
      ranges.set(name, read.value.map(String));
      continue;
    }
    const own = range.map((value) => filledIn(String(value), known));
    const wrong = own.find((value) => !isOf(type, value));
    if (wrong !== undefined) return { ok: false, at, message: `"${wrong}" is no ${type}` };
    ranges.set(name, own);
  }
  const combined = combine(ranges, parameterSpace.combination);
  return combined.ok
    ? { ok: true, tasks: combined.value }
    : { ok: false, at: ['combination'], message: combined.message };
}

const isOf = (type: string, value: string): boolean =>
  type === 'INT'
    ? /^\s*[+-]?\d+\s*$/.test(value)
    : type !== 'FLOAT' || (value.trim() !== '' && Number.isFinite(Number(value)));
