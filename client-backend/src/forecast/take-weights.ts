import { z } from 'zod';
import type { Network } from './lstm.ts';
import { DAY } from './series.ts';

/** Of a network as large as is taken it is a tenth. */
export const MOST_BYTES = 1_000_000;
const LONGEST_HEADER = 16_384;
const MOST_HIDDEN = 64;
const INPUTS = 8;

const Header = z.record(
  z.string(),
  z.object({
    dtype: z.enum(['F32', 'F64']),
    shape: z.array(z.int().positive().max(100_000)).max(2),
    data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
  }),
);

export type TakenNetwork = { ok: true; network: Network } | { ok: false; message: string };

/**
 * A network from a file of weights in the format of https://github.com/huggingface/safetensors#format: the length of
 * a header, the header, the values. Taken is what `examples/load-forecast/network.py` makes, of at most 64 units; the
 * message completes a sentence about the file.
 */
export function takeWeights(file: Uint8Array): TakenNetwork {
  const tensors = readTensors(file);
  if (typeof tensors === 'string') return { ok: false, message: tensors };
  const hidden = tensors.get('lstm.weight_hh_l0')?.shape[1] ?? 0;
  if (hidden < 1 || hidden > MOST_HIDDEN)
    return { ok: false, message: `is no network of 1 to ${MOST_HIDDEN} units` };
  const gates = 4 * hidden;
  const wanted: [keyof Network & string, string, number[]][] = [
    ['inputs', 'lstm.weight_ih_l0', [gates, INPUTS]],
    ['recurrent', 'lstm.weight_hh_l0', [gates, hidden]],
    ['inputBias', 'lstm.bias_ih_l0', [gates]],
    ['recurrentBias', 'lstm.bias_hh_l0', [gates]],
    ['head', 'head.weight', [DAY, hidden]],
    ['headBias', 'head.bias', [DAY]],
    ['days', 'days', [7]],
  ];
  if (tensors.size !== wanted.length)
    return { ok: false, message: 'holds other arrays than such a network has' };
  const found: Record<string, unknown> = { hidden };
  for (const [key, name, shape] of wanted) {
    const tensor = tensors.get(name);
    if (tensor === undefined || String(tensor.shape) !== String(shape))
      return { ok: false, message: `has no "${name}" of the shape ${shape.join(' × ')}` };
    if (!tensor.values.every(Number.isFinite))
      return { ok: false, message: `has values in "${name}" that are no numbers` };
    found[key] = tensor.values;
  }
  return { ok: true, network: found as Network };
}

type Tensor = { shape: number[]; values: Float32Array };

/** A sentence's end where it is no such file. */
function readTensors(file: Uint8Array): Map<string, Tensor> | string {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length > MOST_BYTES || file.length < 8) return 'is no file of weights of at most a megabyte';
  const length = Number(view.getBigUint64(0, true));
  if (length > LONGEST_HEADER || 8 + length > file.length) return 'has no header of safetensors';
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(file.subarray(8, 8 + length)));
  } catch {
    return 'has no header of safetensors';
  }
  const header = Header.safeParse(json);
  if (!header.success) return 'has arrays that such a network has not';
  const tensors = new Map<string, Tensor>();
  for (const [name, { dtype, shape, data_offsets }] of Object.entries(header.data)) {
    const [start, end] = data_offsets.map((offset) => 8 + length + offset) as [number, number];
    const bytes = dtype === 'F32' ? 4 : 8;
    const count = shape.reduce((product, one) => product * one, 1);
    if (end > file.length || end - start !== bytes * count) return `has no place for "${name}"`;
    const at = (index: number) =>
      bytes === 4 ? view.getFloat32(start + 4 * index, true) : view.getFloat64(start + 8 * index, true);
    tensors.set(name, { shape, values: Float32Array.from({ length: count }, (_, index) => at(index)) });
  }
  return tensors;
}
