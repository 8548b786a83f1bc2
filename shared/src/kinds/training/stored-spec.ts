import { z } from 'zod';
import { Packages } from '../../packages/packages.ts';
import { FoundStart } from './found-start.ts';
import { TrainingSettings } from './settings.ts';
import { Code, DataFormat, Source, TrainingSubmission } from './spec.ts';

const Sized = Source.extend({ size: z.number().int().nonnegative() });

/** The stored spec of a training job: the submission with what was seen of its files. */
export const TrainingSpec = TrainingSubmission.omit({ sweep: true, requirements: true, wheels: true })
  .strip()
  .extend({
    script: Sized,
    code: Code.extend(Sized.shape).nullable().default(null),
    data: Sized.extend({ format: DataFormat }).nullable(),
    moreData: z.array(Sized).default([]),
    test: Sized.nullable().default(null),
    settings: TrainingSettings,
    /** Packages beside what workers have; null takes what there is. */
    packages: Packages.nullable().default(null),
    /** The file that they were asked for with. */
    requirements: Sized.nullable().default(null),
    from: FoundStart.nullable().default(null),
    /** It may name `pilot.once`: the worker that makes the first weights gets all of the data. */
    once: z.boolean().default(false),
    /** Modules that the script imports on its own lines; a worker has to have them all. */
    modules: z.array(z.string().max(200)).max(200),
  });
export type TrainingSpec = z.infer<typeof TrainingSpec>;
