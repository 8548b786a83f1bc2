import { Readable } from 'node:stream';
import { plannedSettings } from '@parallel-pilot/shared/kinds/training/ddp.ts';
import type { TrainingSettings } from '@parallel-pilot/shared/kinds/training/settings.ts';
import type { DataFormat } from '@parallel-pilot/shared/kinds/training/spec.ts';
import {
  CLASSES,
  MOST_CLASS_CHARACTERS,
  MOST_CLASSES,
  TrainingPlan,
} from '@parallel-pilot/shared/kinds/training/stages.ts';
import { TrainingSpec } from '@parallel-pilot/shared/kinds/training/stored-spec.ts';
import { StageInput } from '@parallel-pilot/shared/protocol/stage-input.ts';
import type { StoredBlob } from '@parallel-pilot/shared/server/blobs/blob-store.ts';
import { DISK_FULL, isDiskFull } from '@parallel-pilot/shared/server/blobs/folder-store.ts';
import { environmentOf } from '../../../packages/environments.ts';
import type { Parts } from '../../../parts.ts';
import { SPARE_BYTES } from '../../../uploads/no-room.ts';
import { noteBlob } from '../../../uploads/note-blob.ts';
import type { BackgroundTask, StageTaskResult } from '../../kind.ts';
import { bytesOf, type DataSet, filesOf, nameOf } from '../data/data-file.ts';
import { storeBlob } from '../store-blob.ts';
import { planBlockSplit } from './block-split.ts';
import { type Counted, countGroups, countRows } from './count-rows.ts';
import { openCsv } from './csv-source.ts';
import { planGroupSplit, TooFewGroups } from './group-split.ts';
import { openJsonl } from './jsonl-source.ts';
import { classesOf } from './labels.ts';
import { openNpzSource } from './npz-source.ts';
import { areOnTheirWay } from './packages-come.ts';
import { MOST_PLACES } from './permutation.ts';
import { BadData, NoRoom } from './problems.ts';
import type { RowSource, Watch } from './row-source.ts';
import type { KeyCounts, RowSplit } from './row-split.ts';
import { shardWeights } from './shard-weights.ts';
import { planStratifiedSplit } from './stratified-split.ts';
import { openZipSource } from './zip-source.ts';

/** How far it is once the data is understood, and once its rows are counted. */
const OPENING = 0.2;
const COUNTING = 0.5;

/**
 * Splits the data into a blob for each shard and one that is held out, in two
 * passes and constant memory. The same data, settings and weights make the same
 * bytes.
 */
export async function splitData(parts: Parts, task: BackgroundTask): Promise<StageTaskResult> {
  try {
    const { packages } = TrainingSpec.parse(JSON.parse(task.job.spec_json));
    const here = await environmentOf(parts, task.job.team_id, { packages });
    if (here === null && (await areOnTheirWay(parts, task.job, { packages }))) return PACKAGES_COME;
    const done = await split(parts, task);
    return done.outcome === 'done' ? await withEnvironment(parts, task, done) : done;
  } catch (error) {
    task.signal.throwIfAborted();
    if (error instanceof BadData) return { outcome: 'fail', code: 'bad-data', message: error.message };
    if (error instanceof NoRoom || isDiskFull(error)) return FULL;
    throw error;
  }
}

/** With the packages that the script needs, where they are there already. */
async function withEnvironment(
  parts: Parts,
  { job }: BackgroundTask,
  done: Extract<StageTaskResult, { outcome: 'done' }>,
): Promise<StageTaskResult> {
  const environment = await environmentOf(parts, job.team_id, TrainingSpec.parse(JSON.parse(job.spec_json)));
  if (environment === null) return done;
  const value = { ...TrainingPlan.parse(done.value), environment };
  return { ...done, value, blobs: [...done.blobs, environment.input.hash] };
}

const PACKAGES_COME: StageTaskResult = {
  outcome: 'wait',
  code: 'packages-come',
  message: 'Another training has the same packages installed just now. This one begins once they are there.',
};

const FULL: StageTaskResult = {
  outcome: 'wait',
  code: DISK_FULL.code,
  message:
    'The disk of the farm is full, so the data could not be split. Free some space on it, or delete old jobs; this one goes on by itself.',
};

async function split(parts: Parts, { job, signal, onProgress }: BackgroundTask): Promise<StageTaskResult> {
  const given = TrainingSpec.parse(JSON.parse(job.spec_json));
  const spec = { ...given, settings: plannedSettings(given.settings) };
  const { settings } = spec;
  const set = dataSetOf(spec);
  if (set === null) return { outcome: 'done', value: withoutData(spec), blobs: [] };
  const watch = (from: number, to: number, bytes: number) => ({
    signal,
    onBytes: (done: number) => onProgress(from + (to - from) * Math.min(1, done / Math.max(1, bytes))),
  });
  const source = await open(parts, spec, set, watch(0, OPENING, bytesOf(set)));
  try {
    const counted = await countRows(source, watch(OPENING, COUNTING, source.bytes));
    const weights = await shardWeights(parts.db, settings, spec.packages === null ? spec.modules : [], {
      person: job.person_id,
      team: job.team_id,
    });
    const holdout = source.test === null ? settings.holdout : 0;
    const groups = source.groups === null ? null : await countGroups(source, watch(COUNTING, COUNTING, 1));
    const planned = planRows(counted, groups, weights, { settings, name: nameOf(set), holdout });
    const rowSplit = source.test === null ? planned : { ...planned, holdoutRows: source.test.rows };
    if ((await parts.blobs.freeBytes()) < source.bytes + SPARE_BYTES) return FULL;
    const classes = counted.labels === null ? null : classesOf(counted.labels, source.labelType());
    const stored = await source.write(rowSplit, classes, watch(COUNTING, 1, source.bytes));
    signal.throwIfAborted();
    const names = await namesOf(parts, classes);
    const made = [...stored, ...(names.classFile === null ? [] : [names.classFile])].map(({ hash }) => hash);
    for (const hash of made) await note(parts, hash);
    const value = planOf({
      rowSplit,
      stored,
      spec,
      source,
      rows: counted.rows + (source.test?.rows ?? 0),
      names,
    });
    return {
      outcome: 'done',
      value,
      blobs: [...new Set([...filesOf(set).map(({ blob }) => blob), ...made])],
    };
  } finally {
    source.close();
  }
}

function open(
  parts: Parts,
  { settings }: TrainingSpec,
  set: DataSet & { format: DataFormat },
  watch: Watch,
): Promise<RowSource> | RowSource {
  switch (set.format) {
    case 'npz':
      return openNpzSource(parts, set, settings);
    case 'csv':
      return openCsv(parts, set, settings, watch);
    case 'jsonl':
      return openJsonl(parts, set, settings);
    case 'zip':
      return openZipSource(parts, set, settings);
    default:
      return set.format satisfies never;
  }
}

/** Null for a script that makes or reads its own. */
const dataSetOf = ({ data, moreData, test }: TrainingSpec): (DataSet & { format: DataFormat }) | null =>
  data === null ? null : { files: [data, ...moreData], test, format: data.format };

const withoutData = (spec: TrainingSpec): TrainingPlan =>
  TrainingPlan.parse({
    settings: spec.settings,
    entry: spec.code?.entry ?? null,
    rows: 0,
    shards: Array.from({ length: spec.settings.shards }, () => ({ input: null, rows: 0 })),
    holdout: testOf(spec),
    classes: null,
  });

/** The file to measure local data's models on, as it was sent. Its rows are counted where it is read. */
const testOf = ({ test }: TrainingSpec): TrainingPlan['holdout'] =>
  test === null
    ? null
    : {
        input: StageInput.parse({
          path: `holdout.${test.fileName.split('.').at(-1)?.toLowerCase()}`,
          hash: test.blob,
          size: test.size,
        }),
        rows: 0,
      };

type Asked = { settings: TrainingSettings; name: string; holdout: number };

/** Where each row goes. Throws BadData where there are too few for so many shards. */
function planRows(
  { rows, strata }: Counted,
  groups: KeyCounts | null,
  weights: number[],
  asked: Asked,
): RowSplit {
  const { settings, name, holdout } = asked;
  const { seed, split, group } = settings;
  if (rows < weights.length) throw tooFew(name, rows, 'row', weights.length);
  if (rows > MOST_PLACES) throw new BadData(`"${name}" has more than ${MOST_PLACES} rows.`);
  if (groups !== null) {
    try {
      return planGroupSplit({ counts: groups, weights, holdout, seed });
    } catch (error) {
      if (!(error instanceof TooFewGroups)) throw error;
      throw tooFew(name, groups.size, `group of "${group}"`, weights.length, holdout > 0);
    }
  }
  if (split === 'blocks') return planBlockSplit({ rows, weights, holdout });
  const planned = planStratifiedSplit({ counts: strata ?? new Map([['', rows]]), weights, holdout, seed });
  return strata === null ? unlabelled(planned) : planned;
}

function tooFew(name: string, count: number, what: string, shards: number, held = false): BadData {
  const has = `${count.toLocaleString('en')} ${count === 1 ? what : what.replace(/^\w+/, '$&s')}`;
  const most = Math.max(1, count - (held ? 1 : 0));
  return new BadData(
    `"${name}" has ${has}, which is too few for ${shards} shards${held ? ' and a part to measure on' : ''}. Choose at most ${most}.`,
  );
}

const unlabelled = (rowSplit: RowSplit): RowSplit => ({
  ...rowSplit,
  start() {
    const next = rowSplit.start();
    return () => next('');
  },
});

type Names = { classes: string[] | null; classFile: StoredBlob | null };

/** The names of the classes, in a file where they are too many to stand in every stage. */
async function namesOf({ blobs }: Parts, classes: string[] | null): Promise<Names> {
  const characters = (classes ?? []).reduce((sum, label) => sum + label.length, 0);
  if (classes === null || (classes.length <= MOST_CLASSES && characters <= MOST_CLASS_CHARACTERS)) {
    return { classes, classFile: null };
  }
  const classFile = await storeBlob(blobs, Readable.from([Buffer.from(JSON.stringify(classes))]));
  return { classes: null, classFile };
}

async function note(parts: Parts, hash: StoredBlob['hash']): Promise<void> {
  const row = { hash, media_type: 'application/octet-stream', created_at: parts.clock() };
  if ((await noteBlob(parts, row)) === null)
    throw new Error('a part of the data was removed while it was stored');
}

type Made = {
  rowSplit: RowSplit;
  stored: StoredBlob[];
  spec: TrainingSpec;
  rows: number;
  source: RowSource;
  names: Names;
};

function planOf({ rowSplit, stored, spec, source, rows, names }: Made): TrainingPlan {
  const { ending, reading } = source;
  const inputOf = (name: string, blob: StoredBlob | undefined) => ({ path: `${name}.${ending}`, ...blob });
  return TrainingPlan.parse({
    settings: spec.settings,
    entry: spec.code?.entry ?? null,
    rows,
    shards: rowSplit.shardRows.map((count, shard) => ({
      input: inputOf('data', stored[shard]),
      rows: count,
    })),
    holdout:
      rowSplit.holdoutRows === 0
        ? null
        : { input: inputOf('holdout', stored.at(-1)), rows: rowSplit.holdoutRows },
    ...names,
    classFile: names.classFile === null ? null : { path: CLASSES, ...names.classFile },
    wholeLabels: source.labelType() === 'whole',
    reading,
  });
}
