import type { StageInput } from '../../protocol/stage-input.ts';
import type { ChunkSpecs, Kind, NextStep, PlanningContext, StagePlan } from '../kind.ts';
import { BUNDLE_MS, cut, firstBundle, nextBundle, type Span } from './bundles.ts';
import { RefusedChanges } from './destructive.ts';
import { needInWords, requirementsOf } from './needs.ts';
import { countRuns, ownOfRuns, sharedOf } from './parameters.ts';
import { commandPublic } from './public.ts';
import { CommandFile, CommandSpec, type RunsSpec } from './spec.ts';
import { LeftOver, PACKED, RunsChunk, RunsResult, RunsStage } from './stages.ts';

/** The one stage that comes again and again, until no run is left over. */
export const RUNS = 'runs';
/** The last stage, where a command of the user's own puts together what the runs left. */
export const GATHER = 'gather';

/** Whether the chunks of a stage of this name are runs, or the one that puts together what they left. */
export const isOfRuns = (stage: string): boolean => stage === RUNS || stage === GATHER;

/** What every kind has that runs commands; such a one names its stage of runs `RUNS`, and plans it by these. */
export const runs = {
  endings: [],
  settings: null,
  submission: <S extends RunsSpec>({ files, ...sent }: S) => ({
    ...sent,
    files: files.map((file) => CommandFile.strip().parse(file)),
  }),
  mainStage: { name: RUNS, chunks: () => null },
  lessen: 'fewer runs',
  // A chunk may tell of a thousand runs.
  unread: [RUNS, GATHER],
  first: planAll,
  next(context: PlanningContext<RunsSpec>): NextStep {
    const { last, spec } = context;
    if (last.name === GATHER) return last.failedCount === 0 ? { step: 'assemble' } : gatherFailure(context);
    if (last.failedCount > 0) return failureOf(context);
    const { total, bundle, iteration } = RunsStage.parse(last.spec);
    const left = LeftOver.parse(last.taskValue);
    if (bundle === 1 || left.unbegun.length + left.failed.length === 0) {
      const stage = planGather(spec, { total, iteration, left });
      return stage === null ? { step: 'assemble' } : { step: 'stage', stage, notes: [] };
    }
    return { step: 'stage', stage: planRest(spec, total, left, iteration + 1), notes: [] };
  },
  redoes: [],
  retries: (stageSpec: unknown): number => RunsStage.parse(stageSpec).retries,
  parseResult: (_: string, result: unknown) => RunsResult.parse(result),
  resultProblem(_stage: unknown, chunkSpec: unknown, result: unknown): string | null {
    const parsed = RunsResult.safeParse(result);
    if (!parsed.success) return 'The report of the worker does not have the form it should have.';
    const { first, count } = RunsChunk.parse(chunkSpec);
    let after = -1;
    for (const { run } of parsed.data.runs) {
      if (run <= after || run < first || run >= first + count)
        return 'The report is about other runs than it should be.';
      after = run;
    }
    const others = parsed.data.failed.some(({ run }) => run < first || run >= first + count);
    return others ? 'The report is about other runs than it should be.' : null;
  },
  chunkInputs: (_: string, chunkSpec: unknown): StageInput[] => RunsChunk.parse(chunkSpec).files ?? [],
  label: (stage: string, chunkSpec: unknown): string =>
    stage === GATHER ? 'Putting together' : labelOf(RunsChunk.parse(chunkSpec)),
} as const;

/** A command, run once for each of its parameters. */
export const command = {
  ...commandPublic,
  ...runs,
  spec: CommandSpec,
  farmSettings: RefusedChanges,
  needs: () => requirementsOf([]),
  needInWords,
} satisfies Kind<CommandSpec>;

const labelOf = ({ first, count }: { first: number; count: number }): string =>
  count === 1 ? `Run ${first + 1}` : `Runs ${first + 1} to ${first + count}`;

/** How many runs of a chunk were asked for: what is to go on from a checkpoint is by itself. */
const chunkOfSettings = ({ settings: { chunk, checkpoint } }: RunsSpec): number | null =>
  checkpoint === null ? chunk : 1;

function planAll(spec: RunsSpec): StagePlan {
  const total = countRuns(spec.parameters);
  const chunk = chunkOfSettings(spec);
  const bundle = chunk ?? firstBundle(total);
  return planRuns(spec, {
    total,
    runs: total,
    bundle,
    withinMs: chunk === null ? BUNDLE_MS : null,
    iteration: 1,
    chunks: {
      length: Math.ceil(total / bundle),
      slice: (from, to) => {
        const end = Math.min(total, to * bundle);
        return [...cut([[from * bundle, Math.max(0, end - from * bundle)]], bundle)].map((span) =>
          chunkOf(spec, span),
        );
      },
    },
  });
}

/** What nobody came to in bundles of a better size; each run that failed in a chunk of its own, where it counts. */
function planRest(spec: RunsSpec, total: number, left: LeftOver, iteration: number): StagePlan {
  const unbegun = left.unbegun.reduce((sum, [, count]) => sum + count, 0);
  const bundle = spec.settings.chunk ?? nextBundle(unbegun, left.meanMs);
  const alone = left.failed.map((run): Span => [run, 1]);
  const spans = [...cut(left.unbegun, bundle), ...alone].sort(([a], [b]) => a - b);
  return planRuns(spec, {
    total,
    runs: unbegun + alone.length,
    bundle,
    withinMs: spec.settings.chunk === null ? BUNDLE_MS : null,
    iteration,
    chunks: {
      length: spans.length,
      slice: (from, to) => spans.slice(from, to).map((span) => chunkOf(spec, span)),
    },
  });
}

type Planned = Pick<RunsStage, 'total' | 'runs' | 'bundle' | 'withinMs' | 'iteration'> & {
  chunks: ChunkSpecs;
};

function planRuns(spec: RunsSpec, { chunks, ...stage }: Planned): StagePlan {
  const { words, files, parameters, settings } = spec;
  const { timeSeconds, retries, noRetry, checkpoint } = settings;
  const done = 1 - stage.runs / stage.total;
  const end = settings.gatherBy === null ? 1 : RUNS_PART;
  return {
    name: RUNS,
    spec: RunsStage.parse({
      ...stage,
      words,
      parameters: sharedOf(parameters),
      executables: files.filter(({ executable }) => executable).map(({ path }) => path),
      timeSeconds,
      retries,
      noRetry,
      checkpoint,
    }),
    chunks,
    inputs: files.map(({ path, blob, size }) => ({ path, hash: blob, size })),
    requirements: requirementsOf(words),
    affinity: `command:${files.map(({ path, blob }) => `${path} ${blob}`).join('\n')}`,
    iteration: stage.iteration,
    span: { from: done * end, to: end },
  };
}

/** Of the whole job, where what its runs leave is put together by a command. */
const RUNS_PART = 0.95;

/** Null where nobody asked for it. */
function planGather(
  { settings, files }: RunsSpec,
  { total, iteration, left }: { total: number; iteration: number; left: LeftOver },
): StagePlan | null {
  const { gatherBy: words, timeSeconds, retries, noRetry } = settings;
  if (words === null) return null;
  if (left.packed === null) throw new Error('what the runs left was not packed');
  const { data, index } = left.packed;
  const executables = files.filter(({ executable }) => executable).map(({ path }) => path);
  return {
    name: GATHER,
    spec: RunsStage.parse({
      ...{ words, parameters: null, iteration, total, runs: 1, bundle: 1, withinMs: null, gathers: true },
      ...{ executables, timeSeconds, retries, noRetry },
    }),
    chunks: [{ first: 0, count: 1 } satisfies RunsChunk],
    inputs: [
      ...files.map(({ path, blob, size }) => ({ path, hash: blob, size })),
      { path: PACKED.data, ...data },
      { path: PACKED.index, ...index },
    ],
    requirements: requirementsOf(words),
    affinity: `command gather:${index.hash}`,
    span: { from: RUNS_PART, to: 1 },
  };
}

function chunkOf({ parameters }: RunsSpec, [first, count]: Span): RunsChunk {
  const own = ownOfRuns(parameters, first, count);
  return {
    first,
    count,
    ...(own === undefined ? {} : { own }),
    ...(parameters?.from !== 'files'
      ? {}
      : {
          files: parameters.files
            .slice(first, first + count)
            .map(({ path, blob, size }) => ({ path, hash: blob, size })),
        }),
  };
}

/** The runs are done; what puts their results together is not. */
function gatherFailure({ last }: PlanningContext<RunsSpec>): NextStep {
  const [first] = last.failed;
  if (first === undefined) throw new Error('a stage with failed chunks names none');
  const message = `The runs are done, but the command that puts their results together failed. ${first.message}${saidLast(first)} "pilot retry" tries that again; what the runs left is there.`;
  return { step: 'fail', code: first.code, message: message.slice(0, 1_900) };
}

function saidLast({ log, message }: { log: string; message: string }): string {
  const said = log.trimEnd().split('\n').at(-1) ?? '';
  return said === '' || message.includes(said) ? '' : ` It printed last: ${said}`;
}

/** How many failed, and what the first of them said last. */
function failureOf({ last }: PlanningContext<RunsSpec>): NextStep {
  const [first] = last.failed;
  if (first === undefined) throw new Error('a stage with failed chunks names none');
  const { total } = RunsStage.parse(last.spec);
  const many = last.failedCount === 1 ? '1 run' : `${last.failedCount} runs`;
  const who = total === 1 ? '' : `${many} of ${total} failed. ${labelOf(RunsChunk.parse(first.spec))}: `;
  const message = `${who}${first.message}${saidLast(first)}`;
  return { step: 'fail', code: first.code, message: message.slice(0, 1_900) };
}
