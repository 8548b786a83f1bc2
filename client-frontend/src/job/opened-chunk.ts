import { useCallback } from 'react';
import { useSearchParams } from 'react-router';

/** Which chunk is looked into, kept in the address so that it can be passed on. */
export function useOpenedChunk(): { opened: number | null; open(ordinal: number | null): void } {
  const [search, setSearch] = useSearchParams();
  const open = useCallback(
    (ordinal: number | null) =>
      setSearch(ordinal === null ? {} : { chunk: String(ordinal) }, {
        replace: true,
        preventScrollReset: true,
      }),
    [setSearch],
  );
  return { opened: readOrdinal(search.get('chunk')), open };
}

const readOrdinal = (text: string | null): number | null =>
  text !== null && /^\d{1,7}$/.test(text) ? Number(text) : null;
