import { Readable } from 'node:stream';
import type { StageInput } from '@parallel-pilot/shared/protocol/stage-input.ts';
import type { BlobStore, StoredBlob } from '@parallel-pilot/shared/server/blobs/blob-store.ts';
import type { MadeArtifact } from '../../kind.ts';
import { dtypeOf, openWeights, type Weights } from '../check/open-weights.ts';
import { type NpyHeader, valueBytes, writeNpyHeader } from '../data/npy-header.ts';
import { npzValues } from '../data/npz-values.ts';
import type { NpzArray } from '../data/open-npz.ts';
import { ArchiveWriter } from '../split/sink.ts';
import { storeBlob } from '../store-blob.ts';

/**
 * The model for whoever asked for it, as .npz and as safetensors. Both are
 * written here from the numbers of weights that were checked: no byte that a
 * worker arranged reaches a program that opens them. Throws NoRoom.
 */
export async function modelFiles(
  blobs: BlobStore,
  { name, weights: stored }: { name: string; weights: StageInput },
  signal: AbortSignal,
): Promise<MadeArtifact[]> {
  const opened = await openWeights(blobs.localPath(stored.hash));
  if (!opened.ok)
    throw new Error(`the weights of a finished training cannot be used: they ${opened.message}`);
  const { weights } = opened;
  try {
    const npz = await writeNpz(blobs, weights, signal);
    const tensors = await writeSafetensors(blobs, weights, signal);
    return [
      { name: `${name}.npz`, mediaType: 'application/zip', ...npz },
      { name: `${name}.safetensors`, mediaType: 'application/octet-stream', ...tensors },
    ];
  } finally {
    await weights.close();
  }
}

async function writeNpz(blobs: BlobStore, { npz }: Weights, signal: AbortSignal): Promise<StoredBlob> {
  const archive = new ArchiveWriter(blobs, { large: npz.zip.fileSize > 2 ** 31 });
  try {
    for (const array of npz.arrays.values()) {
      const { name, header } = array;
      const sink = archive.begin(`${name}.npy`);
      await sink.put(writeNpyHeader(typeOf(header), header.shape));
      for await (const piece of npzValues(npz, array, signal)) await sink.put(piece);
      await archive.end();
    }
    return await archive.finish();
  } catch (error) {
    await archive.abort();
    throw error;
  }
}

const typeOf = ({ kind, itemBytes }: NpyHeader): string =>
  `${itemBytes === 1 ? '|' : '<'}${kind}${itemBytes}`;

/**
 * The format of https://github.com/huggingface/safetensors#format: the length
 * of a header (8 bytes, little-endian), the header (JSON: type, shape, and
 * place of each tensor behind it), then the values, without a gap. Wide values
 * come first and the header is filled up with spaces, so that each lies at a
 * multiple of its width, as its readers want it.
 */
async function writeSafetensors(
  blobs: BlobStore,
  { npz }: Weights,
  signal: AbortSignal,
): Promise<StoredBlob> {
  const arrays = [...npz.arrays.values()].sort((a, b) => b.header.itemBytes - a.header.itemBytes);
  async function* bytes(): AsyncGenerator<Buffer> {
    yield safetensorsHeader(arrays);
    for (const array of arrays) yield* npzValues(npz, array, signal);
  }
  return await storeBlob(blobs, Readable.from(bytes(), { objectMode: false }));
}

function safetensorsHeader(arrays: readonly NpzArray[]): Buffer {
  let end = 0;
  // Put together by hand: a name may be `__proto__`, which an object would not keep.
  const tensors = arrays.map(({ name, header }) => {
    const begin = end;
    end += valueBytes(header);
    const tensor = { dtype: dtypeOf(header), shape: header.shape, data_offsets: [begin, end] };
    return `${JSON.stringify(name)}:${JSON.stringify(tensor)}`;
  });
  const text = Buffer.from(`{${tensors.join(',')}}`);
  const header = Buffer.alloc(8 + Math.ceil(text.length / 8) * 8, ' ');
  header.writeBigUInt64LE(BigInt(header.length - 8));
  text.copy(header, 8);
  return header;
}
