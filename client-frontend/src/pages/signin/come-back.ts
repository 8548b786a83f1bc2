const KEY = 'parallel-pilot.fragment';

/**
 * The page that an issuer sends the browser back to. What stands behind its # may open something: it stays in this
 * tab, and is in no address that others see.
 */
export function placeToComeBackTo(): string {
  const { pathname, hash } = window.location;
  try {
    if (hash !== '') sessionStorage.setItem(KEY, JSON.stringify({ pathname, hash }));
  } catch {
    // Then the link is to be opened once more.
  }
  return pathname;
}

/** What stood behind the # of this page before its user went to an issuer; once. */
export function keptFragment(): string {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(KEY) ?? 'null');
    sessionStorage.removeItem(KEY);
    if (typeof kept !== 'object' || kept === null || !('hash' in kept) || !('pathname' in kept)) return '';
    return kept.pathname === window.location.pathname && typeof kept.hash === 'string' ? kept.hash : '';
  } catch {
    return '';
  }
}
