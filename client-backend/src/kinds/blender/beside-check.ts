import type { Assembly } from '../kind.ts';
import type { Unusable } from './rendered-frames.ts';

/**
 * Checks frames while their video is made, as each leaves a core idle that the other can use. Frames that turn out to
 * be bad stop the video, and are what is told, whatever became of it.
 */
export async function besideCheck<T>(
  check: () => Promise<Unusable[]>,
  make: (stop: AbortSignal) => Promise<T>,
): Promise<T | Extract<Assembly, { outcome: 'redo' }>> {
  const stop = new AbortController();
  const checking = check().then(
    (bad) => {
      if (bad.length > 0) stop.abort();
      return bad;
    },
    (error) => {
      stop.abort();
      throw error;
    },
  );
  const [checked, made] = await Promise.allSettled([checking, make(stop.signal)]);
  if (checked.status === 'rejected') throw checked.reason;
  if (checked.value.length > 0) return { outcome: 'redo', chunks: checked.value };
  if (made.status === 'rejected') throw made.reason;
  return made.value;
}

/** What both have done, as a fraction of both; `share` of it is the check. */
export function progressOfBoth(share: number, tell: (fraction: number) => void) {
  const done = { checked: 0, made: 0 };
  const add = (what: Partial<typeof done>): void => {
    Object.assign(done, what);
    tell(share * done.checked + (1 - share) * done.made);
  };
  return {
    checked: (fraction: number) => add({ checked: fraction }),
    made: (fraction: number) => add({ made: fraction }),
  };
}
