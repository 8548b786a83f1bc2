import type { SWEEP_MODES, Sweep } from '@parallel-pilot/shared/kinds/training/sweep/search.ts';
import { type ParamRow, readRows } from './params.ts';

/** What the form holds of a sweep; an emptied field holds an empty string. */
export type SweepValues = {
  params: ParamRow[];
  /** How parameters with several values are searched; empty for what suits them. */
  sweepMode: '' | Sweep['mode'];
  runs: number | '';
  concurrent: number | '';
  reductionFactor: number | '';
  minRounds: number | '';
};

/** The sweep that the form asks for; null where no parameter has several values. */
export function sweepOf(values: SweepValues): Sweep | null {
  const { tried } = readRows(values.params);
  if (Object.keys(tried).length === 0) return null;
  const mode = modeOf(values);
  const number = (value: number | '', usual: number) => (value === '' ? usual : value);
  return {
    parameters: tried,
    mode,
    runs: mode === 'grid' || values.runs === '' ? null : values.runs,
    concurrent: number(values.concurrent, 4),
    reductionFactor: number(values.reductionFactor, 3),
    minRounds: number(values.minRounds, 1),
  };
}

/** Where ranges are tried a grid cannot be meant. */
export function modeOf({ sweepMode, params }: SweepValues): (typeof SWEEP_MODES)[number] {
  if (sweepMode !== '') return sweepMode;
  const ranges = Object.values(readRows(params).tried).some(({ of }) => of !== 'choice');
  return ranges ? 'random' : 'grid';
}
