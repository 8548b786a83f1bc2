import { readFile } from 'node:fs/promises';
import { countRuns, type Parameters } from '@parallel-pilot/shared/kinds/command/parameters.ts';
import { readTable } from '@parallel-pilot/shared/kinds/command/read-table.ts';
import { CommandSettings } from '@parallel-pilot/shared/kinds/command/settings.ts';
import { submissionProblem } from '@parallel-pilot/shared/kinds/command/spec.ts';
import { readArray, readAxis, type Typed } from '@parallel-pilot/shared/kinds/command/typed-parameters.ts';
import {
  readCodes,
  readFolder,
  readGather,
  readTime,
} from '@parallel-pilot/shared/kinds/command/typed-settings.ts';
import { SentenceError } from '../../sentence-error.ts';
import { filesLike } from './sent-files.ts';

/** The options of `pilot run` that say what for and how, as typed. */
export type RunFlags = {
  array?: string;
  over?: string;
  each?: string;
  grid?: string[];
  chunk?: number;
  retries?: number;
  giveUpOn?: string;
  time?: string;
  gather?: string;
  checkpoint?: string;
};

/** `each`: paths of the files of `--each`, which have no hashes yet. */
export type RunRequest = {
  parameters: Exclude<Parameters, { from: 'files' }> | null;
  each: string[] | null;
  settings: CommandSettings;
  runs: number;
};

/** Throws a SentenceError about the first thing that cannot be. */
export async function readRequest(words: string[], flags: RunFlags): Promise<RunRequest> {
  const sources = (['array', 'over', 'each', 'grid'] as const).filter((name) => flags[name] !== undefined);
  if (sources.length > 1)
    throw new SentenceError(
      `Give one of ${sources.map((name) => `--${name}`).join(' and ')}. For every combination of several values give --grid several times.`,
    );
  const each = flags.each === undefined ? null : await filesLike(flags.each);
  const parameters = await readParameters(flags);
  const files = each?.map((path) => ({ path, blob: '', size: 0 })) ?? [];
  const known = (each === null ? parameters : { from: 'files', files }) as Parameters | null;
  const settings = readSettings(flags);
  const problem = submissionProblem({ words, parameters: known, files: [], settings });
  if (problem !== null) throw new SentenceError(problem);
  return { parameters, each, settings, runs: countRuns(known) };
}

async function readParameters({ array, over, grid }: RunFlags): Promise<RunRequest['parameters']> {
  if (array !== undefined) return { from: 'array', range: taken('--array', readArray(array)) };
  if (grid !== undefined)
    return { from: 'grid', axes: grid.map((typed) => taken('--grid', readAxis(typed))) };
  if (over === undefined) return null;
  const text = await readFile(over, 'utf8').catch((error: NodeJS.ErrnoException) => {
    const why =
      error.code === 'ENOENT' ? `There is no file ${over}.` : `${over} cannot be read (${error.code}).`;
    throw new SentenceError(why, { cause: error });
  });
  const table = readTable(over, text);
  if (!table.ok) throw new SentenceError(table.message);
  return table.value;
}

function taken<T>(flag: string, typed: Typed<T>): T {
  if (typed.ok) return typed.value;
  throw new SentenceError(`${flag} ${typed.message}`);
}

function readSettings({ chunk, retries, giveUpOn, time, gather, checkpoint }: RunFlags): CommandSettings {
  return CommandSettings.parse({
    chunk: chunk ?? null,
    retries: retries ?? 0,
    noRetry: giveUpOn === undefined ? [] : taken('--give-up-on', readCodes(giveUpOn)),
    ...(gather === undefined ? {} : taken('--gather', readGather(gather))),
    checkpoint: checkpoint === undefined ? null : taken('--checkpoint', readFolder(checkpoint)),
    timeSeconds: time === undefined ? null : taken('--time', readTime(time)),
  });
}
