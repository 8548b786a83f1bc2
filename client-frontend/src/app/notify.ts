export type Toast = { title?: string; message: string; color?: 'berry' };

/** Says something at the edge of the page for a moment. What it takes is fetched with the first, or when idle. */
export function notify(toast: Toast): void {
  void import('./Toasts.tsx').then(({ show }) => {
    show(toast);
    for (const listener of listeners) listener();
  });
}

const listeners = new Set<() => void>();
/** Told with the first message. */
export function onToast(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
