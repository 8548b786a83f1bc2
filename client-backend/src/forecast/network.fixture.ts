import type { Network } from './lstm.ts';
import { chance } from './rhythm.fixture.ts';
import { DAY } from './series.ts';

/** A network of any weights, which follow from the seed; `days` where its straight way is to be a certain one. */
export function someNetwork(options: {
  hidden: number;
  seed: number;
  days?: readonly number[];
  head?: number;
}): Network {
  const { hidden, seed, days, head = 0.5 } = options;
  const random = chance(seed);
  const some = (count: number, most: number) =>
    Float32Array.from({ length: count }, () => most * (2 * random() - 1));
  return {
    hidden,
    inputs: some(4 * hidden * 8, 1),
    recurrent: some(4 * hidden * hidden, 1),
    inputBias: some(4 * hidden, 0.5),
    recurrentBias: some(4 * hidden, 0.5),
    head: some(DAY * hidden, head),
    headBias: some(DAY, head),
    days: days === undefined ? some(7, 0.5) : Float32Array.from(days),
  };
}

/** As a farm writes them: https://github.com/huggingface/safetensors#format. */
export function safetensorsOf(arrays: Record<string, { shape: number[]; values: Float32Array }>): Buffer {
  let end = 0;
  const header = Object.fromEntries(
    Object.entries(arrays).map(([name, { shape, values }]) => {
      const start = end;
      end += values.byteLength;
      return [name, { dtype: 'F32', shape, data_offsets: [start, end] }];
    }),
  );
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const values = Object.values(arrays).map((array) => Buffer.from(array.values.buffer));
  return Buffer.concat([length, text, ...values]);
}

/** By their names in PyTorch. */
export const arraysOf = (network: Network) => ({
  'lstm.weight_ih_l0': { shape: [4 * network.hidden, 8], values: network.inputs },
  'lstm.weight_hh_l0': { shape: [4 * network.hidden, network.hidden], values: network.recurrent },
  'lstm.bias_ih_l0': { shape: [4 * network.hidden], values: network.inputBias },
  'lstm.bias_hh_l0': { shape: [4 * network.hidden], values: network.recurrentBias },
  'head.weight': { shape: [DAY, network.hidden], values: network.head },
  'head.bias': { shape: [DAY], values: network.headBias },
  days: { shape: [7], values: network.days },
});
