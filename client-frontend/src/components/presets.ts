/**
 * Settings kept under a name, to be chosen for another job. In this browser
 * only: the farm keeps nothing of them.
 */
export type Presets = Record<string, Record<string, unknown>>;

/** Names of the presets, and with the longest name and all settings each some kilobytes. */
const MOST = 40;
export const LONGEST_NAME = 60;

export function readPresets(kind: string): Presets {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(placeOf(kind)) ?? '{}');
    if (typeof found !== 'object' || found === null) return {};
    return Object.fromEntries(
      Object.entries(found).filter(([, one]) => typeof one === 'object' && one !== null),
    );
  } catch {
    return {};
  }
}

/** Keeps it, in the place of one with that name. Says why where it cannot be kept. */
export function keepPreset(kind: string, name: string, settings: Record<string, unknown>): string | null {
  const presets = { ...readPresets(kind), [name]: settings };
  if (Object.keys(presets).length > MOST) return `There are ${MOST} presets already. Forget one first.`;
  return write(kind, presets) ? null : 'This browser keeps nothing for this site, so no preset can be kept.';
}

export function forgetPreset(kind: string, name: string): void {
  const { [name]: _, ...others } = readPresets(kind);
  write(kind, others);
}

function write(kind: string, presets: Presets): boolean {
  try {
    localStorage.setItem(placeOf(kind), JSON.stringify(presets));
    return true;
  } catch {
    return false;
  }
}

const placeOf = (kind: string) => `parallel-pilot.presets.${kind}`;
