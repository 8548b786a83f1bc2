import { training } from '@parallel-pilot/shared/kinds/training/kind.ts';
import type { TrainingSettings } from '@parallel-pilot/shared/kinds/training/settings.ts';
import {
  FILES,
  InitializeResult,
  MergeSpec,
  ShardChunk,
  TrainResult,
  TrainSpec,
  WEIGHTS,
} from '@parallel-pilot/shared/kinds/training/stages.ts';
import type { BlobHash } from '@parallel-pilot/shared/model/ids.ts';
import type { RejectChunks } from '@parallel-pilot/shared/protocol/control.ts';
import { StageInput } from '@parallel-pilot/shared/protocol/stage-input.ts';
import { ResultFile } from '@parallel-pilot/shared/protocol/workers.ts';
import { type DoneChunk, doneChunks } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import type { StageRow } from '@parallel-pilot/shared/server/db/stages.ts';
import { z } from 'zod';
import type { Parts } from '../../../parts.ts';
import type { BackgroundTask, StageTaskResult } from '../../kind.ts';
import { inspectDelta } from './inspect-delta.ts';
import { inspectKept } from './inspect-kept.ts';
import { type Inspection, inspectWeights } from './inspect-weights.ts';
import { changesOf, inspectionBefore, type Memory, memoryOf } from './memory.ts';
import { type Change, outliers } from './outliers.ts';
import type { Watched } from './read-array.ts';

type Rejected = RejectChunks['chunks'][number];
type Checked = { chunk: DoneChunk; subject: string; inspection: Inspection };

/**
 * Reads the weights that every done chunk of a stage came with before they
 * count. What is unusable is made again; of a round, the updates that may be
 * merged are named.
 */
export async function checkResults(
  parts: Parts,
  { stage, signal, onProgress }: BackgroundTask,
): Promise<StageTaskResult> {
  const chunks = await doneChunks(parts.db, stage.id, -1, stage.chunk_count);
  const expected = expectedOf(stage);
  const memory = memoryOf(stage);
  const files = chunks.map((chunk) => filesOf(chunk, [...expected.files, ...keptBy(stage, chunk)]));
  const total = files.flat().reduce((sum, file) => sum + (file?.size ?? 0), 0);
  let done = 0;
  const watched: Watched = {
    signal,
    onBytes(count) {
      done += count;
      onProgress(Math.min(1, done / Math.max(1, total)));
    },
  };
  const checked: Checked[] = [];
  for (const [index, chunk] of chunks.entries()) {
    const task = { ...expected, chunk, files: files[index] ?? [] };
    checked.push({
      chunk,
      subject: subjectOf(stage, chunk),
      inspection:
        inspectionBefore(memory, chunk.accepted_lease_id) ??
        (await inspectChunk(parts, stage, task, watched)),
    });
  }
  const odd = stage.name === 'train' ? outliers(changesIn(checked), memory.named) : [];
  const rejected = [...unusable(checked), ...rejectOdd(checked, odd)];
  if (rejected.length > 0)
    return { outcome: 'redo', chunks: rejected, memory: remember(memory, checked, odd) };
  const value = stage.name === 'train' ? { checked: chunks.map((chunk) => chunk.ordinal) } : null;
  return { outcome: 'done', value, blobs: [] };
}

const Inputs = z.array(StageInput);

/** `sealed`: what shards keep can be opened by their workers alone. */
type Expected = {
  files: string[];
  start: BlobHash | null;
  compress: TrainingSettings['compress'];
  sparsify?: TrainingSettings['sparsify'];
  countsRows?: boolean;
  sealed?: boolean;
};

/** Names of the files that are weights, and what they must be like. */
function expectedOf(stage: StageRow): Expected {
  const spec = JSON.parse(stage.spec_json);
  switch (stage.name) {
    case 'initialize':
      return { files: [FILES.weights], start: null, compress: 'none' };
    case 'train': {
      const { context, weights, secure } = TrainSpec.parse(spec);
      if (secure !== null) return { files: [], start: null, compress: 'none', sealed: true };
      const { compress, sparsify, countsRows } = context;
      return { files: [FILES.update], start: weights.hash, compress, sparsify, countsRows };
    }
    case 'merge': {
      const start = Inputs.parse(JSON.parse(stage.inputs_json)).find((input) => input.path === WEIGHTS);
      const { merge, states } = MergeSpec.parse(spec);
      const outer = merge.merge === 'outer' ? [FILES.momentum] : [];
      const shared = states.length === 0 ? [] : [FILES.shared];
      return { files: [FILES.weights, ...outer, ...shared], start: start?.hash ?? null, compress: 'none' };
    }
    default:
      throw new Error(`a stage "${stage.name}" makes no weights`);
  }
}

/** The names of what a shard says to keep for its next round, or of what was made once for all of them. */
function keptBy(stage: StageRow, chunk: DoneChunk): string[] {
  if (stage.name === 'initialize') {
    const made = InitializeResult.safeParse(JSON.parse(chunk.result_json ?? 'null'));
    return made.success && made.data.once > 0 ? [FILES.once] : [];
  }
  if (stage.name !== 'train') return [];
  const result = TrainResult.safeParse(JSON.parse(chunk.result_json ?? 'null'));
  if (!result.success) return [];
  const own = FILES.kept(ShardChunk.parse(JSON.parse(chunk.spec_json)).shard);
  return [...(result.data.kept === 0 ? [] : [own]), ...(result.data.shared === 0 ? [] : [FILES.shared])];
}

const Files = z.array(ResultFile);

/** The files of those names; undefined where the chunk came without one, or with a report that does not say. */
function filesOf(chunk: DoneChunk, names: string[]): (ResultFile | undefined)[] {
  const files = Files.safeParse(JSON.parse(chunk.files_json ?? '[]'));
  return names.map((name) => (files.success ? files.data.find((file) => file.name === name) : undefined));
}

function subjectOf(stage: StageRow, chunk: DoneChunk): string {
  switch (stage.name) {
    case 'initialize':
      return 'First weights: the file';
    case 'train': {
      const { round, shard } = ShardChunk.parse(JSON.parse(chunk.spec_json));
      return `Shard ${shard + 1} of round ${round}: the update`;
    }
    default:
      return `Merge of round ${MergeSpec.parse(JSON.parse(stage.spec_json)).context.round}: the file`;
  }
}

type Task = { chunk: DoneChunk; files: (ResultFile | undefined)[] } & Omit<Expected, 'files'>;

async function inspectChunk(
  { blobs }: Parts,
  stage: StageRow,
  { chunk, files, start, compress, sparsify = null, countsRows = false, sealed = false }: Task,
  watched: Watched,
): Promise<Inspection> {
  if (!isReport(stage.name, chunk)) {
    return { ok: false, message: 'came with a report that does not have the form it should have' };
  }
  let change: number | null = null;
  for (const [index, file] of files.entries()) {
    const shared = file?.name === FILES.shared;
    const once = index > 0 && stage.name === 'initialize';
    const kept = sealed || shared || once || (index > 0 && stage.name === 'train');
    const of = kept
      ? `is there, but what ${once ? 'pilot.once made' : stage.name === 'train' ? 'the shard keeps' : 'the shards keep'} `
      : '';
    if (file === undefined) return { ok: false, message: `${of}was not delivered` };
    if ((await blobs.size(file.hash)) === null) {
      return { ok: false, message: `${of}is not in the store any more` };
    }
    if (sealed) continue;
    if (kept) {
      const numbersMay = shared ? 'be-finite-alone' : 'be-any';
      const inspection = await inspectKept(blobs.localPath(file.hash), watched, numbersMay);
      if (!inspection.ok) return { ok: false, message: `${of}${inspection.message}` };
      continue;
    }
    // Momentum is of the floating-point arrays alone, so it is not compared.
    const base = file.name === FILES.momentum || start === null ? null : blobs.localPath(start);
    const path = blobs.localPath(file.hash);
    const inspection =
      compress === 'none' || base === null || file.name !== FILES.update
        ? await inspectWeights(path, base, watched, countsRows && file.name === FILES.update)
        : await inspectDelta(path, { base, compress, sparsify, countsRows }, watched);
    if (!inspection.ok) return inspection;
    change ??= inspection.change;
  }
  return { ok: true, change };
}

function isReport(stageName: string, chunk: DoneChunk): boolean {
  try {
    training.parseResult(stageName, JSON.parse(chunk.result_json ?? 'null'));
    return true;
  } catch (error) {
    if (error instanceof z.ZodError) return false;
    throw error;
  }
}

const unusable = (checked: readonly Checked[]): Rejected[] =>
  checked.flatMap(({ chunk, subject, inspection }) =>
    inspection.ok ? [] : [reject(chunk, `${subject} ${inspection.message}.`)],
  );

const changesIn = (checked: readonly Checked[]): Change[] =>
  checked.flatMap(({ chunk, inspection }) =>
    inspection.ok && inspection.change !== null
      ? [{ chunk: chunk.id, lease: chunk.accepted_lease_id, change: inspection.change }]
      : [],
  );

type Odd = ReturnType<typeof outliers>;

function rejectOdd(checked: readonly Checked[], odd: Odd): Rejected[] {
  const times = new Map(odd.map((outlier) => [outlier.chunk, outlier.times]));
  return checked.flatMap(({ chunk, subject }) => {
    const many = times.get(chunk.id);
    if (many === undefined) return [];
    const told = Number.isFinite(many) ? `${Math.round(many).toLocaleString('en')} times` : 'infinitely';
    return [reject(chunk, `${subject} changes the weights ${told} as much as those of the other shards do.`)];
  });
}

// Stored before the results are rejected, with the attempt: whoever dies in between finds the same ones odd again.
function remember(memory: Memory, checked: readonly Checked[], odd: Odd): Memory {
  const named = odd.flatMap(({ chunk, lease, change }) =>
    lease !== null && Number.isFinite(change) ? [[chunk, { lease, change }] as const] : [],
  );
  return {
    changes: changesOf(
      checked.map(({ chunk, inspection }) => ({ lease: chunk.accepted_lease_id, inspection })),
    ),
    named: { ...memory.named, ...Object.fromEntries(named) },
  };
}

const reject = ({ id }: DoneChunk, message: string): Rejected => ({
  chunk: id,
  message: message.slice(0, 500),
});
