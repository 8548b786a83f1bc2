import { z } from 'zod';
import { FAILURES, type Failure, type GenericFailure } from '../../model/failures.ts';

/** Why a chunk of a command may fail, beside what any chunk may fail of. */
export const COMMAND_FAILURES = {
  'exit-code': { retry: 'asked', sentence: 'Its exit code was not 0.' },
  signal: { retry: 'asked', sentence: 'It was ended by a signal.' },
  'time-limit': { retry: 'asked', sentence: 'It took too long.' },
  'no-retry': { retry: false, sentence: 'Its exit code is not to be retried.' },
  'not-found': { retry: true, sentence: 'The worker has no such command.' },
  'over-limit': { retry: false, sentence: 'It used more than it may.' },
  'too-many-files': { retry: false, sentence: 'It left too many files.' },
} as const satisfies Record<string, Failure>;

/** What a worker fails with, as the kind itself writes it. */
export type CommandFailure = GenericFailure | keyof typeof COMMAND_FAILURES;
export const CommandFailure = z.enum(
  Object.keys({ ...FAILURES, ...COMMAND_FAILURES }) as [CommandFailure, ...CommandFailure[]],
);
