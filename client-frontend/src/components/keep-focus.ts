/**
 * Gives the focus to `element` where a dialog that closed has left it nowhere: what
 * had it before, such as the item of a menu, is gone. For `onExitTransitionEnd`.
 */
export function keepFocus(element: HTMLElement | null | undefined): void {
  // The dialog gives it back in a task of its own.
  setTimeout(() => {
    if (document.activeElement === document.body) element?.focus({ preventScroll: true });
  }, 30);
}
