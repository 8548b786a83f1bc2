import { useLocation, useNavigate, useSearchParams } from 'react-router';

export const LOOKS = ['play', 'compare', 'sheet'] as const;
/** How the finished frames are looked at together. */
export type Look = (typeof LOOKS)[number];

/** Which look is open, and the frame it begins with: in the address, so that Back closes it and it can be passed on. */
export function useOpenedLook() {
  const [search, setSearch] = useSearchParams();
  const { state } = useLocation();
  const navigate = useNavigate();
  const look = LOOKS.find((one) => one === search.get('look')) ?? null;
  const at = search.get('at');
  return {
    look,
    at: at !== null && /^-?\d{1,7}$/.test(at) ? Number(at) : null,
    open(next: Look, frame?: number) {
      const to = { look: next, ...(frame === undefined ? {} : { at: String(frame) }) };
      const stepped = look === null || isStep(state);
      setSearch(to, { replace: look !== null, preventScrollReset: true, state: stepped ? STEP : null });
    },
    close() {
      if (isStep(state)) return void navigate(-1);
      setSearch({}, { replace: true, preventScrollReset: true });
    },
  };
}

const STEP = { look: true };
const isStep = (state: unknown): boolean =>
  typeof state === 'object' && state !== null && 'look' in state && state.look === true;
