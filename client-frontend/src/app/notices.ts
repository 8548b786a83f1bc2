/**
 * Whether the browser tells of jobs: `null` until the user was asked; `push` where the farm tells it, `on` where pages
 * that are open ask the farm, as its maker's push service is not reached. What the user allows the site is the
 * browser's to keep; this is the site's own switch beside it.
 */
export type Choice = 'push' | 'on' | 'off' | null;

const KEY = 'parallel-pilot.notices';
const listeners = new Set<() => void>();
let choice: Choice = read();

function read(): Choice {
  try {
    const kept = localStorage.getItem(KEY);
    return kept === 'push' || kept === 'on' || kept === 'off' ? kept : null;
  } catch {
    return null;
  }
}

function keep(to: 'push' | 'on' | 'off'): void {
  choice = to;
  try {
    localStorage.setItem(KEY, to);
  } catch {
    // Then it holds for as long as the page stands.
  }
  for (const listener of listeners) listener();
}

export const notices = {
  subscribe(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  /** Browsers allow it in a page of this machine or one served over HTTPS, and where the user has not said never. */
  possible: (): boolean =>
    'Notification' in window && window.isSecureContext && Notification.permission !== 'denied',
  get: (): Choice => (choice !== null && choice !== 'off' && !notices.possible() ? 'off' : choice),
  /** Asks the browser where it has not been asked. Call it from a click: else browsers do not ask. */
  async turn(to: 'on' | 'off'): Promise<void> {
    const allowed = to === 'on' && (await Notification.requestPermission()) === 'granted';
    const before = choice;
    // Open pages tell until the push service has answered, which takes it seconds, and where nothing is reached minutes.
    keep(allowed ? 'on' : 'off');
    const push = !allowed && before !== 'push' ? null : await import('./push.ts').catch(() => null);
    const pushed = allowed && ((await push?.subscribe().catch(() => false)) ?? false);
    // It was turned off in the meantime.
    const stays = choice !== 'off';
    if (pushed && stays) keep('push');
    else if (!stays) await push?.endPush();
  },
  /** The farm does not tell this browser any more. */
  ended: (): void => keep('off'),
};
