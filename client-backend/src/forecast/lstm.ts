import { QUARTER_MS } from '@parallel-pilot/shared/model/quarter.ts';
import { DAY, dayPlace, WEEK, weekPlace } from './series.ts';

/** Quarter hours that it is shown at once, and what they come with: where in the day and in the week they are. */
const STEP = 4;
const INPUTS = STEP + 4;
/** Times what is usual: more than that looks the same to it. */
const MOST = 20;

/**
 * A network that forecasts a day of quarter hours from the week before, as `examples/load-forecast/network.py` learns
 * it. Arrays are in rows: of its gates first all of `input`, then `forget`, `cell` and `output`.
 */
export type Network = {
  hidden: number;
  /** 4·hidden × 8, 4·hidden × hidden, and 4·hidden twice. */
  inputs: Float32Array;
  recurrent: Float32Array;
  inputBias: Float32Array;
  recurrentBias: Float32Array;
  /** 96 × hidden, and 96. */
  head: Float32Array;
  headBias: Float32Array;
  /** Of the seven days: how much of the same time counts. */
  days: Float32Array;
};

/**
 * Its forecast of the 96 quarter hours after these 672, of which the first began at `from`; none is below 0.
 * A layer of long short-term memory (Hochreiter and Schmidhuber, Neural Computation 9, 1997; with Gers' forget gate) over the hours, with a straight way past it from the same time of each day (the autoregressive
 * part of LSTNet: Lai et al., SIGIR 2018). All is in units of the week's mean, so that it fits a farm of any size.
 */
export function forecastOf(network: Network, past: Float64Array, from: number): Float64Array {
  const out = new Float64Array(DAY);
  const mean = past.reduce((sum, value) => sum + value, 0) / WEEK;
  if (!(mean > 0)) return out;
  const memory = run(network, past, from, mean);
  for (let quarter = 0; quarter < DAY; quarter += 1) {
    let value = network.headBias[quarter] ?? 0;
    for (let unit = 0; unit < network.hidden; unit += 1)
      value += (network.head[quarter * network.hidden + unit] ?? 0) * (memory[unit] ?? 0);
    for (let day = 0; day < 7; day += 1)
      value += ((network.days[day] ?? 0) * (past[day * DAY + quarter] ?? 0)) / mean;
    out[quarter] = Math.max(0, value * mean);
  }
  return out;
}

/** What it has in mind after the week. */
function run(network: Network, past: Float64Array, from: number, mean: number): Float64Array {
  const { hidden } = network;
  const memory = new Float64Array(hidden);
  const cell = new Float64Array(hidden);
  const gates = new Float64Array(4 * hidden);
  const given = new Float64Array(INPUTS);
  for (let at = 0; at < WEEK; at += STEP) {
    show(given, past, at, { from, mean });
    for (let gate = 0; gate < 4 * hidden; gate += 1) {
      let sum = (network.inputBias[gate] ?? 0) + (network.recurrentBias[gate] ?? 0);
      for (let one = 0; one < INPUTS; one += 1)
        sum += (network.inputs[gate * INPUTS + one] ?? 0) * (given[one] ?? 0);
      for (let unit = 0; unit < hidden; unit += 1)
        sum += (network.recurrent[gate * hidden + unit] ?? 0) * (memory[unit] ?? 0);
      gates[gate] = sum;
    }
    for (let unit = 0; unit < hidden; unit += 1) {
      const gate = (which: number) => gates[which * hidden + unit] ?? 0;
      const kept = sigmoid(gate(1)) * (cell[unit] ?? 0) + sigmoid(gate(0)) * Math.tanh(gate(2));
      cell[unit] = kept;
      memory[unit] = sigmoid(gate(3)) * Math.tanh(kept);
    }
  }
  return memory;
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

function show(
  given: Float64Array,
  past: Float64Array,
  at: number,
  { from, mean }: { from: number; mean: number },
): void {
  for (let one = 0; one < STEP; one += 1)
    given[one] = Math.log1p(Math.min(MOST, (past[at + one] ?? 0) / mean));
  const time = from + at * QUARTER_MS;
  const day = (2 * Math.PI * dayPlace(time)) / DAY;
  const week = (2 * Math.PI * weekPlace(time)) / WEEK;
  given.set([Math.sin(day), Math.cos(day), Math.sin(week), Math.cos(week)], STEP);
}
