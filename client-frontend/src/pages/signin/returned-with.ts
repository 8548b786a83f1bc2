import {
  SIGN_IN_PROBLEMS,
  type SignInProblem,
  sayProblem,
} from '@parallel-pilot/shared/access/sign-in-problems.ts';
import type { Session } from '@parallel-pilot/shared/api/farm.ts';

const isKnown = (code: string): code is SignInProblem => Object.hasOwn(SIGN_IN_PROBLEMS, code);

/**
 * Why one comes back from another service without being signed in; null where that is not so. The sentence is the
 * farm's own, and so is the name in it: an address that somebody sent says nothing here.
 */
export function returnedWith(ways: Session['ways'], search: string): string | null {
  const asked = new URLSearchParams(search);
  const code = asked.get('problem');
  if (code === null || !isKnown(code)) return null;
  const by = ways.oidc.find(({ name }) => name === asked.get('by'))?.name ?? 'The other service';
  return sayProblem(code, by);
}
