export type Filter = 'person' | 'team' | 'action' | 'target' | 'from' | 'to';
const FILTERS: readonly Filter[] = ['person', 'team', 'action', 'target', 'from', 'to'];

/** The page's address with one choice made, or taken back by an empty one. Days are written as 2026-11-21. */
export function withChoice(address: URLSearchParams, name: Filter, value: string): URLSearchParams {
  const next = new URLSearchParams(address);
  if (value === '') next.delete(name);
  else next.set(name, value);
  return next;
}

export const dayOf = (address: URLSearchParams, name: 'from' | 'to'): string => {
  const day = address.get(name) ?? '';
  return /^\d{4}-\d\d-\d\d$/.test(day) ? day : '';
};

/** What the API is asked for: days of this browser become ms since 1970, the last one included whole. */
export function askedOf(address: URLSearchParams): URLSearchParams {
  const asked = new URLSearchParams();
  for (const name of FILTERS) {
    if (name === 'from' || name === 'to') {
      const day = dayOf(address, name);
      if (day === '') continue;
      const [year, month, date] = day.split('-').map(Number);
      const at = new Date(year ?? 0, (month ?? 1) - 1, (date ?? 1) + (name === 'to' ? 1 : 0));
      asked.set(name, String(at.getTime()));
    } else {
      const value = address.get(name);
      if (value !== null && value !== '') asked.set(name, value);
    }
  }
  return asked;
}
