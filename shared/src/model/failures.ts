import { z } from 'zod';

/**
 * What is known of a cause of failure. `retry` tells whether another attempt,
 * here or elsewhere, can help: a file that is damaged is so on any worker.
 * `once`: most likely not, but the worker may be to blame, so another is asked.
 * `asked`: as often as the job says.
 */
export type Failure = { readonly retry: boolean | 'once' | 'asked'; readonly sentence: string };

/** Why a chunk of any kind may fail, as a closed list. What only one kind knows stands in its `failures`. */
export const FAILURES = {
  canceled: { retry: true, sentence: 'The work was stopped before it finished.' },
  'input-missing': { retry: true, sentence: 'A file of the job could not be fetched by the worker.' },
  'out-of-memory': { retry: true, sentence: 'The worker ran out of memory for this chunk.' },
  'no-output': { retry: true, sentence: 'The work ended without the file that it should have made.' },
  'bad-output': { retry: true, sentence: 'The file that was made is damaged or has the wrong size.' },
  hung: { retry: true, sentence: 'Nothing was heard for too long, so the work was stopped.' },
  'over-time': { retry: false, sentence: 'The work took longer than a chunk may take, so it was ended.' },
  'disk-full': { retry: true, sentence: 'The worker has no disk space left.' },
  'upload-failed': { retry: true, sentence: 'The result could not be uploaded.' },
  'worker-lost': { retry: true, sentence: 'The worker went away while it was working on this chunk.' },
  'result-invalid': { retry: true, sentence: 'The result did not pass the final check.' },
  unexpected: { retry: true, sentence: 'The worker met an unexpected error.' },
} as const satisfies Record<string, Failure>;

export const GenericFailure = z.enum(Object.keys(FAILURES) as [GenericFailure, ...GenericFailure[]]);
export type GenericFailure = keyof typeof FAILURES;

/** One of `FAILURES`, or one of a kind's own as `kind/code`. Of at most 64 characters. */
export const FailureCode = z.union([
  GenericFailure,
  z.templateLiteral([
    z.string().regex(/^[a-z][a-z0-9-]{0,23}$/),
    '/',
    z.string().regex(/^[a-z][a-z0-9-]{0,31}$/),
  ]),
]);
export type FailureCode = z.infer<typeof FailureCode>;

/** The code that the protocol carries for what work of a kind failed with: a generic code, or one of its own. */
export function failureCode(kind: string, code: string): FailureCode {
  const generic = GenericFailure.safeParse(code);
  return generic.success ? generic.data : (FailureCode.safeParse(`${kind}/${code}`).data ?? 'unexpected');
}
