import { TrainingSpec } from '@parallel-pilot/shared/kinds/training/spec.ts';
import {
  MOST_CLASS_CHARACTERS,
  MOST_CLASSES,
  TrainingPlan,
} from '@parallel-pilot/shared/kinds/training/stages.ts';
import type { StoredBlob } from '@parallel-pilot/shared/server/blobs/blob-store.ts';
import { DISK_FULL, isDiskFull } from '@parallel-pilot/shared/server/blobs/folder-store.ts';
import type { Parts } from '../../../parts.ts';
import { SPARE_BYTES } from '../../../uploads/no-room.ts';
import { noteBlob } from '../../../uploads/note-blob.ts';
import type { Errand, Gathering } from '../../kind.ts';
import { countRows } from './count-rows.ts';
import { openCsv } from './csv-source.ts';
import { type DealPlan, planDeal } from './deal.ts';
import { openJsonl } from './jsonl-source.ts';
import { openNpzSource } from './npz-source.ts';
import { MOST_PLACES } from './permutation.ts';
import { BadData, NoRoom } from './problems.ts';
import type { RowSource } from './row-source.ts';
import { shardWeights } from './shard-weights.ts';
import { openZipSource } from './zip-source.ts';

/** Share of the progress that the counting of the rows takes. */
const COUNTING = 0.4;

/**
 * Splits the data into a blob for each shard and one that is held out, in two
 * passes and constant memory. The same data, settings and weights make the same
 * bytes.
 */
export async function splitData(parts: Parts, errand: Errand): Promise<Gathering> {
  try {
    return await split(parts, errand);
  } catch (error) {
    errand.signal.throwIfAborted();
    if (error instanceof BadData) return { outcome: 'fail', code: 'bad-data', message: error.message };
    if (error instanceof NoRoom || isDiskFull(error)) return FULL;
    throw error;
  }
}

const FULL: Gathering = {
  outcome: 'wait',
  code: DISK_FULL.code,
  message:
    'The disk of the farm is full, so the data could not be split. Free some space on it, or delete old jobs; this one goes on by itself.',
};

async function split(parts: Parts, { job, signal, onProgress }: Errand): Promise<Gathering> {
  const spec = TrainingSpec.parse(JSON.parse(job.spec_json));
  const { settings, data } = spec;
  const source = await open(parts, spec);
  try {
    const watch = (from: number, to: number) => ({
      signal,
      onBytes: (done: number) =>
        onProgress(from + (to - from) * Math.min(1, done / Math.max(1, source.bytes))),
    });
    const counted = await countRows(source, watch(0, COUNTING));
    const weights = await shardWeights(parts.db, settings, spec.modules);
    const deal = dealFor(counted.strata ?? new Map([['', counted.rows]]), weights, spec);
    if ((await parts.blobs.freeBytes()) < source.bytes + SPARE_BYTES) return FULL;
    const plain = counted.strata === null ? unlabelled(deal) : deal;
    const stored = await source.write(plain, watch(COUNTING, 1));
    signal.throwIfAborted();
    for (const { hash } of stored) await note(parts, hash);
    const value = planOf({
      deal,
      stored,
      spec,
      rows: counted.rows,
      classes: namesOf(source, counted.strata),
    });
    return {
      outcome: 'gathered',
      value,
      blobs: [...new Set([data.blob, ...stored.map(({ hash }) => hash)])],
    };
  } finally {
    source.close();
  }
}

function open(parts: Parts, { data, settings }: TrainingSpec): Promise<RowSource> | RowSource {
  switch (data.format) {
    case 'npz':
      return openNpzSource(parts, data, settings.label);
    case 'csv':
      return openCsv(parts, data, settings.label);
    case 'jsonl':
      return openJsonl(parts, data, settings.label);
    case 'zip':
      return openZipSource(parts, data);
    default:
      return data.format satisfies never;
  }
}

function dealFor(counts: Map<string, number>, weights: number[], { settings, data }: TrainingSpec): DealPlan {
  const rows = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const { seed, holdout } = settings;
  if (rows < weights.length) {
    throw new BadData(
      `"${data.fileName}" has ${rows === 1 ? '1 row' : `${rows.toLocaleString('en')} rows`}, which is too few for ${weights.length} shards. Choose at most ${Math.max(1, rows)}.`,
    );
  }
  if (rows > MOST_PLACES) throw new BadData(`"${data.fileName}" has more than ${MOST_PLACES} rows.`);
  return planDeal({ counts, weights, holdout, seed });
}

const unlabelled = (deal: DealPlan): DealPlan => ({
  ...deal,
  start() {
    const next = deal.start();
    return () => next('');
  },
});

function namesOf(source: RowSource, strata: Map<string, number> | null): string[] | null {
  if (strata === null || strata.size > MOST_CLASSES) return null;
  const labels = [...strata.keys()];
  const characters = labels.reduce((sum, label) => sum + label.length, 0);
  return characters > MOST_CLASS_CHARACTERS ? null : source.classes(labels);
}

async function note(parts: Parts, hash: StoredBlob['hash']): Promise<void> {
  const row = { hash, media_type: 'application/octet-stream', created_at: parts.clock() };
  if ((await noteBlob(parts, row)) === null)
    throw new Error('a part of the data was removed while it was stored');
}

type Made = {
  deal: DealPlan;
  stored: StoredBlob[];
  spec: TrainingSpec;
  rows: number;
  classes: string[] | null;
};

function planOf({ deal, stored, spec, rows, classes }: Made): TrainingPlan {
  const { format } = spec.data;
  const inputOf = (name: string, blob: StoredBlob | undefined) => ({ path: `${name}.${format}`, ...blob });
  return TrainingPlan.parse({
    settings: spec.settings,
    rows,
    shards: deal.shardRows.map((count, shard) => ({ input: inputOf('data', stored[shard]), rows: count })),
    holdout:
      deal.holdoutRows === 0 ? null : { input: inputOf('holdout', stored.at(-1)), rows: deal.holdoutRows },
    classes,
  });
}
