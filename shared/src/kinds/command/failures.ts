import { z } from 'zod';
import { FAILURES, type Failure, type GenericFailure } from '../../model/failures.ts';

/** Why a chunk of a command may fail, beside what any chunk may fail of. */
export const COMMAND_FAILURES = {
  'exit-code': { retry: 'asked', sentence: 'The command ended with an exit code other than 0.' },
  signal: { retry: 'asked', sentence: 'The command was ended by a signal.' },
  'time-limit': { retry: 'asked', sentence: 'The command took longer than it was given.' },
  'no-retry': { retry: false, sentence: 'The command ended with an exit code that is not to be retried.' },
  'not-found': { retry: true, sentence: 'The worker has no such command.' },
  'over-limit': { retry: false, sentence: 'The command used more than a run may.' },
  'too-many-files': { retry: false, sentence: 'The command left more files than can be brought back.' },
} as const satisfies Record<string, Failure>;

/** What a worker fails with, as the kind itself writes it. */
export type CommandFailure = GenericFailure | keyof typeof COMMAND_FAILURES;
export const CommandFailure = z.enum(
  Object.keys({ ...FAILURES, ...COMMAND_FAILURES }) as [CommandFailure, ...CommandFailure[]],
);
