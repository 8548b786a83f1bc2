import { z } from 'zod';
import { JobId } from '../../model/ids.ts';
import { SentBlob } from '../../model/result-of.ts';
import { strictObject } from '../../model/strict-object.ts';

/** Files of weights that a training can start from, by the ends of their names. */
export const START_FORMATS = ['npz', 'safetensors', 'pt', 'pth'] as const;

/** Take the arrays that fit the script's, and leave the others as the script makes them, such as a new last layer. */
const fitting = z.boolean().default(false);
const fileName = z.string().min(1).max(255);

/**
 * What a user sends to have a training start from weights that there are: an uploaded file, or the model of that round
 * of another training of the team; `best` is the last where nothing was measured.
 */
export const Start = z.union([
  strictObject({ blob: SentBlob, fileName, fitting }),
  strictObject({
    job: JobId,
    round: z.union([z.enum(['best', 'last']), z.int().min(1).max(10_000)]).default('best'),
    fitting,
  }),
]);
export type Start = z.infer<typeof Start>;
