export const LEAST_PASSWORD = 10;
export const MOST_PASSWORD = 128;

/**
 * Why a password cannot be taken, as a sentence; null where it can. Length counts, not which characters there are,
 * as NIST SP 800-63B (5.1.1.2) has it.
 */
export function whyNotPassword(password: string, of: { email: string; name: string }): string | null {
  const length = [...password].length;
  if (length < LEAST_PASSWORD) {
    return `The password has ${length} ${length === 1 ? 'character' : 'characters'} and needs ${LEAST_PASSWORD} or more. Some words one after another are easy to keep in mind.`;
  }
  if (length > MOST_PASSWORD) return `The password may have ${MOST_PASSWORD} characters at the most.`;
  const plain = password.trim().toLowerCase();
  const email = of.email.trim().toLowerCase();
  const known = [email, email.split('@')[0] ?? '', of.name.trim().toLowerCase()];
  if (known.includes(plain)) {
    return 'The password is the name or the e-mail of the account, which is what others try first. Choose another.';
  }
  if (new Set(plain).size === 1) return 'The password is one character, repeated. Choose another.';
  return null;
}
