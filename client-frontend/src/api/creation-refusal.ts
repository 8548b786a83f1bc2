import { ProblemError, sentenceOf } from './request.ts';

/** What it means that a job was not created, after `made` of the same submission were. */
export function creationRefusal(error: unknown, made: number) {
  const problem = error instanceof ProblemError ? error.problem : null;
  const some = made === 0 ? '' : `The first ${made === 1 ? 'job is' : `${made} jobs are`} created. `;
  // The farm does not hold a file any more: it has to be sent again.
  const gone = problem?.code === 'blob-missing' || problem?.code === 'blob-unknown';
  return {
    message: some + sentenceOf(error),
    choices: problem?.choices ?? [],
    gone,
    canRetry: problem === null || problem.status >= 500 || gone,
  };
}
