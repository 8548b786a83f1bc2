/**
 * Calls `run` at once, then at most every `everyMs`: what is asked for in
 * between is done once, at the end of the pause. `cancel` drops what waits.
 */
export function throttle(everyMs: number, run: () => void): { ask(): void; cancel(): void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let again = false;
  const fire = (): void => {
    again = false;
    timer = setTimeout(() => {
      timer = undefined;
      if (again) fire();
    }, everyMs);
    run();
  };
  return {
    ask() {
      if (timer === undefined) fire();
      else again = true;
    },
    cancel() {
      clearTimeout(timer);
      timer = undefined;
      again = false;
    },
  };
}
