const LOOK_MS = 30;
const MOST_LOOKS = 100;

/**
 * Gives the focus to `element` where a dialog that closed has left it nowhere: what had it before, such as the item of a
 * menu, is gone. For `onExitTransitionEnd`, which comes before the dialog is taken out of the page: on a busy machine
 * long before.
 */
export function keepFocus(element: HTMLElement | null | undefined): void {
  const within = document.activeElement?.closest('[role=dialog]');
  let looks = 0;
  // The dialog gives it back in a task of its own.
  const look = () => {
    looks += 1;
    const { activeElement, body } = document;
    if (activeElement === body) element?.focus({ preventScroll: true });
    else if (within?.contains(activeElement) && looks < MOST_LOOKS) setTimeout(look, LOOK_MS);
  };
  setTimeout(look, LOOK_MS);
}
