import type { Parameter } from '@parallel-pilot/shared/kinds/training/settings.ts';

export type Params = Record<string, Parameter>;
export type Grid = { ok: true; jobs: Params[] } | { ok: false; message: string };

/** Jobs of one sweep: each is followed by itself, and a table of more cannot be read. */
const MOST_JOBS = 64;
const NAME = /^[A-Za-z_]\w{0,63}$/;
// A value in double quotes may hold commas and is a text, whatever it looks like.
const VALUE = /^(?:"((?:[^"\\]|\\.)*)"|([^,"]+))(?:,|$)/;

/**
 * Reads "lr=0.1,0.01" and the like into every combination of their values, the
 * last name changing fastest; one combination of nothing where none is given. Pure.
 */
export function readParams(given: readonly string[]): Grid {
  let jobs: Params[] = [{}];
  for (const text of given) {
    const [, name = '', list = ''] = /^\s*([^=\s]*)\s*=(.*)$/s.exec(text) ?? [];
    if (!NAME.test(name)) {
      return refuse(`--param ${text}: write name=value, such as lr=0.1, or lr=0.1,0.01 to try several.`);
    }
    if (jobs.some((job) => Object.hasOwn(job, name))) {
      return refuse(`--param ${name} is given twice. Write all its values at once: --param ${name}=0.1,0.01`);
    }
    const values = readValues(list);
    if (values === null) {
      return refuse(
        `--param ${text}: write a value after = and after each comma. One with a comma goes in double quotes.`,
      );
    }
    jobs = jobs.flatMap((job) => values.map((value) => ({ ...job, [name]: value })));
    if (jobs.length > MOST_JOBS) {
      return refuse(
        `--param: these values make more than ${MOST_JOBS} trainings. Give fewer, or sweep in several steps.`,
      );
    }
  }
  return { ok: true, jobs };
}

const refuse = (message: string): Grid => ({ ok: false, message });

function readValues(list: string): Parameter[] | null {
  const values: Parameter[] = [];
  let rest = `${list.trim()},`;
  while (rest !== '') {
    const match = VALUE.exec(rest);
    if (match === null) return null;
    const [all, quoted, plain] = match;
    if (quoted === undefined && plain?.trim() === '') return null;
    const value = quoted === undefined ? readValue((plain ?? '').trim()) : quoted.replace(/\\(.)/g, '$1');
    if (typeof value === 'string' && value.length > 1_000) return null;
    values.push(value);
    rest = rest.slice(all.length);
  }
  return [...new Set(values)];
}

function readValue(text: string): Parameter {
  if (/^(true|false)$/i.test(text)) return text.toLowerCase() === 'true';
  const number = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(number) ? number : text;
}

/** { lr: 0.1, width: 32 } -> "lr=0.1,width=32", at most 80 characters; `number` keeps cut ones apart. */
export function variantOf(params: Params, number: number): string {
  const text = Object.entries(params)
    .map(([name, value]) => `${name}=${value}`)
    .join(',');
  return text.length <= 80 ? text : `${text.slice(0, 74)}… #${number}`;
}
