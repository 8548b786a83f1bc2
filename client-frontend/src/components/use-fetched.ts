import { type ComponentType, useEffect, useState } from 'react';

const AGAIN_MS = 3_000;

/**
 * A component in a file of its own, null until it is there. It is fetched once it is wanted, and asked for again
 * while the farm is away: `lazy` would throw then, and take the page with it.
 */
export function useFetched<P extends object>(
  load: () => Promise<ComponentType<P>>,
  wanted: boolean,
): ComponentType<P> | null {
  const [part, setPart] = useState<{ Part: ComponentType<P> } | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `load` is the same file each time.
  useEffect(() => {
    if (!wanted || part !== null) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let over = false;
    const fetchPart = () =>
      load().then(
        (Part) => over || setPart({ Part }),
        () => {
          if (!over) timer = setTimeout(fetchPart, AGAIN_MS);
        },
      );
    void fetchPart();
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [wanted, part]);
  return part?.Part ?? null;
}
