import { useCallback } from 'react';
import { useLocation, useNavigate, useSearchParams } from 'react-router';

/** How a chunk is written in the address: `part=12`. */
export type ChunkAddress = {
  name: string;
  numberOf(ordinal: number): number;
  /** Null where no chunk has that number, or none is known yet. */
  ordinalOf(number: number): number | null;
};

/**
 * Which chunk is looked into, kept in the address so that it can be passed on.
 * Opening one is a step that Back takes back; going from one to the next is none.
 */
export function useOpenedChunk({ name, numberOf, ordinalOf }: ChunkAddress) {
  const [search, setSearch] = useSearchParams();
  const { state } = useLocation();
  const navigate = useNavigate();
  const number = readNumber(search.get(name));
  const stepped = isStep(state);
  const open = useCallback(
    (ordinal: number | null) => {
      if (ordinal === null && stepped) return void navigate(-1);
      const step = number === null;
      setSearch(ordinal === null ? {} : { [name]: String(numberOf(ordinal)) }, {
        replace: !step,
        preventScrollReset: true,
        state: ordinal !== null && (step || stepped) ? STEP : null,
      });
    },
    [setSearch, navigate, name, numberOf, number, stepped],
  );
  return { opened: number === null ? null : ordinalOf(number), open };
}

/** Marks an entry of the history that was made by opening a chunk on this page. */
const STEP = { opened: true };
const isStep = (state: unknown): boolean =>
  typeof state === 'object' && state !== null && 'opened' in state && state.opened === true;

const readNumber = (text: string | null): number | null =>
  text !== null && /^-?\d{1,7}$/.test(text) ? Number(text) : null;
