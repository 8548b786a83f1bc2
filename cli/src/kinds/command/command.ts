import { MANY_RUNS } from '@parallel-pilot/shared/kinds/command/parameters.ts';
import { Command } from 'commander';
import type { Context } from '../../context.ts';
import { defaultWorkers } from '../../farm/programs.ts';
import { priority, wholeNumber } from '../../numbers.ts';
import { type ApiFlags, setting, withEvents, withExamples, withJson, withServer } from '../../options.ts';
import { readAfter, withAfter } from '../../run/after.ts';
import { readAsked } from '../../run/asked.ts';
import { readBy, withBy } from '../../run/by.ts';
import { checkOutFolder } from '../../run/local-folder.ts';
import { type PlacementFlags, readPlacement, withWorkers } from '../../run/placement.ts';
import { type CarryOut, runCommand } from '../../run/run-command.ts';
import { SentenceError } from '../../sentence-error.ts';
import { COMMAND_EVENTS } from './events.ts';
import { type Elsewhere, runPlan } from './plan.ts';
import { type RunFlags, readRequest } from './request.ts';
import { filesFor } from './sent-files.ts';

type Flags = RunFlags &
  Omit<PlacementFlags, 'memory'> &
  ApiFlags & {
    files?: string[];
    name?: string;
    cpus?: number;
    memory?: string;
    disk?: string;
    gpu?: number;
    yes?: boolean;
    out: string;
    workers?: number;
    priority?: number;
    by?: string;
    after?: string[];
    verbose?: boolean;
  };

/** What another kind adds to `pilot run`: options, by which the same is run elsewhere. */
export type RunAddition = {
  options(command: Command): Command;
  examples: readonly string[];
  /** Null where none of its options was given. Throws a SentenceError. */
  read(flags: Readonly<Record<string, unknown>>, out: string): Promise<Elsewhere | null>;
};

/** `pilot run`: exit code 0 only when every run ended with 0 and its results are in `--out`, 1 otherwise, 130 after Ctrl-C. */
export function runCommandLine(
  context: Context,
  exit: (code: number) => void,
  carryOut: CarryOut = runCommand,
  addition: RunAddition | null = null,
): Command {
  const command = new Command('run')
    .summary('run a command many times, on many machines, and save what it leaves')
    .description(
      'Runs a command once for each of its parameters and saves what each run leaves in its folder.\n' +
        '{name} in the command is the value of a parameter, PILOT_NAME in its environment is too. No shell reads it.\n' +
        'The folder of its script goes along. After a crash the same command goes on where it was.',
    )
    .argument('<command...>', 'after --, the program and its arguments')
    .option('--array <range>', 'a run for each number, as {index}: 1-1000, or 1-1000:10 for every tenth')
    .option('--over <file>', 'a run for each row of a .csv, whose first line names the parameters')
    .option('--each <pattern>', "a run for each file, as {input}: 'inputs/*.wav'")
    .option(
      '--grid <name=values>',
      'every combination: lr=0.1,0.01 or seed=1..20; may be repeated',
      (value: string, before: string[] = []) => [...before, value],
    )
    .option('--files <path...>', "what goes along, instead of all in the script's folder")
    .option(
      '--chunk <n>',
      'runs that a worker does at a time (short ones are bundled)',
      wholeNumber(1, 10_000),
    )
    .option('--cpus <n>', "threads of each run (a slot's part of its worker)", wholeNumber(1, 65_536))
    .option('--memory <size>', 'memory that each run may use, such as 4G; one that takes more is ended')
    .option('--disk <size>', 'disk space that each run needs, such as 20G')
    .option('--gpu <n>', 'GPUs that each run has to itself', wholeNumber(1, 16))
    .option('--time <time>', 'end a run that takes longer, such as 90, 30m or 2h')
    .option('--retries <n>', 'times that a run that failed is tried again (0)', wholeNumber(0, 100))
    .option('--give-up-on <codes>', 'exit codes after which it is not, such as 2,64')
    .option('--checkpoint <folder>', 'where a run keeps what it goes on from, should it be taken back')
    .option('--gather <how>', 'put together what all runs left: csv, jsonl, concat, or a script of yours')
    .option('--name <name>', "what the job is called (the script's name)")
    .option('--yes', `do more than ${MANY_RUNS.toLocaleString('en')} runs without asking`)
    .option('-o, --out <dir>', 'where to save', 'out')
    .option(
      '--priority <n>',
      'before jobs with a smaller one, -100 to 100; 100 takes back what runs for it',
      priority,
    )
    .addOption(
      setting('PILOT_WORKERS', 'workers of a farm started for this job').argParser(wholeNumber(1, 64)),
    )
    .option('--verbose', "also show the logs of that farm's processes");
  addition?.options(command);
  withAfter(withBy(withWorkers(command)));
  withJson(withServer(command));
  withExamples(command, [
    'pilot run --array 1-200 --gather csv -- python3 examples/commands/pi.py --seed {index}',
    "pilot run --each 'inputs/*.wav' -- ffmpeg -i {input} sound.mp3",
    'pilot run --grid lr=0.1,0.01 --grid seed=1..20 -- python3 sim.py --lr {lr} --seed {seed}',
    'pilot run --over params.csv --memory 4G --time 30m --retries 2 -- ./model {alpha} {beta}',
    ...(addition?.examples ?? []),
  ]);
  withEvents(command, COMMAND_EVENTS);
  return command.action(async (words: string[], flags: Flags) =>
    exit(await run(carryOut, context, words, flags, addition)),
  );
}

async function run(
  carryOut: CarryOut,
  context: Context,
  words: string[],
  flags: Flags,
  addition: RunAddition | null,
): Promise<number> {
  const elsewhere = (await addition?.read(flags, flags.out)) ?? null;
  const request = await readRequest(words, flags);
  const { gatherBy } = request.settings;
  const files = await filesFor(words, flags.files ?? null, flags.out, gatherBy ?? []);
  await checkOutFolder(flags.out);
  if (request.runs > MANY_RUNS && flags.yes !== true) await askOnce(request.runs);
  const { cpus, memory, disk, gpu, ...where } = flags;
  const asked = readAsked(
    {
      ...(cpus === undefined ? {} : { chunkThreads: cpus }),
      ...(memory === undefined ? {} : { chunkMemory: memory }),
      ...(disk === undefined ? {} : { chunkDisk: disk }),
      ...(gpu === undefined ? {} : { chunkGpus: gpu }),
    },
    '--',
  );
  const workers = Math.min(defaultWorkers(context.config.cpus), request.runs);
  const name = flags.name ?? null;
  const plan = runPlan({ words, files, request, out: flags.out, workers, name, elsewhere });
  return carryOut(context, plan, {
    server: flags,
    workers: flags.workers ?? null,
    priority: flags.priority ?? null,
    asked,
    verbose: flags.verbose ?? false,
    unsandboxed: false,
    after: readAfter(flags.after),
    deadline: flags.by === undefined ? null : await readBy(flags.by, Date.now()),
    placement: readPlacement(where),
    json: flags.json ?? false,
  });
}

/** So many runs are more often a slip than meant. */
async function askOnce(runs: number): Promise<void> {
  const many = `That makes ${runs.toLocaleString('en')} runs.`;
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw new SentenceError(`${many} Say --yes if you want so many.`);
  const { read } = await import('read');
  const answer = await read({ prompt: `${many} Go on? (y/N) ` });
  if (!/^y(es)?$/i.test(answer.trim())) throw new SentenceError('Nothing was handed over.');
}
