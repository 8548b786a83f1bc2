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
  'out-of-reach': {
    retry: 'once',
    sentence: 'What the function needs from the network could not be reached.',
  },
  'no-image': { retry: 'once', sentence: 'The image of the function could not be had.' },
  'image-unknown': { retry: 'once', sentence: 'There is no image of that name.' },
  'bad-image': { retry: false, sentence: 'The image of the function cannot be used.' },
  'build-failed': { retry: false, sentence: 'The image of the function could not be built.' },
  'not-loaded': { retry: 'once', sentence: 'The image of the function could not be unpacked.' },
  'no-runtime': { retry: true, sentence: 'The worker has nothing that runs the handler.' },
} as const satisfies Record<string, Failure>;

/** What no later attempt mends either, as it lies in what was deployed. */
const LASTING: ReadonlySet<string> = new Set<keyof typeof FUNCTION_FAILURES>([
  'handler-broken',
  'keeps-dying',
  'packages-missing',
  'image-unknown',
  'bad-image',
  'build-failed',
]);

/** Whether a job that failed of that would fail of it again; `code` as the job has it: with its kind, or without. */
export const isLasting = (code: string | null): boolean => LASTING.has(code?.split('/').at(-1) ?? '');
