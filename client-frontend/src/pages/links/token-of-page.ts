import { keptFragment } from '../signin/come-back.ts';

/** The secret of the link that this page was opened with; empty where it is missing. */
export function tokenOfPage(): string {
  if (window.location.hash.length > 1) return window.location.hash.slice(1);
  const kept = keptFragment();
  if (kept !== '') window.history.replaceState(window.history.state, '', kept);
  return kept.slice(1);
}
