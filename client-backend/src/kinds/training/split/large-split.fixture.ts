import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { BlobHash } from '@parallel-pilot/shared/model/ids.ts';
import { createFolderStore } from '@parallel-pilot/shared/server/blobs/folder-store.ts';
import { ZipArchive } from 'archiver';
import { countRows } from './count-rows.ts';
import { openJsonl } from './jsonl-source.ts';
import { openNpzSource } from './npz-source.ts';
import type { RowSource, SourceParts } from './row-source.ts';
import { planStratifiedSplit } from './stratified-split.ts';

/*
 * A process of its own that splits about 300 MB: `node large-split.fixture.ts npz|jsonl`. Prints its peak memory
 * in MB before and after, and the rows of the parts.
 */

const ROWS = 300_000;
const ROW_BYTES = 1_000;

const folder = await mkdtemp(join(tmpdir(), 'pilot-large-'));
try {
  const blobs = await createFolderStore(folder);
  const parts = { blobs, config: { maxUploadBytes: 1e10 } } as unknown as SourceParts;
  const format = process.argv[2] === 'npz' ? 'npz' : 'jsonl';
  const written = await blobs.write(format === 'npz' ? npz() : Readable.from(lines()), { maxBytes: 1e10 });
  if (!written.ok) throw new Error(written.message);
  const before = peak();
  const source = await open(parts, format, written);
  const watch = { signal: new AbortController().signal, onBytes: () => undefined };
  const { rows, strata } = await countRows(source, watch);
  const stratified = planStratifiedSplit({
    counts: strata ?? new Map(),
    weights: Array(16).fill(1),
    holdout: 0.1,
    seed: 1,
  });
  const stored = await source.write(stratified, null, watch);
  source.close();
  const bytes = stored.reduce((sum, { size }) => sum + size, 0);
  console.log(
    JSON.stringify({ before, after: peak(), rows, classes: strata?.size, parts: stored.length, bytes }),
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}

function open(
  parts: SourceParts,
  format: 'npz' | 'jsonl',
  blob: { hash: BlobHash; size: number },
): Promise<RowSource> | RowSource {
  const file = { blob: blob.hash, size: blob.size, fileName: `large.${format}` };
  const data = { files: [file], test: null };
  return format === 'npz'
    ? openNpzSource(parts, data, { label: null })
    : openJsonl(parts, data, { label: null });
}

function* lines(): Generator<Buffer> {
  const text = 'x'.repeat(ROW_BYTES - 40);
  for (let row = 0; row < ROWS; row += 1)
    yield Buffer.from(`{"text":"${text}${row}","label":${((row * 10) / ROWS) | 0}}\n`);
}

function npz(): Readable {
  const zip = new ZipArchive({ store: true });
  const header = (descr: string, shape: string) => {
    const dict = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }`.padEnd(117);
    return Buffer.from(`\x93NUMPY\x01\x00\x76\x00${dict}\n`, 'latin1');
  };
  function* features() {
    yield header('|u1', `(${ROWS}, ${ROW_BYTES})`);
    for (let row = 0; row < ROWS; row += 100) yield Buffer.alloc(ROW_BYTES * 100, row % 251);
  }
  function* labels() {
    yield header('|u1', `(${ROWS},)`);
    for (let label = 0; label < 10; label += 1) yield Buffer.alloc(ROWS / 10, label);
  }
  zip.append(Readable.from(features()), { name: 'X.npy' });
  zip.append(Readable.from(labels()), { name: 'y.npy' });
  void zip.finalize();
  return zip;
}

function peak(): number {
  return Math.round(process.resourceUsage().maxRSS / 1024);
}
