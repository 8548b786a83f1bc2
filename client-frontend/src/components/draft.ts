/**
 * What was filled in and not sent yet, kept in this tab so that it is there again after a reload.
 * Storage that is full or shut off keeps nothing, and does no harm.
 */
export function readDraft(key: string): Record<string, unknown> {
  try {
    const found: unknown = JSON.parse(sessionStorage.getItem(nameOf(key)) ?? '{}');
    return typeof found === 'object' && found !== null ? (found as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

export function writeDraft(key: string, draft: Record<string, unknown>): void {
  try {
    if (Object.keys(draft).length === 0) sessionStorage.removeItem(nameOf(key));
    else sessionStorage.setItem(nameOf(key), JSON.stringify(draft));
  } catch {
    // It is only a convenience.
  }
}

/** The fields in which `values` is not what `from` is. */
export function editsOf<T extends Record<string, unknown>>(values: T, from: T): Partial<T> {
  const edits: Partial<T> = {};
  for (const key of Object.keys(values) as (keyof T)[]) {
    if (JSON.stringify(values[key]) !== JSON.stringify(from[key])) edits[key] = values[key];
  }
  return edits;
}

const nameOf = (key: string) => `parallel-pilot.draft.${key}`;
