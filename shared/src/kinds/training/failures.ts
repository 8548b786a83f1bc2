import { z } from 'zod';
import { FAILURES, type Failure, type GenericFailure } from '../../model/failures.ts';

/** Why a chunk of a training may fail, beside what any chunk may fail of. */
export const TRAINING_FAILURES = {
  'script-error': { retry: 'once', sentence: 'The script raised an error.' },
  'script-unfinished': {
    retry: 'once',
    sentence: 'The script ended without calling pilot.finish(...).',
  },
  'module-missing': { retry: true, sentence: 'The script imports a module that the worker does not have.' },
  'data-not-lent': {
    retry: 'once',
    sentence: 'The worker does not lend the data that the shard is about, or cannot read it.',
  },
  'bad-start': { retry: false, sentence: 'The weights to start from do not fit the script.' },
  'bad-update': { retry: true, sentence: 'The weights of a shard do not fit those of the round.' },
  'packages-missing': {
    retry: 'once',
    sentence: 'The packages that the script needs could not be installed.',
  },
  'out-of-reach': {
    retry: 'once',
    sentence: 'The index of the packages that the script needs could not be reached.',
  },
  'secure-round': {
    retry: false,
    sentence: 'The shard could not take its part in the secure aggregation of the round.',
  },
  died: { retry: true, sentence: 'The Python of the script ended while it was at work.' },
  'peer-unreachable': {
    retry: true,
    sentence: 'Workers that were to train together could not reach each other.',
  },
  'over-deadline': { retry: false, sentence: 'The shard was not finished when its time was over.' },
} as const satisfies Record<string, Failure>;

/** What a worker's Python fails with, as the kind itself writes it. */
export type TrainingFailure = GenericFailure | keyof typeof TRAINING_FAILURES;
export const TrainingFailure = z.enum(
  Object.keys({ ...FAILURES, ...TRAINING_FAILURES }) as [TrainingFailure, ...TrainingFailure[]],
);
