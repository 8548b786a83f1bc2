/** What an issuer, or the farm after it, came back with: the farm's own words for it, never those in the address. */
const SENTENCES: Record<string, string> = {
  access_denied: 'You did not allow it there, so you are not signed in.',
  account_not_linked:
    'There is an account with this e-mail here, and the e-mail is not verified on both sides. Sign in with the password.',
  'unverified-email':
    'The e-mail of that account is not verified there. Verify it, or sign in with a password.',
  signup_disabled: 'No account here is of this e-mail, and new ones are by invitation. Ask for one.',
  'not-invited': 'No account here is of this e-mail, and new ones are by invitation. Ask for one.',
  state_mismatch: 'This sign-in was begun in another window, or too long ago. Begin again.',
  please_restart_the_process: 'This sign-in was begun in another window, or too long ago. Begin again.',
};

/** Why one comes back from an issuer without being signed in; null where that is not so. The address is cleaned of it. */
export function returnedWith(): string | null {
  const url = new URL(window.location.href);
  const code = url.searchParams.get('error');
  if (code === null) return null;
  for (const name of ['error', 'error_description', 'state']) url.searchParams.delete(name);
  window.history.replaceState(window.history.state, '', url);
  return SENTENCES[code] ?? 'The other service did not vouch for you. Try again, or sign in another way.';
}
