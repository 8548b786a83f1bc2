/**
 * Whether the browser tells of finished jobs: `null` until the user was asked.
 * What the user allows the site is the browser's to keep; this is the site's
 * own switch beside it.
 */
export type Choice = 'on' | 'off' | null;

const KEY = 'parallel-pilot.notices';
const listeners = new Set<() => void>();
let choice: Choice = read();

function read(): Choice {
  try {
    const kept = localStorage.getItem(KEY);
    return kept === 'on' || kept === 'off' ? kept : null;
  } catch {
    return null;
  }
}

export const notices = {
  subscribe(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  /** Browsers allow it in a page of this machine or one served over HTTPS, and where the user has not said never. */
  possible: (): boolean =>
    'Notification' in window && window.isSecureContext && Notification.permission !== 'denied',
  get: (): Choice => (choice === 'on' && !notices.possible() ? 'off' : choice),
  /** Asks the browser where it has not been asked. Call it from a click: else browsers do not ask. */
  async turn(to: 'on' | 'off'): Promise<void> {
    const allowed = to === 'on' && (await Notification.requestPermission()) === 'granted';
    choice = allowed ? 'on' : 'off';
    try {
      localStorage.setItem(KEY, choice);
    } catch {
      // Then it holds for as long as the page stands.
    }
    for (const listener of listeners) listener();
  },
};
