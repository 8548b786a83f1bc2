import { type Command, CommanderError } from 'commander';
import type { Context } from '../context.ts';
import { COMMAND_KINDS } from '../kinds/registry.ts';
import type { RunOptions, RunPlan } from '../run/plan.ts';
import { SentenceError } from '../sentence-error.ts';
import { nearest, type Problem, refuse } from '../source/document.ts';
import type { Step } from './needs.ts';
import type { Source } from './source.ts';

/** A step as its command would do it. */
export type PlannedStep = Step & {
  plan: RunPlan;
  options: Step['options'];
  run: RunOptions;
  /** All that it follows from but the user's files, as one text; null where that cannot be said. */
  from: string | null;
};

/** What stands for the id of a job that was not handed over yet; `at` is its place among the steps. */
export const idToCome = (at: number): string => `job_${String(at).padStart(20, '0')}`;

/** Has the command of each step look at what stands there, with the files of this machine. Throws a SentenceError with a line for each thing that is wrong. */
export async function planSteps(
  context: Context,
  source: Source,
  steps: readonly Step[],
): Promise<PlannedStep[]> {
  const planned: PlannedStep[] = [];
  const problems: Problem[] = [];
  for (const step of steps) {
    try {
      planned.push(await planStep(context, steps, step));
    } catch (error) {
      if (!(error instanceof SentenceError || error instanceof CommanderError)) throw error;
      problems.push(placed(source, step, error.message.replace(/^error: /, '')));
    }
  }
  if (problems.length > 0) refuse(source.file, problems);
  return planned;
}

/** At the option that a message is about, where it names one. */
function placed(source: Source, step: Step, message: string): Problem {
  const option = step.options.find(({ name }) => new RegExp(`--${name}\\b`).test(message));
  const line = source.lineOf([
    'jobs',
    step.of,
    ...(option === undefined ? [step.verb] : ['with', option.name]),
  ]);
  return { line, message: `jobs.${step.of}: ${message}${/[.?)]$/.test(message) ? '' : '.'}` };
}

async function planStep(context: Context, steps: readonly Step[], step: Step): Promise<PlannedStep> {
  const kind = COMMAND_KINDS.find(({ verb }) => verb === step.verb);
  if (kind === undefined) throw new Error(`a pipeline with the command ${step.verb}`);
  let taken: { plan: RunPlan; run: RunOptions } | null = null;
  const command = kind.command(
    context,
    () => {},
    async (_, plan, run) => {
      taken = { plan, run };
      return 0;
    },
  );
  command.exitOverride().configureOutput({ writeErr() {}, writeOut() {} });
  const known = optionsOf(command);
  const put = (text: string) =>
    text.replace(
      /^\{jobs\.(.+)\.result\}\//,
      (_, key: string) => `${idToCome(steps.findIndex((one) => one.key === key))}/`,
    );
  const options = step.options.flatMap(({ name, value }) => {
    if (!known.has(name)) {
      const why = `"${name}" is no option of pilot ${step.verb} that a pipeline can give; ${nearest(name, [...known])}`;
      throw new SentenceError(`--${name}: ${why}`);
    }
    if (value === false) return [`--no-${name}`];
    return value === true ? [`--${name}`] : [`--${name}=${put(value)}`];
  });
  const typed = [...options, '--', ...step.words.map(put)];
  await command.parseAsync(typed, { from: 'user' });
  const { plan, run } = taken ?? raise();
  return { ...step, plan, run, from: JSON.stringify([step.verb, typed]) };
}

const raise = (): never => {
  throw new Error('a command that carried nothing out');
};

/** Said by the pipeline itself, or about the terminal that waits for a result. */
const NOT_HERE = new Set([
  'after',
  'out',
  'json',
  'verbose',
  'yes',
  'unsandboxed',
  'farm-data',
  'server',
  'key',
  'key-file',
]);

const optionsOf = (command: Command): Set<string> =>
  new Set(
    command.options
      .filter(({ envVar }) => envVar !== 'PILOT_DATA')
      .map(({ long }) => long?.replace(/^--(no-)?/, '') ?? '')
      .filter((name) => name !== '' && !NOT_HERE.has(name)),
  );
