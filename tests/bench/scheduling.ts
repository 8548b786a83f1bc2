import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { machine, writeFigures } from './figures.ts';
import { DAY, dayOf } from './scheduling/day.ts';
import { BOUNDS, FRAMES, type Frames, scenarioOf } from './scheduling/default-set.ts';
import { type JobOutcome, outcomesOf, type Told } from './scheduling/outcomes.ts';
import { readScenario } from './scheduling/scenario.ts';

/**
 * `npm run bench:scheduling [-- --scenario FILE.json | --day]`: how long jobs
 * take next to the shortest time possible, how many deadlines are met, and how
 * many ends lie within the range that was told, in simulated time, by the
 * engine's own round. Without a file: the set of docs/benchmarks.md, which it
 * writes there; `--day` runs and writes the simulated days alone.
 */
const SEEDS = 20;
const DAYS = 3;
const { scenario: file, day: daysAlone } = parseArgs({
  options: { scenario: { type: 'string' }, day: { type: 'boolean', default: false } },
}).values;

async function oneScenario(path: string): Promise<void> {
  const text = await readFile(path, 'utf8').catch((error: Error) => error);
  const read = typeof text === 'string' ? readScenario(text) : { ok: false as const, problem: text.message };
  if (!read.ok) {
    process.stderr.write(`The scenario ${path} cannot be run: ${read.problem}\n`);
    process.exitCode = 1;
    return;
  }
  const outcomes = outcomesOf(read.scenario);
  for (const [at, outcome] of outcomes.entries()) print(`job ${at + 1}: ${lineOf(outcome)}`);
  // In the same run: without deadlines the farm knows priorities alone.
  if (outcomes.some(({ met }) => met !== null))
    print(`by plain priorities: ${metOf(outcomesOf(read.scenario, false))}`);
  print(totalOf(outcomes));
  if (outcomes.some((outcome) => outcome.makespan === null)) process.exitCode = 1;
}

async function defaultSet(): Promise<void> {
  const all: JobOutcome[] = [];
  const rows: string[] = [];
  for (const secretlySlow of [false, true]) {
    for (const frames of FRAMES) {
      const outcomes = seedsOf(frames, secretlySlow);
      all.push(...outcomes);
      rows.push(rowOf(frames, secretlySlow, outcomes));
    }
  }
  const total = totalOf(all);
  await writeFigures('scheduling', reportOf(rows, total));
  print(`${rows.join('\n')}\nWritten to docs/benchmarks.md\n${total}`);
}

function seedsOf(frames: Frames, secretlySlow: boolean): JobOutcome[] {
  const outcomes: JobOutcome[] = [];
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    for (const outcome of outcomesOf(scenarioOf(frames, secretlySlow, seed))) {
      outcomes.push(outcome);
      print(`${nameOf(frames, secretlySlow)}, seed ${seed}: ${lineOf(outcome)}`);
    }
  }
  return outcomes;
}

const print = (text: string): void => void process.stdout.write(`${text}\n`);

const nameOf = (frames: Frames, secretlySlow: boolean): string =>
  `${frames}, ${secretlySlow ? 'two or three workers secretly slow' : 'speeds as known'}`;

const ratioOf = ({ makespan, ideal }: JobOutcome): number =>
  makespan === null ? Number.POSITIVE_INFINITY : makespan / ideal;

/** Of an even number the mean of the two in the middle. */
function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [below = Number.NaN, above = below] = sorted.slice(
    Math.ceil(sorted.length / 2) - 1,
    Math.floor(sorted.length / 2) + 1,
  );
  return (below + above) / 2;
}

const worst = (values: readonly number[]): number => Math.max(...values);
const percent = (part: number): string => `${(100 * part).toFixed(1)} %`;

function lineOf(outcome: JobOutcome): string {
  const { makespan, ideal, doubled, met } = outcome;
  const seconds = (ms: number) => `${(ms / 1_000).toFixed(2)} s`;
  const took = makespan === null ? 'never ended' : seconds(makespan);
  const deadline = met === null ? 'no deadline' : met ? 'deadline met' : 'deadline missed';
  return [
    `makespan ${took}`,
    `ideal ${seconds(ideal)}`,
    `ratio ${ratioOf(outcome).toFixed(3)}`,
    `doubled work ${percent(doubled)}`,
    deadline,
  ].join(', ');
}

function totalOf(outcomes: readonly JobOutcome[]): string {
  const ratios = outcomes.map(ratioOf);
  const told = outcomes.flatMap((outcome) => outcome.told ?? []);
  const deadlines = outcomes.some(({ met }) => met !== null) ? `${metOf(outcomes)}\n` : '';
  const ranges = told.length === 0 ? '' : `${insideOf(told)} of the ranges told held the end\n`;
  return `${deadlines}${ranges}ratio median ${median(ratios).toFixed(3)} worst ${worst(ratios).toFixed(3)}`;
}

function metOf(outcomes: readonly JobOutcome[]): string {
  const due = outcomes.filter((outcome) => outcome.met !== null);
  return `deadlines met ${due.filter((outcome) => outcome.met).length} of ${due.length}`;
}

const insideOf = (told: readonly Told[]): string =>
  percent(told.reduce((sum, { inside }) => sum + inside, 0) / told.length);

/** The same days with deadlines and without, and how right the ends were that were told. */
async function days(): Promise<void> {
  const rows: string[] = [];
  for (let seed = 1; seed <= DAYS; seed += 1) {
    const scenario = dayOf(DAY, seed);
    const [kept, plain] = [outcomesOf(scenario), outcomesOf(scenario, false)];
    const told = kept.flatMap((outcome) => outcome.told ?? []);
    const first = told.filter((one) => one.first).length / told.length;
    const width = median(told.map((one) => one.width));
    const cells = [metOf(kept), metOf(plain)].map((text) => text.replace('deadlines met ', ''));
    const row = [`day ${seed}`, ...cells, insideOf(told), percent(first), percent(width)];
    rows.push(`| ${row.join(' | ')} |`);
    print(
      `day ${seed}: ${metOf(kept)}, by plain priorities ${metOf(plain)}; ends within what was told ${insideOf(told)}, at first ${percent(first)}, width ${percent(width)} of what was left`,
    );
  }
  await writeFigures('deadlines', reportOfDays(rows));
}

const reportOfDays = (rows: readonly string[]): string => `## Deadlines and ends that are told

Written by \`npm run bench:scheduling\`: simulated time, the load balancer's own round; on ${machine()}.
${DAY.jobs} jobs of 10 to 200 chunks come within ${DAY.hours} hours, more of them around noon, and keep ${DAY.workers} workers of speed 1 to 8
busy for ${percent(DAY.load)} of that time. Half of the jobs have a deadline, which leaves them between twice and twenty times what they would
take alone on the farm; one in ten has another priority. Plain priorities: the same day, and the farm is told no deadline.
An end is told as a range from p10 to p90, so 80 % should lie within; of nine times spread over each job's life. Width: p90 less
p10, by what was really left.

| | deadlines met | by plain priorities | ends within the range | within the first told | width, median |
|---|---|---|---|---|---|
${rows.join('\n')}`;

function rowOf(frames: Frames, secretlySlow: boolean, outcomes: readonly JobOutcome[]): string {
  const [ratios, doubled] = [outcomes.map(ratioOf), outcomes.map((outcome) => outcome.doubled)];
  const bound = secretlySlow ? BOUNDS.secretlySlow : BOUNDS[frames];
  return `| ${nameOf(frames, secretlySlow)} | **${median(ratios).toFixed(2)}** | ${worst(ratios).toFixed(2)} | ${bound.median.toFixed(2)}, ${bound.worst.toFixed(2)} | ${percent(median(doubled))} | ${percent(worst(doubled))} |`;
}

const reportOf = (rows: readonly string[], total: string): string => `## Scheduling

Written by \`npm run bench:scheduling\`: simulated time, the load balancer's own round; on ${machine()}.
240 frames on 16 workers of speed 1 to 8, which the farm knows from an earlier job, ${SEEDS} seeds each. Frames on a worker of speed 1:
even 16 to 24 s; smooth 4 to 36 s along the animation; heavy tail after Pareto with exponent 1.5, from 7 s. Secretly slow
is a worker that has become six times slower than it was. Makespan over max(all work / all speed, longest frame on the fastest
worker), with speeds as they really are.

| frames and workers | median | worst | bounds | doubled work, median | worst |
|---|---|---|---|---|---|
${rows.join('\n')}

All together: ${total}.`;

if (file !== undefined) {
  await oneScenario(file);
} else {
  if (!daysAlone) await defaultSet();
  await days();
}
