import type { Failure } from '../../model/failures.ts';

/** Why an instance may end otherwise than it should, beside what any chunk may fail of. */
export const FUNCTION_FAILURES = {
  'handler-broken': { retry: false, sentence: 'The handler could not be loaded.' },
  'keeps-dying': { retry: 'once', sentence: 'The process of the handler dies again and again.' },
  'no-runtime': { retry: true, sentence: 'The worker has nothing that runs the handler.' },
} as const satisfies Record<string, Failure>;
