import { z } from 'zod';
import { strictObject } from '../../../model/strict-object.ts';
import { Parameter, TrainingSettings } from '../settings.ts';

/** Trainings of one sweep: all are listed in one table, and drawn in one chart. */
export const MOST_RUNS = 100;
/** Runs of a search by chance, where nobody says how many. */
export const USUAL_RUNS = 16;

/** Where the values of a parameter come from. Ends of a range may be drawn themselves. */
export const Distribution = z.discriminatedUnion('of', [
  strictObject({ of: z.literal('choice'), values: z.array(Parameter).min(1).max(MOST_RUNS) }),
  strictObject({ of: z.literal('uniform'), from: z.number(), to: z.number() }),
  /** Even in the logarithm: as many between 0.001 and 0.01 as between 0.01 and 0.1. */
  strictObject({ of: z.literal('log'), from: z.number().positive(), to: z.number().positive() }),
  strictObject({ of: z.literal('int'), from: z.int(), to: z.int() }),
]);
export type Distribution = z.infer<typeof Distribution>;

export const SWEEP_MODES = ['grid', 'random', 'asha'] as const;

/** What a user asks for: which parameters are tried with which values, and which runs go on. */
export const Sweep = strictObject({
  /** By the names that the script gives to `pilot.param`. */
  parameters: z.record(TrainingSettings.shape.params.unwrap().keyType, Distribution),
  /**
   * `grid`: each combination. `random`: so many drawn by chance. `asha`: those of either, of which only the best go on:
   * asynchronous successive halving (Li et al., "A System for Massively Parallel Hyperparameter Tuning", MLSys 2020,
   * arXiv 1810.05934, algorithm 2).
   */
  mode: z.enum(SWEEP_MODES).default('grid'),
  /** Of `random` and `asha`; null draws 16, or takes each combination where `asha` has nothing but choices. */
  runs: z.int().min(2).max(MOST_RUNS).nullable().default(null),
  /** So many at once; others wait for their turn. */
  concurrent: z.int().min(1).max(MOST_RUNS).default(4),
  /** Of `asha`: one in so many goes on from each rung to the next, which is as many times as far; the paper's eta. */
  reductionFactor: z.int().min(2).max(10).default(3),
  /** Of `asha`: rounds to the first rung; the paper's r. */
  minRounds: z.int().min(1).max(10_000).default(1),
});
export type Sweep = z.infer<typeof Sweep>;

/** The rounds after which runs are compared: `minRounds`, and each time so many times as many, but not the last. */
export function rungsOf(
  { mode, minRounds, reductionFactor }: Pick<Sweep, 'mode' | 'minRounds' | 'reductionFactor'>,
  rounds: number,
): number[] {
  const rungs: number[] = [];
  if (mode !== 'asha') return rungs;
  for (let at = minRounds; at < rounds; at *= reductionFactor) rungs.push(at);
  return rungs;
}

/** How many combinations there are to draw from; null where a range has no end of them. */
export function combinationsOf(parameters: Sweep['parameters']): number | null {
  let count = 1;
  for (const of of Object.values(parameters)) {
    if (of.of === 'choice') count *= new Set(of.values).size;
    else if (of.of === 'int') count *= of.to - of.from + 1;
    else return null;
  }
  return count;
}

/** Whether each combination is taken, rather than some drawn. */
export const isGrid = ({ mode, runs, parameters }: Pick<Sweep, 'mode' | 'runs' | 'parameters'>): boolean =>
  mode === 'grid' ||
  (mode === 'asha' && runs === null && Object.values(parameters).every(({ of }) => of === 'choice'));

/** How many trainings it makes. */
export const runsOf = (sweep: Pick<Sweep, 'mode' | 'runs' | 'parameters'>): number => {
  const combinations = combinationsOf(sweep.parameters);
  if (isGrid(sweep)) return combinations ?? 0;
  return sweep.runs ?? Math.min(USUAL_RUNS, combinations ?? USUAL_RUNS);
};

type Of = Pick<TrainingSettings, 'rounds' | 'mode' | 'params'>;

/** Why it cannot be made, as a sentence; null where it can. `of`: the settings of each training. */
export function sweepProblem(sweep: Sweep, of: Of): string | null {
  const { parameters, mode, runs, minRounds } = sweep;
  const names = Object.keys(parameters);
  if (names.length === 0) return 'A sweep needs a parameter to try values of, such as lr.';
  const twice = names.find((name) => Object.hasOwn(of.params, name));
  if (twice !== undefined)
    return `${twice} is given one value and values to try. Give it in the sweep or as a parameter, not both.`;
  for (const [name, range] of Object.entries(parameters)) {
    if (range.of !== 'choice' && range.from >= range.to)
      return `${name}: ${range.of}(${range.from}, ${range.to}) has nothing between its ends. Write the smaller first.`;
  }
  const ranges = Object.entries(parameters).filter(([, { of }]) => of !== 'choice');
  const [first] = ranges;
  if (mode === 'grid' && first !== undefined)
    return `A grid takes each combination of values that are listed, and ${first[0]} is a range. Use random or asha, or list its values.`;
  if (mode === 'grid' && runs !== null)
    return 'A grid makes as many runs as there are combinations. Use random or asha to say how many.';
  const combinations = combinationsOf(parameters);
  if (combinations !== null && runs !== null && runs > combinations)
    return `There are ${combinations} combinations of these values, fewer than the ${runs} runs that are asked for.`;
  const count = runsOf(sweep);
  if (count > MOST_RUNS)
    return `These values make ${count.toLocaleString('en')} trainings, and a sweep has at most ${MOST_RUNS}. Give fewer values, or use random with so many runs.`;
  if (count < 2) return 'These values make one training. Give two or more to have a sweep.';
  if (mode !== 'asha') return null;
  if (of.mode === 'ddp')
    return 'Trainings of mode ddp have no rounds after which asha could stop one. Use grid or random.';
  if (minRounds >= of.rounds)
    return `The trainings have ${of.rounds === 1 ? 'one round' : `${of.rounds} rounds`}, and asha would compare them first after ${minRounds}. Give more rounds, or fewer to the first look.`;
  return null;
}
