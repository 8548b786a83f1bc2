import { Problem } from '@parallel-pilot/shared/api/problem.ts';

/**
 * What to tell the user of a part that the farm did not take, while it is sent
 * again; null where sending it again would be in vain. `status` is 0 and
 * `body` undefined where no answer came.
 */
export function troubleOf(status: number, body: string | undefined): string | null {
  // Another upload of the same file is just ending; the farm says more about it than a user wants to know.
  if (status === 0 || status === 409 || status === 423) return LOST;
  if (status < 500) return null;
  const problem = problemIn(body);
  // A proxy in between answers for a farm that is away, and knows nothing of it.
  return problem === null ? LOST : `${problem.detail} The upload goes on by itself.`;
}

/** The sentence for an upload that ended for good. */
export const refusalOf = (body: string | undefined): string =>
  problemIn(body)?.detail ?? (body?.trim() || 'The upload was broken off and could not be taken up again.');

const LOST = 'The connection was lost. It goes on by itself as soon as the farm answers.';

function problemIn(body: string | undefined): Problem | null {
  try {
    return Problem.safeParse(JSON.parse(body ?? '')).data ?? null;
  } catch {
    return null;
  }
}
