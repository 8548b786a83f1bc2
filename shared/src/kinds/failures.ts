import { FAILURES, type Failure, type FailureCode } from '../model/failures.ts';
import { PUBLIC_KINDS } from './public.ts';

const ALL: ReadonlyMap<string, Failure> = new Map([
  ...Object.entries<Failure>(FAILURES),
  ...Object.values(PUBLIC_KINDS).flatMap(({ name, failures }) =>
    Object.entries<Failure>(failures).map(([code, failure]): [string, Failure] => [
      `${name}/${code}`,
      failure,
    ]),
  ),
]);

/** What is known of a cause of failure; null for a code that no kind of this version has. */
export const failureOf = (code: string): Failure | null => ALL.get(code) ?? null;

/** Whether another attempt can help; it may where nothing is known of the code. */
export const retryOf = (code: FailureCode): Failure['retry'] =>
  (failureOf(code) ?? FAILURES.unexpected).retry;

/** All codes after which another attempt can help. */
export const retryableCodes = (): string[] => [...ALL].flatMap(([code, { retry }]) => (retry ? [code] : []));

/** True for a failure that speaks against the worker: a script's own error speaks against the script. */
export const blamesWorker = (code: string): boolean =>
  failureOf(code)?.retry === true && code !== ('canceled' satisfies FailureCode);
