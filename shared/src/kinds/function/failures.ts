import type { Failure } from '../../model/failures.ts';

/** Why an instance may end otherwise than it should, beside what any chunk may fail of. */
export const FUNCTION_FAILURES = {
  'handler-broken': { retry: false, sentence: 'The handler could not be loaded.' },
  'keeps-dying': { retry: 'once', sentence: 'The process of the handler dies again and again.' },
  'packages-missing': {
    retry: 'once',
    sentence: 'The packages that the handler needs could not be installed.',
  },
  died: { retry: true, sentence: 'What installs the packages of the handler ended while it was at work.' },
  'no-image': { retry: 'once', sentence: 'The image of the function could not be had.' },
  'bad-image': { retry: false, sentence: 'The image of the function cannot be used.' },
  'build-failed': { retry: false, sentence: 'The image of the function could not be built.' },
  'not-loaded': { retry: 'once', sentence: 'The image of the function could not be unpacked.' },
  'no-runtime': { retry: true, sentence: 'The worker has nothing that runs the handler.' },
} as const satisfies Record<string, Failure>;
