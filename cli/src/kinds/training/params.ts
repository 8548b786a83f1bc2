import { type Parameter, TrainingSettings } from '@parallel-pilot/shared/kinds/training/settings.ts';
import { readRange } from '@parallel-pilot/shared/kinds/training/sweep/read-distribution.ts';
import {
  type Distribution,
  MOST_RUNS,
  Sweep,
  sweepProblem,
} from '@parallel-pilot/shared/kinds/training/sweep/search.ts';
import type { z } from 'zod';

export type Params = Record<string, Parameter>;

/** How a sweep is searched, as typed. */
export type SweepFlags = {
  sweepMode?: string;
  runs?: string;
  concurrent?: string;
  reductionFactor?: string;
  minRounds?: string;
};

export type ReadParams =
  | { ok: true; params: Params; sweep: z.input<typeof Sweep> | null }
  | { ok: false; message: string };

const NAME = /^[A-Za-z_]\w{0,63}$/;
// A value in double quotes may hold commas and is a text, whatever it looks like.
const VALUE = /^(?:"((?:[^"\\]|\\.)*)"|([^,"]+))(?:,|$)/;

/**
 * Reads `--param` and `--sweep`, "lr=0.1,0.01" and the like: of one value a parameter of the training, of several or a
 * distribution a parameter of its sweep. Pure.
 */
export function readParams(
  given: readonly string[],
  swept: readonly string[],
  flags: SweepFlags,
  settings: Record<string, unknown>,
): ReadParams {
  const params: Params = {};
  const parameters: Record<string, Distribution> = {};
  const all = [
    ...given.map((text) => ({ option: '--param', text })),
    ...swept.map((text) => ({ option: '--sweep', text })),
  ];
  for (const { option, text } of all) {
    const [, name = '', list = ''] = /^\s*([^=\s]*)\s*=(.*)$/s.exec(text) ?? [];
    if (!NAME.test(name)) {
      return refuse(`${option} ${text}: write name=value, such as lr=0.1, or lr=0.1,0.01 to try several.`);
    }
    if (Object.hasOwn(params, name) || Object.hasOwn(parameters, name)) {
      return refuse(
        `${option} ${name} is given twice. Write all its values at once: ${option} ${name}=0.1,0.01`,
      );
    }
    const range = option === '--sweep' ? readRange(list) : 'not-a-range';
    if (range !== 'not-a-range') {
      if (!range.ok) return refuse(`${option} ${name}: ${range.message}`);
      parameters[name] = range.range;
      continue;
    }
    const values = readValues(list);
    if (values === null) {
      return refuse(
        `${option} ${text}: write a value after = and after each comma. One with a comma goes in double quotes.`,
      );
    }
    if (values.length > MOST_RUNS)
      return refuse(
        `${option} ${name} has ${values.length} values, and a sweep at most ${MOST_RUNS} trainings.`,
      );
    const [only] = values;
    if (values.length === 1 && only !== undefined && option === '--param') params[name] = only;
    else parameters[name] = { of: 'choice', values };
  }
  return withSweep(params, parameters, flags, settings);
}

const refuse = (message: string): ReadParams => ({ ok: false, message });

const SEARCH = [
  { of: 'runs', option: '--runs', say: `a whole number from 2 to ${MOST_RUNS}` },
  { of: 'concurrent', option: '--concurrent', say: `a whole number from 1 to ${MOST_RUNS}` },
  { of: 'reductionFactor', option: '--reduction-factor', say: 'a whole number from 2 to 10' },
  { of: 'minRounds', option: '--min-rounds', say: 'a whole number from 1 to 10,000' },
] as const;

/** How the parameters are searched. Where there are ranges, a grid cannot be meant. */
function withSweep(
  params: Params,
  parameters: Record<string, Distribution>,
  flags: SweepFlags,
  settings: Record<string, unknown>,
): ReadParams {
  const alone =
    SEARCH.find(({ of }) => flags[of] !== undefined)?.option ?? (flags.sweepMode && '--sweep-mode');
  if (Object.keys(parameters).length === 0) {
    if (alone === undefined) return { ok: true, params, sweep: null };
    return refuse(`${alone} is for a sweep: say what to try, such as --sweep lr=0.1,0.01.`);
  }
  const ranges = Object.values(parameters).some(({ of }) => of !== 'choice');
  const mode =
    flags.sweepMode?.trim().toLowerCase() ?? (ranges || flags.runs !== undefined ? 'random' : 'grid');
  if (!Sweep.shape.mode.safeParse(mode).success)
    return refuse(`--sweep-mode ${flags.sweepMode}: write grid, random or asha.`);
  const search: Record<string, unknown> = { parameters, mode };
  for (const { of, option, say } of SEARCH) {
    const typed = flags[of];
    if (typed === undefined) continue;
    const value = Sweep.shape[of].safeParse(/^\d{1,6}$/.test(typed.trim()) ? Number(typed) : typed);
    if (!value.success) return refuse(`${option} ${typed}: write ${say}.`);
    search[of] = value.data;
  }
  const rounds = TrainingSettings.parse({ ...settings, params });
  const problem = sweepProblem(
    Sweep.parse(search),
    rounds.mode === 'ddp' ? { ...rounds, rounds: 1 } : rounds,
  );
  return problem === null ? { ok: true, params, sweep: search as z.input<typeof Sweep> } : refuse(problem);
}

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
