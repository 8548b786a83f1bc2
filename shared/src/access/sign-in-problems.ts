/**
 * Why signing in by another service came to nothing. The browser comes back to `/?problem=<code>&by=<name>`, and the
 * page shows the sentence.
 */
export const SIGN_IN_PROBLEMS = {
  'issuer-down': '{by} does not answer. Try again later, or sign in another way.',
  'issuer-refuses-farm':
    '{by} did not accept this farm: its client id or secret is not the one registered there, or the secret has run out. An admin of the farm has to set it again.',
  'issuer-refused': '{by} did not let you in, or you turned back there.',
  'issuer-not-proved': 'What {by} answered could not be proved to be its own. Tell an admin of the farm.',
  'clock-off':
    'The clocks of this farm and of {by} are minutes apart, so its answer cannot be trusted. An admin of the farm has to set the clock of its machine.',
  'too-late': 'Signing in took longer than ten minutes, or was begun in another browser. Try again.',
  'no-email': '{by} did not tell your e-mail. Allow it there, or ask an admin of the farm.',
  'unverified-email':
    '{by} says that your e-mail was never verified there. Verify it there, and sign in again.',
  'unverified-here':
    'There is an account with your e-mail here, whose e-mail was never verified. Sign in with its password, or ask an admin of the farm to verify it.',
  'codes-on':
    'There is an account with your e-mail here that asks for codes. Sign in to it with password and code.',
  'not-invited': 'People come to this farm by invitation. Ask somebody in it for one to your e-mail.',
  'not-open': 'This farm takes nobody in by {by} who has no account yet. Ask an admin of the farm.',
} as const;

export type SignInProblem = keyof typeof SIGN_IN_PROBLEMS;

/** The sentence, with the name of the service in it. */
export const sayProblem = (code: SignInProblem, by: string): string =>
  SIGN_IN_PROBLEMS[code].replaceAll('{by}', by);
