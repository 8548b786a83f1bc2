import { createHash } from 'node:crypto';
import type { Parameter } from '@parallel-pilot/shared/kinds/training/settings.ts';
import {
  type Distribution,
  isGrid,
  runsOf,
  type Sweep,
} from '@parallel-pilot/shared/kinds/training/sweep/search.ts';

export type ParameterSet = Record<string, Parameter>;

/** The parameters of each training of a sweep that has no problem; equal for equal seeds. No two are the same. */
export function parameterSets(sweep: Sweep, seed: number): ParameterSet[] {
  return isGrid(sweep) ? everyCombination(sweep.parameters) : drawn(sweep, seed);
}

/** The last parameter changes fastest. */
const everyCombination = (parameters: Sweep['parameters']): ParameterSet[] =>
  Object.entries(parameters).reduce<ParameterSet[]>(
    (sets, [name, of]) =>
      sets.flatMap((set) =>
        [...new Set(of.of === 'choice' ? of.values : [])].map((value) => ({ ...set, [name]: value })),
      ),
    [{}],
  );

/** Each by its number, so that more runs begin with the same ones. What was drawn before is drawn anew. */
function drawn(sweep: Sweep, seed: number): ParameterSet[] {
  const count = runsOf(sweep);
  const sets = new Map<string, ParameterSet>();
  for (let draw = 0; sets.size < count && draw < count * MOST_DRAWS; draw += 1) {
    const set = Object.fromEntries(
      Object.entries(sweep.parameters).map(([name, of]) => [name, valueAt(of, chance(seed, draw, name))]),
    );
    const key = JSON.stringify(set);
    if (!sets.has(key)) sets.set(key, set);
  }
  return [...sets.values()];
}

/** Of 100 combinations the last is found in that many draws but for one time in 10^21. */
const MOST_DRAWS = 50;

/** From 0 to below 1: 48 bits of a hash, which is as even as one needs and the same on every machine. */
const chance = (seed: number, draw: number, name: string): number =>
  createHash('sha256').update(`${seed}\n${draw}\n${name}`).digest().readUIntBE(0, 6) / 2 ** 48;

function valueAt(of: Distribution, at: number): Parameter {
  switch (of.of) {
    case 'choice': {
      const values = [...new Set(of.values)];
      return values[Math.floor(at * values.length)] ?? '';
    }
    case 'int':
      return of.from + Math.floor(at * (of.to - of.from + 1));
    case 'uniform':
      return readable(of.from + at * (of.to - of.from), of);
    case 'log':
      return readable(Math.exp(Math.log(of.from) + at * Math.log(of.to / of.from)), of);
    default:
      return of satisfies never;
  }
}

/** Four digits, which a person can type again. */
const readable = (value: number, { from, to }: { from: number; to: number }): number =>
  Math.min(to, Math.max(from, Number(value.toPrecision(4))));
