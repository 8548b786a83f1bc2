import { z } from 'zod';
import { FAILURES, type Failure, type GenericFailure } from '../../model/failures.ts';
import { COMMAND_FAILURES } from '../command/failures.ts';

/** Why a chunk of a container may fail, beside what any chunk may fail of. */
export const CONTAINER_FAILURES = {
  ...COMMAND_FAILURES,
  'no-image': { retry: true, sentence: 'The worker could not get the image.' },
  'out-of-reach': { retry: 'once', sentence: 'What it needs from the network could not be reached.' },
  'image-unknown': { retry: 'once', sentence: 'There is no image of that name.' },
  'bad-image': { retry: false, sentence: 'The image cannot be used.' },
  'not-loaded': { retry: true, sentence: 'The worker could not unpack the image.' },
  'build-failed': { retry: false, sentence: 'The image could not be built.' },
} as const satisfies Record<string, Failure>;

/** What a worker fails with, as the kind itself writes it. */
export type ContainerFailure = GenericFailure | keyof typeof CONTAINER_FAILURES;
export const ContainerFailure = z.enum(
  Object.keys({ ...FAILURES, ...CONTAINER_FAILURES }) as [ContainerFailure, ...ContainerFailure[]],
);
