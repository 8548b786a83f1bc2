import { z } from 'zod';
import { isSafeRelativePath, RelativePath } from '../../model/path.ts';
import { SentBlob } from '../../model/result-of.ts';
import { strictObject } from '../../model/strict-object.ts';
import { countRuns, MOST_RUNS, namesOf, namesProblem, Parameters } from './parameters.ts';
import { CommandSettings } from './settings.ts';
import { RESULTS } from './stages.ts';
import { wordsProblem } from './words.ts';

/** A file that goes along, and lies where the command runs under its path. */
export const CommandFile = strictObject({
  path: RelativePath,
  blob: SentBlob,
  executable: z.boolean().default(false),
});
export type CommandFile = z.infer<typeof CommandFile>;

const MOST_WORDS_CHARACTERS = 16_000;
/** A program and its arguments. */
const Words = z
  .array(z.string().max(8_000))
  .min(1)
  .max(1_000)
  .refine((words) => words.join(' ').length <= MOST_WORDS_CHARACTERS, {
    error: 'the command is too long; put it into a script',
  });

/** What a user sends to have a command run, wherever it runs. */
export const RUNS_SHAPE = {
  /** The program and its arguments; `{name}` in them is a parameter's value. No shell reads them. */
  words: Words,
  /** What it finds in the folder that it runs in. */
  files: z.array(CommandFile).max(1_000).default([]),
  /** What it is run for; once, where nothing is said. */
  parameters: Parameters.nullable().default(null),
  settings: CommandSettings.prefault({}),
  /** More than 100,000 runs are asked about once more; this is the answer. */
  many: z.boolean().default(false),
};
export const RunsSubmission = strictObject(RUNS_SHAPE);
export type RunsSubmission = z.infer<typeof RunsSubmission>;

export const CommandSubmission = strictObject({ kind: z.literal('command'), ...RUNS_SHAPE });
export type CommandSubmission = z.infer<typeof CommandSubmission>;

/** The stored spec of every kind that runs commands: the submission with the sizes of its files. */
export const RunsSpec = RunsSubmission.strip().extend({
  files: z.array(CommandFile.extend({ size: z.int().nonnegative() })).max(1_000),
});
export type RunsSpec = z.infer<typeof RunsSpec>;

export const CommandSpec = RunsSpec.extend({ kind: z.literal('command') });
export type CommandSpec = z.infer<typeof CommandSpec>;

/** What can be seen to be wrong with a submission by itself, as a sentence; null where nothing is. */
export function submissionProblem({
  words,
  files,
  parameters,
  settings,
}: Pick<CommandSubmission, 'words' | 'parameters'> & {
  files: readonly { path: string }[];
  settings?: Pick<CommandSettings, 'gather' | 'gatherBy' | 'checkpoint' | 'chunk'>;
}): string | null {
  const names = namesOf(parameters);
  const runs = countRuns(parameters);
  if (runs > MOST_RUNS) {
    const many = runs.toLocaleString('en');
    return `That makes ${many} runs, and ${MOST_RUNS.toLocaleString('en')} are the most of one job. Split it, or do several in one run.`;
  }
  const own = parameters?.from === 'files' ? parameters.files : [];
  const seen = new Set<string>();
  for (const { path } of [...files, ...own]) {
    if (seen.has(path)) return `Two files are called ${path}.`;
    seen.add(path);
  }
  return (
    namesProblem(names) ??
    wordsProblem(words, names) ??
    gatherProblem(files, settings) ??
    checkpointProblem(files, settings)
  );
}

function checkpointProblem(
  files: readonly { path: string }[],
  settings: Pick<CommandSettings, 'checkpoint' | 'chunk'> | undefined,
): string | null {
  const folder = settings?.checkpoint ?? null;
  if (settings === undefined || folder === null) return null;
  if (settings.chunk !== null && settings.chunk > 1)
    return 'A run with a checkpoint is a chunk of its own, so there are no further runs in one: leave out how many.';
  if (!isSafeRelativePath(folder))
    return `The checkpoint cannot be kept in "${folder}": name a folder below the one that the command starts in.`;
  const [top] = folder.split('/');
  const taken = files.find(({ path }) => path === top || path.startsWith(`${top}/`));
  if (taken === undefined) return null;
  return `The checkpoint cannot be kept in ${folder}: ${taken.path} goes along, and what goes along is only read. Name another folder.`;
}

function gatherProblem(
  files: readonly { path: string }[],
  settings: Pick<CommandSettings, 'gather' | 'gatherBy'> | undefined,
): string | null {
  if (settings === undefined || settings.gatherBy === null) return null;
  if (settings.gather !== null)
    return 'Results are put together either in a way of the farm (gather) or by a command (gatherBy), not both.';
  const taken = files.find(({ path }) => path === RESULTS || path.startsWith(`${RESULTS}/`));
  if (taken !== undefined)
    return `${taken.path} lies where the command that puts results together finds them. Call the folder otherwise.`;
  const problem =
    Words.safeParse(settings.gatherBy).error?.issues[0]?.message ?? wordsProblem(settings.gatherBy, []);
  return problem === null ? null : `Of the command that puts results together: ${problem}`;
}
