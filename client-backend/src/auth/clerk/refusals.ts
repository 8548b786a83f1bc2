import type { Refusal } from '../request.ts';

const no = (code: string, message: string): Refusal => ({ ok: false, status: 401, code, message });

export const EXPIRED = no(
  'clerk-expired',
  'Your sign-in at Clerk has run out. Reload the page, or sign in again.',
);
export const OTHER_APP = no(
  'clerk-other-app',
  'This token is of another application than this farm’s. An admin of the farm finds in its settings which one it takes.',
);
export const CLOCK_OFF = no(
  'clerk-clock-off',
  'The clock of this farm and that of Clerk are apart, so its tokens cannot be trusted. An admin of the farm has to set the clock of its machine.',
);
export const NOT_PROVED = no(
  'clerk-not-proved',
  'This token was not made by Clerk for this farm. Sign in again.',
);
export const NOT_UNDERSTOOD = no(
  'clerk-not-understood',
  'This token is no session token of Clerk. Sign in on the site of the farm.',
);
export const PENDING = no(
  'clerk-pending',
  'Your sign-in at Clerk is not finished: it still asks you for something, such as to choose an organisation.',
);
export const NO_ORGANIZATION = no(
  'clerk-no-organization',
  'You have chosen no organisation. This farm lets in those of one: choose it at Clerk, or ask to be invited to one.',
);
