import type { TrainingView } from '@parallel-pilot/shared/kinds/training/view.ts';

/** Something that is not the same in all of several trainings; a cell for each of them, "–" where it has none. */
export type Difference = { name: string; cells: string[] };

/** What sets these trainings apart: parameters of their scripts, their files, what they started from, and settings. */
export function differencesOf(views: readonly (TrainingView | null)[]): Difference[] {
  const tables = views.map((view) => (view === null ? new Map<string, string>() : factsOf(view)));
  const names = new Set(tables.flatMap((table) => [...table.keys()]));
  return [...names]
    .map((name) => ({ name, cells: tables.map((table) => table.get(name) ?? '–') }))
    .filter(({ cells }) => cells.some((cell, at) => views[at] !== null && cell !== first(cells, views)));
}

/** Of the first training that is known: one that is still asked for is no difference. */
const first = (cells: readonly string[], views: readonly unknown[]): string | undefined =>
  cells[views.findIndex((view) => view !== null)];

function factsOf({ script, data, from, settings }: TrainingView): Map<string, string> {
  const { params, ...rest } = settings;
  const start = from === null ? null : startOf(from);
  const facts: [string, unknown][] = [
    ...Object.entries(params),
    ['script', script],
    ['data', data],
    ['from', start],
    ...Object.entries(rest).map(([name, value]): [string, unknown] => [inWords(name), value]),
  ];
  return new Map(facts.map(([name, value]) => [name, cellOf(value)]));
}

/** As short as an id of a job is shown elsewhere. */
const startOf = ({ fileName, of }: NonNullable<TrainingView['from']>): string =>
  of === null ? fileName : `${of.job.slice(4, 10)}, round ${of.round}`;

const cellOf = (value: unknown): string =>
  value === null || value === '' || (Array.isArray(value) && value.length === 0) ? '–' : String(value);

/** "outerLr" as "outer lr". */
const inWords = (name: string): string => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
