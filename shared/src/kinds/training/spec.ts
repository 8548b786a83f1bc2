import { z } from 'zod';
import { RelativePath } from '../../model/path.ts';
import { SentBlob } from '../../model/result-of.ts';
import { strictObject } from '../../model/strict-object.ts';
import { sentPackages } from '../../packages/packages.ts';
import { DATA_FORMATS } from './data-formats.ts';
import { TrainingSettings } from './settings.ts';
import { Start } from './start.ts';
import { Sweep } from './sweep/search.ts';

export const Source = strictObject({ blob: SentBlob, fileName: z.string().min(1).max(255) });

export const MOST_DATA_FILES = 64;

export { DATA_FORMATS };
export const DataFormat = z.enum(DATA_FORMATS);
export type DataFormat = z.infer<typeof DataFormat>;

/** `entry`: where the script lies among them. */
export const Code = Source.extend({ entry: RelativePath });

/** `shards` null: as many as there are workers that can run the script. */
const AskedSettings = TrainingSettings.extend({
  shards: TrainingSettings.shape.shards.unwrap().nullable().default(4),
});

/** What a user sends to have a script trained over shards of a data set. */
export const TrainingSubmission = strictObject({
  kind: z.literal('training'),
  /** The uploaded Python script. */
  script: Source,
  /** A .zip of files beside the script, such as modules of its own; null for a script alone. */
  code: Code.nullable().default(null),
  /** The uploaded data: .npz, .csv, .jsonl, or a .zip with an image per file and a folder per class; null for a script that makes or reads its own. */
  data: Source.nullable().default(null),
  /** Further files of the same format, whose rows follow. */
  moreData: z
    .array(Source)
    .max(MOST_DATA_FILES - 1)
    .default([]),
  /** What the merged model is measured on, in the same format; null holds a part of the rows out. */
  test: Source.nullable().default(null),
  ...sentPackages,
  /** The weights that it starts from; left out, those that the script makes. */
  from: Start.optional(),
  settings: AskedSettings.prefault({}),
  /** Makes several trainings of it, each with parameters of its own; left out, one. */
  sweep: Sweep.optional(),
});
export type TrainingSubmission = z.infer<typeof TrainingSubmission>;
