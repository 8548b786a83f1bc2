import { Readable } from 'node:stream';
import { MOST_SHARDS } from '@parallel-pilot/shared/kinds/training/settings.ts';
import {
  EvaluateResult,
  EvaluateSpec,
  TrainingPlan,
  WEIGHTS,
} from '@parallel-pilot/shared/kinds/training/stages.ts';
import { TrainingSpec } from '@parallel-pilot/shared/kinds/training/stored-spec.ts';
import type { StageId } from '@parallel-pilot/shared/model/ids.ts';
import { StageInput } from '@parallel-pilot/shared/protocol/stage-input.ts';
import { DISK_FULL, isDiskFull } from '@parallel-pilot/shared/server/blobs/folder-store.ts';
import { doneChunk, doneChunks } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { z } from 'zod';
import type { Parts } from '../../../parts.ts';
import type { Assembly, BackgroundTask, MadeArtifact } from '../../kind.ts';
import { standingOf } from '../rounds/best.ts';
import { roundOf } from '../rounds/round-stages.ts';
import { NoRoom } from '../split/problems.ts';
import { storeBlob } from '../store-blob.ts';
import { splitOf } from '../view.ts';
import { exportedModel } from './exported-model.ts';
import { historyCsv } from './history.ts';
import { trainingLogs } from './logs.ts';
import { modelFiles } from './model-files.ts';
import { tensorboardZip } from './tensorboard.ts';
import { valuesCsv } from './values.ts';

const Inputs = z.array(StageInput);

/** Names the files of a finished training, and writes those that tell how it went. */
export async function assembleTraining(parts: Parts, task: BackgroundTask): Promise<Assembly> {
  try {
    return await assemble(parts, task);
  } catch (error) {
    task.signal.throwIfAborted();
    if (error instanceof NoRoom || isDiskFull(error)) return FULL;
    throw error;
  }
}

const FULL: Assembly = {
  outcome: 'wait',
  code: DISK_FULL.code,
  message:
    'The disk of the farm is full, so the files of the result could not be written. The model is safe; the job goes on by itself when there is room.',
};

async function assemble(parts: Parts, { job, stage, signal, onProgress }: BackgroundTask): Promise<Assembly> {
  const spec = TrainingSpec.parse(JSON.parse(job.spec_json));
  const plan = TrainingPlan.parse(JSON.parse(job.settings_json ?? 'null'));
  const evaluated = await doneChunk(parts.db, stage.id, 0);
  const model = Inputs.parse(JSON.parse(stage.inputs_json)).find((input) => input.path === WEIGHTS);
  if (stage.name !== 'evaluate' || evaluated === undefined || model === undefined) {
    throw new Error(`job ${job.id} has no evaluated model`);
  }
  const report = EvaluateResult.safeParse(JSON.parse(evaluated.result_json ?? 'null'));
  if (!report.success) {
    const message = 'Evaluation: the report does not have the form it should have.';
    return { outcome: 'redo', chunks: [{ chunk: evaluated.id, message }] };
  }
  const { round, last, measured } = EvaluateSpec.parse(JSON.parse(stage.spec_json));
  const standing = await standingOf(parts.db, job.id, spec.settings);
  const metrics = {
    job: job.id,
    name: job.name,
    model: { round, metrics: measured?.metrics ?? report.data.metrics },
    best: standing?.best ?? null,
    last: last === null ? null : { round: last.round, metrics: standing?.metrics ?? null },
    without: standing?.without ?? null,
    rounds: roundOf(stage),
    rows: splitOf(plan),
    classes: plan.classes,
    settings: plan.settings,
  };
  const of = { job: job.id, shards: plan.shards.length };
  const artifacts: MadeArtifact[] = [
    ...(await modelFiles(parts.blobs, { name: 'model', weights: model }, signal)),
    ...(last === null
      ? []
      : await modelFiles(parts.blobs, { name: 'model-last', weights: last.weights }, signal)),
    await write(parts, 'metrics.json', 'application/json', [`${JSON.stringify(metrics, null, 2)}\n`]),
    await write(parts, 'history.csv', 'text/csv', historyCsv(parts.db, of, signal)),
    await write(
      parts,
      'values.csv',
      'text/csv',
      valuesCsv(parts.db, { ...of, rounds: metrics.rounds }, signal),
    ),
    { name: 'script.py', hash: spec.script.blob, size: spec.script.size, mediaType: 'text/x-python' },
  ];
  const exporting = measured === null ? null : await exportingShard(parts.db, measured.stage);
  const onnx = exportedModel(exporting?.chunk ?? evaluated, exporting?.report ?? report.data);
  artifacts.push(...onnx.artifacts);
  onProgress(0.5);
  const events = await tensorboardZip(parts, job.id);
  if (events !== null) artifacts.push({ name: 'tensorboard.zip', mediaType: 'application/zip', ...events });
  artifacts.push(
    await write(parts, 'logs.txt', 'text/plain; charset=utf-8', trainingLogs(parts.db, job.id, signal)),
  );
  const notes =
    metrics.without === null
      ? []
      : [{ level: 'warning' as const, code: 'trained-without', message: `Trained ${metrics.without}` }];
  return { outcome: 'complete', artifacts, notes: [...notes, ...onnx.notes] };
}

/** Of the shards that measured the model on their own data, the first that was asked for it as ONNX, too; null where none was. */
async function exportingShard(db: Db, stage: StageId) {
  const chunks = await doneChunks(db, stage, -1, MOST_SHARDS);
  const reports = chunks.map((chunk) => ({
    chunk,
    report: EvaluateResult.safeParse(JSON.parse(chunk.result_json ?? 'null')).data,
  }));
  const asked = reports.find(({ report }) => report?.exported != null);
  return asked?.report === undefined ? null : { chunk: asked.chunk, report: asked.report };
}

async function write(
  { blobs }: Parts,
  name: string,
  mediaType: string,
  text: Iterable<string> | AsyncIterable<string>,
): Promise<MadeArtifact> {
  const bytes = Readable.from(inBytes(text), { objectMode: false });
  return { name, mediaType, ...(await storeBlob(blobs, bytes)) };
}

async function* inBytes(text: Iterable<string> | AsyncIterable<string>): AsyncGenerator<Buffer> {
  for await (const part of text) yield Buffer.from(part);
}
