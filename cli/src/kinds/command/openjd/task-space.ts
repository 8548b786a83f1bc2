/** Values of task parameters, by name: one task for each. */
export type Task = Record<string, string>;
type Read<T> = { ok: true; value: T } | { ok: false; message: string };

/** More values than a job says one by one. */
export const MOST_TASKS = 10_000;

/** The whole numbers of "1-5", "10-1:-3" or "1,3,7-9:2", in increasing order. */
export function readRange(text: string): Read<number[]> {
  const found = new Set<number>();
  for (const element of text.split(',')) {
    const [, from = '', to = from, skip = '1'] =
      /^\s*([+-]?\d{1,15})\s*(?:-\s*([+-]?\d{1,15})\s*(?::\s*([+-]?\d{1,15}))?)?\s*$/.exec(element) ?? [];
    const [first, last, step] = [Number(from), Number(to), Number(skip)];
    if (from === '' || step === 0)
      return { ok: false, message: `"${text}" is no range; write such as 1-10, 1-10:2 or 1,5,9` };
    if ((last - first) / step > MOST_TASKS)
      return { ok: false, message: tooMany(Math.floor((last - first) / step)) };
    for (let at = first; at === first || (step > 0 ? at <= last : at >= last); at += step) {
      if (found.has(at)) return { ok: false, message: `the ranges of "${text}" overlap at ${at}` };
      found.add(at);
    }
  }
  return { ok: true, value: [...found].sort((a, b) => a - b) };
}

const tooMany = (count: number): string =>
  `that makes ${count.toLocaleString('en')} tasks, and ${MOST_TASKS.toLocaleString('en')} are the most of a step`;

/**
 * The tasks of a combination such as "(A,B) * C"; of all values with all, where there is none. `inChunks` has as many
 * values as chunks, so it has none side by side with others.
 */
export function combine(
  values: ReadonlyMap<string, string[]>,
  combination: string | undefined,
  inChunks?: string,
): Read<Task[]> {
  const expression = combination ?? [...values.keys()].join(' * ');
  const tokens = expression.match(/[A-Za-z_]\w*|[*(),]|\S/g) ?? [];
  const used = new Set<string>();
  let at = 0;
  const bad = (message: string): never => {
    throw new Wrong(`combination "${expression}": ${message}`);
  };
  const product = (): Task[] => {
    let tasks = element();
    while (tokens[at] === '*') {
      at += 1;
      const more = element();
      if (tasks.length * more.length > MOST_TASKS) bad(tooMany(tasks.length * more.length));
      tasks = tasks.flatMap((task) => more.map((one) => ({ ...task, ...one })));
    }
    return tasks;
  };
  const element = (): Task[] => {
    const token = tokens[at] ?? bad('it ends too early');
    at += 1;
    if (token === '(') return associated();
    const own = values.get(token) ?? bad(`there is no task parameter "${token}"`);
    if (used.has(token)) bad(`"${token}" stands in it twice`);
    used.add(token);
    return own.map((value) => ({ [token]: value }));
  };
  const associated = (): Task[] => {
    const all = [product()];
    while (tokens[at] === ',') {
      at += 1;
      all.push(product());
    }
    if (tokens[at] !== ')') bad('a ")" is missing');
    at += 1;
    if (
      all.length > 1 &&
      all.some(([first]) => inChunks !== undefined && first !== undefined && inChunks in first)
    )
      bad(`"${inChunks}" comes in chunks, which do not stand side by side with others`);
    const lengths = new Set(all.map((tasks) => tasks.length));
    if (lengths.size > 1)
      bad(`those side by side have ${[...lengths].join(' and ')} values; they need as many as each other`);
    return (all[0] ?? []).map((_, index) => Object.assign({}, ...all.map((tasks) => tasks[index])));
  };
  try {
    const tasks = product();
    if (at < tokens.length) bad(`"${tokens[at]}" was not expected there`);
    const unused = [...values.keys()].find((name) => !used.has(name));
    if (unused !== undefined) bad(`"${unused}" does not stand in it`);
    if (tasks.length > MOST_TASKS) bad(tooMany(tasks.length));
    return { ok: true, value: tasks };
  } catch (error) {
    if (error instanceof Wrong) return { ok: false, message: error.message };
    throw error;
  }
}

class Wrong extends Error {}
