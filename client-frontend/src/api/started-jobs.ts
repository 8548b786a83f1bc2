/**
 * Jobs that were begun in this browser, to be told of when they are over. The
 * newest fifty, in storage that is shut off or full none.
 */
const KEY = 'parallel-pilot.started';
const MOST = 50;

export function startedJobs(): string[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    return Array.isArray(found) ? found.filter((id) => typeof id === 'string').slice(-MOST) : [];
  } catch {
    return [];
  }
}

/** Those of them that were begun since this page was loaded, and not by another one. */
const here = new Set<string>();
export const isBegunHere = (id: string): boolean => here.has(id);

export function noteStarted(id: string): void {
  here.add(id);
  write([...startedJobs().filter((one) => one !== id), id]);
}

export const forgetStarted = (id: string): void => write(startedJobs().filter((one) => one !== id));

function write(ids: string[]): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(ids.slice(-MOST)));
  } catch {
    // It is only a convenience.
  }
}
