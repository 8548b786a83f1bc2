import { inChunks } from './chunks.ts';
import { filledIn } from './format-strings.ts';
import type { Step, TaskParameter } from './schema.ts';
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
  let inParts: string | undefined;
  for (const [index, one] of parameterSpace.taskParameterDefinitions.entries()) {
    const at = ['taskParameterDefinitions', index];
    if (ranges.has(one.name))
      return { ok: false, at, message: `two task parameters are called "${one.name}"` };
    const read = valuesOf(one, known);
    if (!read.ok) return { ...read, at: [...at, 'range'] };
    ranges.set(one.name, read.values);
    if (one.type !== 'CHUNK[INT]') continue;
    if (inParts !== undefined) return { ok: false, at, message: 'only one task parameter comes in chunks' };
    inParts = one.name;
    const count = Number(filledIn(String(one.chunks.defaultTaskCount), known));
    if (!(Number.isInteger(count) && count > 0))
      return { ok: false, at: [...at, 'chunks'], message: `"${count}" is no number of tasks from 1 on` };
    const isContiguous = one.chunks.rangeConstraint === 'CONTIGUOUS';
    ranges.set(one.name, inChunks(read.values.map(Number), { count, isContiguous }));
  }
  const combined = combine(ranges, parameterSpace.combination, inParts);
  return combined.ok
    ? { ok: true, tasks: combined.value }
    : { ok: false, at: ['combination'], message: combined.message };
}

function valuesOf(
  { type, range }: TaskParameter,
  known: ReadonlyMap<string, string>,
): { ok: true; values: string[] } | { ok: false; message: string } {
  if (typeof range === 'string') {
    const read = readRange(filledIn(range, known));
    return read.ok ? { ok: true, values: read.value.map(String) } : read;
  }
  const values = range.map((value) => filledIn(String(value), known));
  const wrong = values.find((value) => !isOf(type, value));
  return wrong === undefined ? { ok: true, values } : { ok: false, message: `"${wrong}" is no ${type}` };
}

const isOf = (type: string, value: string): boolean =>
  type === 'INT' || type === 'CHUNK[INT]'
    ? /^\s*[+-]?\d+\s*$/.test(value)
    : type !== 'FLOAT' || (value.trim() !== '' && Number.isFinite(Number(value)));
