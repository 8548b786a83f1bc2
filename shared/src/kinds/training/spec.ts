import { z } from 'zod';
import { BlobHash } from '../../model/ids.ts';
import { strictObject } from '../../model/strict-object.ts';
import { TrainingSettings } from './settings.ts';

export const Source = strictObject({ blob: BlobHash, fileName: z.string().min(1).max(255) });

export const DATA_FORMATS = ['npz', 'csv', 'jsonl', 'zip'] as const;
export const DataFormat = z.enum(DATA_FORMATS);
export type DataFormat = z.infer<typeof DataFormat>;

/** What a user sends to have a script trained over shards of a data set. */
export const TrainingSubmission = strictObject({
  kind: z.literal('training'),
  /** The uploaded Python script. */
  script: Source,
  /** The uploaded data: .npz, .csv, .jsonl, or a .zip with an image per file and a folder per class. */
  data: Source,
  settings: TrainingSettings.prefault({}),
});
export type TrainingSubmission = z.infer<typeof TrainingSubmission>;

/** The stored spec of a training job: the submission with what was seen of its files. */
export const TrainingSpec = TrainingSubmission.strip().extend({
  script: Source.extend({ size: z.number().int().nonnegative() }),
  data: Source.extend({ size: z.number().int().nonnegative(), format: DataFormat }),
  /** Modules that the script imports on its own lines; a worker has to have them all. */
  modules: z.array(z.string().max(200)).max(200),
});
export type TrainingSpec = z.infer<typeof TrainingSpec>;
